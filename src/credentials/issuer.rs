//! `[[auth.issuer]]`: who signs tokens, with which keys, and what its tokens must say.

use std::sync::{Arc, PoisonError, RwLock};

use super::algorithm::Algorithm;
use super::claims::Audience;
use super::claims_dialect::ClaimsDialect;
use super::keys::KeySet;

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
    pub fn keys(self, keys: KeySet) -> Issuer {
        self.replace_keys(Some(Arc::new(keys)));
        self
    }

    /// Replaces its keys. `None`: it has none, and its tokens are refused until it does.
    pub fn replace_keys(&self, keys: Option<Arc<KeySet>>) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
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
