//! From a token to credentials: the checks in their order, the cheap ones before the dear ones.

use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use compact_str::CompactString;
use serde_json::Value;

use super::claims::{ClaimsMap, RegisteredClaims, TimeBounds, at_path, is_over, seconds, subject};
use super::claims_dialect::{ClaimsDialect, GrantRule, MappedClaims};
use super::issuer::Issuer;
use super::jwt::Jwt;
use super::key::TokenKey;
use super::occasion::Occasion;
use super::phoenix_token::PhoenixTokens;
use super::refusal::TokenRefusal;
use super::screened::{Candidate, Checked, EarlyRefusal, Judged, Screened};
use super::subject::{Credentials, KeyMark};
use super::token_cache::{CachedToken, TokenCache, TokenDigest};
use super::verdict::Verdict;

/// All issuers, and what holds for the tokens of each. Shared by all threads.
pub struct Verifier {
    issuers: Box<[Issuer]>,
    bounds: TimeBounds,
    token_bytes_max: usize,
    keeps_claims: bool,
    rules: Vec<GrantRule>,
    phoenix: Option<PhoenixTokens>,
    cache: Mutex<TokenCache>,
}

/// Why issuers cannot stand beside each other: no token could tell which is meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the issuers {0:?} and {1:?} have the same `iss`")]
#[non_exhaustive]
pub struct SameIssuer(pub String, pub String);

impl Verifier {
    /// Returns the verifier of tokens of these issuers.
    pub fn new(issuers: impl IntoIterator<Item = Issuer>) -> Result<Verifier, SameIssuer> {
        let issuers: Box<[Issuer]> = issuers.into_iter().collect();
        for (at, issuer) in issuers.iter().enumerate() {
            if let Some(same) = issuers[..at].iter().find(|other| other.iss == issuer.iss) {
                return Err(SameIssuer(same.name.clone(), issuer.name.clone()));
            }
        }
        Ok(Verifier {
            issuers,
            bounds: TimeBounds {
                leeway_s: 30,
                lifetime_max_s: None,
            },
            token_bytes_max: 8_192,
            keeps_claims: false,
            rules: Vec::new(),
            phoenix: None,
            cache: Mutex::default(),
        })
    }

    /// Sets `auth.token_bytes_max`, 8,192 if nothing is said.
    #[must_use]
    pub fn token_bytes_max(mut self, bytes: usize) -> Verifier {
        self.token_bytes_max = bytes;
        self
    }

    /// Sets `auth.leeway_s`, by which clocks may differ: 30 if nothing is said.
    #[must_use]
    pub fn leeway_s(mut self, seconds: u64) -> Verifier {
        self.bounds.leeway_s = seconds;
        self
    }

    /// Sets `auth.lifetime_max_s`: how long a token may live from its `iat` to its `exp`.
    #[must_use]
    pub fn lifetime_max_s(mut self, seconds: u64) -> Verifier {
        self.bounds.lifetime_max_s = Some(seconds);
        self
    }

    /// Sets `auth.keep_claims`: credentials then have all claims of their token.
    #[must_use]
    pub fn keep_claims(mut self, keeps: bool) -> Verifier {
        self.keeps_claims = keeps;
        self
    }

    /// Adds what the file grants by claims of a JWT.
    #[must_use]
    pub fn grant(mut self, rule: GrantRule) -> Verifier {
        self.rules.push(rule);
        self
    }

    /// Takes tokens of an app of Phoenix too. Their time and their subject are checked as
    /// [`PhoenixSettings`](super::PhoenixSettings) say, without leeway, and they grant nothing.
    #[must_use]
    pub fn phoenix(mut self, tokens: PhoenixTokens) -> Verifier {
        self.phoenix = Some(tokens);
        self
    }

    /// Returns the issuers, whose keys can be replaced.
    pub fn issuers(&self) -> &[Issuer] {
        &self.issuers
    }

    /// True for what stands for no token: nothing, the words that JavaScript writes for a missing
    /// value, and Supabase's opaque keys where one of the issuers is Supabase's.
    pub fn is_absent(&self, token: &str) -> bool {
        let is_supabase = |issuer: &Issuer| issuer.dialect == ClaimsDialect::Supabase;
        matches!(token, "" | "undefined" | "null")
            || token.starts_with("sb_") && self.issuers.iter().any(is_supabase)
    }

    /// True for a token whose check takes more than a few µs unless it is in the cache: it was
    /// signed with a private key.
    pub fn is_costly(&self, token: &str) -> bool {
        token.len() <= self.token_bytes_max
            && Jwt::algorithm_of(token).is_some_and(|algorithm| !algorithm.is_hmac())
    }

    /// Returns the verdict over a token that was good before, if it is in the cache and good still.
    pub fn cached(&self, token: &str, occasion: &Occasion<'_>) -> Option<Verdict> {
        if token.len() > self.token_bytes_max {
            return None;
        }
        let (_, verdict) = self.find(&digest_of(token), occasion)?;
        Some(verdict)
    }

