//! `[[auth.issuer]]`: who signs tokens, with which keys, and what its tokens must say.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::algorithm::Algorithm;
use super::claims::Audience;
use super::claims_dialect::ClaimsDialect;
use super::jwks::jwks_result::JwksAnswer;
use super::jwks::jwks_source::JwksSource;
use super::jwks::key_refresh::{FetchStep, KeyRefresh, TakenAnswer, now_ms};
use super::key::TokenKey;
use super::keys::KeySet;
use super::refusal::TokenRefusal;

/// One who signs tokens. Its keys are for tokens with its `iss` alone, so two issuers that both
/// call a key `default` cannot sign for each other (RFC 8725, section 3.8).
#[derive(Debug)]
pub struct Issuer {
    pub(super) name: String,
    pub(super) iss: Option<String>,
    pub(super) audience: Audience,
    pub(super) algorithms: Vec<Algorithm>,
    types: Vec<String>,
    pub(super) dialect: ClaimsDialect,
    pub(super) subject_claim: String,
    exp_required: bool,
    /// `None` until there are keys. Replaced whole: a check goes on with the set that it began
    /// with.
    keys: RwLock<Option<Arc<KeySet>>>,
    /// Its keys in the configuration, which stand beside those of the URL.
    own_keys: KeySet,
    refresh: Option<Arc<KeyRefresh>>,
    key_removals: AtomicU64,
}

impl Issuer {
    /// Returns an issuer of tokens without `iss`, and of those that no other issuer has. It has no
    /// keys yet.
    pub fn new(name: &str) -> Issuer {
        Issuer {
            name: name.to_owned(),
            iss: None,
            audience: Audience::Unset,
            algorithms: Vec::new(),
            types: vec!["JWT".to_owned(), "at+jwt".to_owned()],
            dialect: ClaimsDialect::Lobbyd,
            subject_claim: "sub".to_owned(),
            exp_required: true,
            keys: RwLock::default(),
            own_keys: KeySet::default(),
            refresh: None,
            key_removals: AtomicU64::new(0),
        }
    }

    /// Names the `iss` of its tokens.
    #[must_use]
    pub fn iss(mut self, iss: &str) -> Issuer {
        self.iss = Some(iss.to_owned());
        self
    }

    /// Says for whom its tokens must be.
    #[must_use]
    pub fn audience(mut self, audience: Audience) -> Issuer {
        self.audience = audience;
        self
    }

    /// Names the algorithms of keys that are still to come, so that a token with another one is
    /// refused and does not wait for them.
    #[must_use]
    pub fn algorithms(mut self, algorithms: &[Algorithm]) -> Issuer {
        self.algorithms = algorithms.to_vec();
        self
    }

    /// Replaces the values of `typ` that its tokens may have, `["JWT", "at+jwt"]`.
    #[must_use]
    pub fn types(mut self, types: &[String]) -> Issuer {
        self.types = types.to_vec();
        self
    }

    /// Says whose claims its tokens have.
    #[must_use]
    pub fn claims(mut self, dialect: ClaimsDialect) -> Issuer {
        self.dialect = dialect;
        self
    }

    /// Names the claim of the subject, `sub`: a name, or a path with dots.
    #[must_use]
    pub fn subject_claim(mut self, claim: &str) -> Issuer {
        self.subject_claim = claim.to_owned();
        self
    }

    /// Says whether its tokens must have an `exp`, as they must if nothing is said.
    #[must_use]
    pub fn exp_required(mut self, required: bool) -> Issuer {
        self.exp_required = required;
        self
    }

    /// Gives it keys.
    #[must_use]
    pub fn keys(mut self, keys: KeySet) -> Issuer {
        self.own_keys = keys.clone();
        self.replace_keys(Some(Arc::new(keys)));
        self
    }

    /// Has a server fetch further keys from a URL, for those of
    /// [`algorithms`](Issuer::algorithms) that are no HMAC. They stand beside those of
    /// [`keys`](Issuer::keys).
    #[must_use]
    pub fn jwks(mut self, source: JwksSource) -> Issuer {
        self.refresh = Some(Arc::new(KeyRefresh::new(source)));
        self
    }