    /// Checks a token, on this thread.
    pub fn verify(&self, token: &str, occasion: &Occasion<'_>) -> Verdict {
        match self.screen(token, occasion) {
            Screened::Decided(judged) => judged.verdict,
            Screened::Signed(candidate) => {
                let checked = self.check(&candidate, occasion.now_ms());
                self.conclude(checked, occasion)
            }
        }
    }

    /// Makes all checks of a token that come before its signature, which take a few µs.
    pub(super) fn screen<'t>(&self, token: &'t str, occasion: &Occasion<'_>) -> Screened<'t> {
        let refused = |refusal| Judged::by(None, Verdict::Refused(refusal));
        if self.is_absent(token) {
            return Screened::Decided(refused(TokenRefusal::Missing));
        }
        if token.len() > self.token_bytes_max {
            return Screened::Decided(refused(TokenRefusal::TooLong));
        }
        if is_phoenix(token) {
            return Screened::Decided(self.verify_phoenix(token, occasion));
        }
        let digest = digest_of(token);
        if let Some((issuer, verdict)) = self.find(&digest, occasion) {
            let judged = Judged::by(Some(issuer), verdict);
            let cached = true;
            return Screened::Decided(Judged { cached, ..judged });
        }
        match self.candidate(token, digest, occasion) {
            Ok(candidate) => Screened::Signed(candidate),
            Err(early) => Screened::Decided(early.into()),
        }
    }

    /// Checks the signature of a token, and its claims but for the topic, and keeps it in the cache
    /// if it is good. Returns whether the token's time is over.
    pub(super) fn check(&self, candidate: &Candidate<'_>, now_ms: u64) -> Checked {
        let Candidate { jwt, algorithm, .. } = candidate;
        let issuer = &self.issuers[candidate.issuer];
        let keys = candidate.keys.of_token(
            *algorithm,
            jwt.kid.as_deref(),
            issuer.takes_unnamed(*algorithm),
            now_ms,
        )?;
        let mut keys = keys.into_iter();
        let key = keys.find(|key| key.verify(*algorithm, jwt.signed, &jwt.signature));
        let key = key.map(TokenKey::digest).ok_or(TokenRefusal::Signature)?;
        let registered = RegisteredClaims::read(&jwt.claims)?;
        let now_s = Occasion::connect(now_ms).now_s();
        let over = registered.check_times(self.bounds, issuer.needs_exp(), now_s)?;
        registered.check_audience(&issuer.audience)?;
        let (mut credentials, topic) = self.credentials(issuer, &jwt.claims, &registered)?;
        credentials.key = Some(KeyMark(key));
        let checked = CachedToken {
            credentials,
            issuer: candidate.issuer,
            key,
            algorithm: *algorithm,
            exp: registered.exp,
            topic,
        };
        if !over {
            self.cache().insert(candidate.digest, checked.clone());
        }
        Ok((checked, over))
    }

    /// Returns the verdict over a token that was checked, for what it was given.
    pub(super) fn conclude(&self, checked: Checked, occasion: &Occasion<'_>) -> Verdict {
        let is_for = |(checked, over): (CachedToken, bool)| {
            check_topic(checked.topic.as_deref(), occasion)?;
            match (over, occasion.tells) {
                (false, _) => Ok(Verdict::Taken(checked.credentials)),
                (true, true) => Ok(Verdict::Expired(checked.credentials)),
                (true, false) => Err(TokenRefusal::Expired),
            }
        };
        checked.and_then(is_for).unwrap_or_else(Verdict::Refused)
    }

    /// Checks a Phoenix.Token. None comes to the cache: it has several texts, and its check takes
    /// little more than the hash of one.
    fn verify_phoenix(&self, token: &str, occasion: &Occasion<'_>) -> Judged {
        let Some(tokens) = &self.phoenix else {
            return Judged::by(None, Verdict::Refused(TokenRefusal::Issuer));
        };
        let verdict = match tokens.verify(token, occasion.now_ms()) {
            Verdict::Expired(_) if !occasion.tells => Verdict::Refused(TokenRefusal::Expired),
            verdict => verdict,
        };
        let judged = Judged::by(None, verdict);
        let phoenix = true;
        Judged { phoenix, ..judged }
    }

    fn find(&self, digest: &TokenDigest, occasion: &Occasion<'_>) -> Option<(usize, Verdict)> {
        let cached = self.cache().get(digest)?;
        let is_in_time = !cached
            .exp
            .is_some_and(|exp| is_over(exp, self.bounds, occasion.now_s()));
        let keys = self.issuers[cached.issuer].current_keys();
        let has_key = |keys: &_| has_key(keys, &cached, occasion.now_ms());
        if !is_in_time || !keys.as_deref().is_some_and(has_key) {
            self.cache().remove(digest);
            return None;
        }
        // Revocations are looked up here, at each hit, and in `check` behind the claims.
        let verdict = match check_topic(cached.topic.as_deref(), occasion) {
            Ok(()) => Verdict::Taken(cached.credentials),
            Err(refusal) => Verdict::Refused(refusal),
        };
        Some((cached.issuer, verdict))
    }