    /// Replaces its keys. `None`: it has none, and its tokens are refused until it does.
    pub fn replace_keys(&self, keys: Option<Arc<KeySet>>) {
        let mut current = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *current, keys);
        let stays = |key: &TokenKey| {
            let now = current.as_deref();
            now.is_some_and(|keys| keys.has_mark(key.digest(), 0))
        };
        let before = before.as_deref().map_or(&[][..], KeySet::keys);
        if !before.iter().all(stays) {
            self.key_removals.fetch_add(1, Ordering::Release);
        }
    }

    /// Returns how often a key of it went.
    pub(super) fn key_removals(&self) -> u64 {
        self.key_removals.load(Ordering::Acquire)
    }

    /// Returns its keys of now.
    pub fn current_keys(&self) -> Option<Arc<KeySet>> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.clone()
    }

    /// Returns its name in the configuration.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// True if its tokens must have an `exp`. Supabase's always must.
    pub(super) fn needs_exp(&self) -> bool {
        self.exp_required || self.dialect == ClaimsDialect::Supabase
    }

    /// Returns its keys, one of which at least may have signed a token with this algorithm and
    /// `kid`.
    pub(super) fn keys_of(
        &self,
        algorithm: Algorithm,
        kid: Option<&str>,
        now_ms: u64,
    ) -> Result<Arc<KeySet>, TokenRefusal> {
        let fetches = self.fetches(algorithm);
        let Some(keys) = self.current_keys() else {
            return Err(match fetches || self.algorithms.contains(&algorithm) {
                true => TokenRefusal::KeysUnavailable,
                false => TokenRefusal::Algorithm,
            });
        };
        let found = keys.of_token(algorithm, kid, self.takes_unnamed(algorithm), now_ms);
        let Err(refusal) = found.map(drop) else {
            return Ok(keys);
        };
        // A key with this name and another algorithm is there: no other set will help.
        let is_known = kid.is_some() && keys.keys().iter().any(|key| key.kid() == kid);
        Err(match fetches && !is_known {
            false => refusal,
            true if self.lacks_keys() => TokenRefusal::KeysUnavailable,
            true => TokenRefusal::KeyUnknown,
        })
    }

    /// True if a token with this algorithm was refused for a key that the URL may have.
    pub(super) fn may_fetch(&self, algorithm: Algorithm, refusal: TokenRefusal) -> bool {
        let lacks_key = matches!(
            refusal,
            TokenRefusal::KeyUnknown | TokenRefusal::KeysUnavailable
        );
        lacks_key && self.fetches(algorithm)
    }

    /// True if keys for this algorithm come from a URL.
    fn fetches(&self, algorithm: Algorithm) -> bool {
        self.refresh.is_some() && self.algorithms.contains(&algorithm) && !algorithm.is_hmac()
    }

    fn lacks_keys(&self) -> bool {
        let refresh = self.refresh.as_deref();
        refresh.is_some_and(KeyRefresh::lacks_keys)
    }

    /// Returns what fetches its keys.
    pub(crate) fn refresh(&self) -> Option<&Arc<KeyRefresh>> {
        self.refresh.as_ref()
    }

    /// True if it has no URL, or has had keys from there.
    pub(crate) fn had_keys(&self) -> bool {
        self.refresh.as_deref().is_none_or(KeyRefresh::had_keys)
    }

    /// Returns what the fetcher of its keys is to do, and drops keys that are too old.
    pub(crate) fn fetch_step(&self) -> Option<FetchStep> {
        let (step, dropped) = self.refresh.as_ref()?.step(now_ms());
        if dropped {
            tracing::error!(
                issuer = self.name,
                "the keys could not be fetched again for too long, and are dropped"
            );
            self.bring_into_force(KeySet::default());
        }
        Some(step)
    }

    /// Takes the answer of its URL, and brings a new set into force.
    pub(crate) fn take_answer(&self, answer: JwksAnswer) -> Option<TakenAnswer> {
        let refresh = self.refresh.as_ref()?;
        let into_force = |keys| self.bring_into_force(keys);
        let taken = refresh.take(answer, &self.algorithms, now_ms(), into_force);
        refresh.wake();
        Some(taken)
    }

    /// Takes over the keys that the same issuer had from the same URL before a reload.
    pub(crate) fn resume_keys(&self, before: &Issuer) {
        if self.name != before.name || self.algorithms != before.algorithms {
            return;
        }
        let refreshes = self.refresh.as_ref().zip(before.refresh.as_ref());
        if let Some(keys) = refreshes.and_then(|(own, before)| own.resume(before)) {
            self.bring_into_force(keys);
        }
    }

    fn bring_into_force(&self, fetched: KeySet) {
        let all = self.own_keys.keys().iter().chain(fetched.keys());
        let all = KeySet::new(all.cloned());
        self.replace_keys((!all.keys().is_empty()).then(|| Arc::new(all)));
    }

    /// True if a key without a name may have signed a token that names one: Supabase's servers name
    /// their shared secret by an id that nobody configures.
    pub(super) fn takes_unnamed(&self, algorithm: Algorithm) -> bool {
        self.dialect == ClaimsDialect::Supabase && algorithm.is_hmac()
    }

    /// True if a token may have this `typ`. A token without one may.
    pub(super) fn takes_type(&self, media_type: Option<&str>) -> bool {
        // RFC 7515, section 4.1.9: case does not count, and `application/` may be left out.
        let plain = |text: &str| {
            let text = text.to_ascii_lowercase();
            text.strip_prefix("application/")
                .map_or(text.clone(), str::to_owned)
        };
        media_type.is_none_or(|given| self.types.iter().any(|one| plain(one) == plain(given)))
    }
}