    /// Takes a token apart, and finds its issuer.
    fn read<'t>(&self, token: &'t str) -> Result<(Jwt<'t>, usize), TokenRefusal> {
        let jwt = Jwt::parse(token)?;
        let media_type = jwt.media_type.as_deref();
        let mut issuers = self.issuers.iter();
        if !issuers.any(|issuer| issuer.takes_type(media_type)) {
            return Err(TokenRefusal::Type);
        }
        let at = self.issuer_of(&jwt.claims).ok_or(TokenRefusal::Issuer)?;
        match self.issuers[at].takes_type(media_type) {
            true => Ok((jwt, at)),
            false => Err(TokenRefusal::Type),
        }
    }

    /// Makes the checks of a token that is not in the cache, up to its signature.
    pub(super) fn candidate<'t>(
        &self,
        token: &'t str,
        digest: TokenDigest,
        occasion: &Occasion<'_>,
    ) -> Result<Candidate<'t>, EarlyRefusal> {
        let by = |issuer, refusal| EarlyRefusal {
            refusal,
            issuer,
            lacks_key: false,
        };
        let (jwt, issuer) = self.read(token).map_err(|refusal| by(None, refusal))?;
        let refused = |refusal| by(Some(issuer), refusal);
        let algorithm = jwt.algorithm.ok_or(refused(TokenRefusal::Algorithm))?;
        // Not verified yet, but a lie can only refuse itself.
        let exp = jwt.claims.get("exp").and_then(seconds);
        let is_over = exp.is_some_and(|exp| is_over(exp, self.bounds, occasion.now_s()));
        let now_ms = occasion.now_ms();
        let keys = self.issuers[issuer].keys_of(algorithm, jwt.kid.as_deref(), now_ms);
        let keys = keys.map_err(|refusal| EarlyRefusal {
            // Old tabs whose key is gone bring no fetch about.
            lacks_key: !is_over && self.issuers[issuer].may_fetch(algorithm, refusal),
            ..refused(refusal)
        })?;
        if is_over && !occasion.tells {
            return Err(refused(TokenRefusal::Expired));
        }
        Ok(Candidate {
            jwt,
            issuer,
            algorithm,
            keys,
            digest,
        })
    }

    /// Returns the place of the issuer that a token names. Not verified: it only chooses the keys.
    fn issuer_of(&self, claims: &ClaimsMap) -> Option<usize> {
        let iss = claims.get("iss").and_then(Value::as_str);
        let of = |iss: Option<&str>| {
            let mut issuers = self.issuers.iter();
            issuers.position(|issuer| issuer.iss.as_deref() == iss)
        };
        of(iss).or_else(|| of(None))
    }

    fn credentials(
        &self,
        issuer: &Issuer,
        claims: &ClaimsMap,
        registered: &RegisteredClaims<'_>,
    ) -> Result<(Credentials, Option<String>), TokenRefusal> {
        let named = match at_path(claims, &issuer.subject_claim) {
            Some(value) => Some(subject(value)?),
            None if issuer.dialect.needs_subject() => return Err(TokenRefusal::Claims("sub")),
            None => None,
        };
        let MappedClaims {
            mut grants,
            meta,
            connection_end,
            topic,
        } = issuer.dialect.read(claims)?;
        for more in self.rules.iter().filter_map(|rule| rule.grants(claims)) {
            grants = grants.and(more);
        }
        let end = connection_end.or(registered.exp);
        let never = connection_end == Some(0);
        let credentials = Credentials {
            subject: named,
            expires_ms: end.filter(|_| !never).map(milliseconds),
            issued_ms: registered.iat.map(milliseconds),
            id: registered.jti.map(CompactString::from),
            issuer: issuer.name.as_str().into(),
            topic: topic.as_deref().map(CompactString::from),
            grants,
            meta,
            claims: self.keeps_claims.then(|| Value::Object(claims.clone())),
            key: None,
        };
        Ok((credentials, topic))
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, TokenCache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("Verifier");
        shown
            .field("issuers", &self.issuers)
            .finish_non_exhaustive()
    }
}

/// True if a token begins as those of Phoenix.Token.sign do: with the base64url of `HS`. A JWT
/// begins with that of `{`.
fn is_phoenix(token: &str) -> bool {
    token.starts_with("SFM")
}

fn has_key(keys: &super::keys::KeySet, cached: &CachedToken, now_ms: u64) -> bool {
    keys.has(cached.key, cached.algorithm, now_ms)
}

/// A token for one topic is good for the join of that topic alone, and never for a connection
/// (RFC 8725, section 3.12).
fn check_topic(of_token: Option<&str>, occasion: &Occasion<'_>) -> Result<(), TokenRefusal> {
    match of_token {
        Some(_) if of_token != occasion.topic => Err(TokenRefusal::Claims("channel")),
        _ => Ok(()),
    }
}

fn digest_of(token: &str) -> TokenDigest {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    bytes
}

fn milliseconds(seconds: i64) -> u64 {
    u64::try_from(seconds).unwrap_or(0).saturating_mul(1_000)
}
