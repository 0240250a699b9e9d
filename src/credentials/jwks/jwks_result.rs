//! What came of a fetch of a JWK set, and whether a new set may take the place of the old one.

use crate::credentials::jwt::Jwt;
use crate::credentials::key::TokenKey;
use crate::credentials::keys::KeySet;

/// Most tokens of those that asked whose signature a new set is tried with, about 5 ms of work.
const TRIES_MAX: usize = 64;

/// What came of a fetch.
#[derive(Debug)]
pub(crate) enum JwksAnswer {
    /// A body, as yet unread.
    Set {
        body: Vec<u8>,
        etag: Option<String>,
        max_age_s: Option<u64>,
    },
    /// The set is the one that is there: 304.
    Unchanged { max_age_s: Option<u64> },
    /// Nothing that could be a set.
    Failed(JwksResult),
}

/// The result of a fetch. Its name is a label of the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum JwksResult {
    /// A set came and is in force.
    Ok,
    /// The set has not changed.
    Unchanged,
    /// No connection, or none to the right server.
    Unreachable,
    /// The whole answer did not come in time.
    TimedOut,
    /// The status is neither 200 nor 304.
    Status,
    /// The server sent the request elsewhere. Nothing follows.
    Redirect,
    /// The body has more bytes than are read.
    TooLarge,
    /// The body is no JWK set.
    NotJwks,
    /// The set has no key that can be used.
    Empty,
    /// The set has no key of the one in force, and none that verifies a token that asked for it.
    Unrelated,
}

impl JwksResult {
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// True if the keys in force are good for longer.
    pub fn is_good(self) -> bool {
        matches!(self, JwksResult::Ok | JwksResult::Unchanged)
    }
}

/// Decides whether a set takes the place of the one in force: the error page of an issuer must not
/// log everybody out. `asking` are the tokens that wait for a key.
pub(super) fn judge_set<'a>(
    new: &KeySet,
    in_force: Option<&KeySet>,
    asking: impl Iterator<Item = &'a str>,
) -> JwksResult {
    if new.keys().is_empty() {
        return JwksResult::Empty;
    }
    let Some(in_force) = in_force.filter(|set| !set.keys().is_empty()) else {
        return JwksResult::Ok;
    };
    let is_kept = |key: &TokenKey| {
        let mut kept = in_force.keys().iter();
        kept.any(|other| other.digest() == key.digest())
    };
    let read = asking.filter_map(|token| Jwt::parse(token).ok());
    let mut named = read.filter(|jwt| keys_for(new, jwt).is_some());
    match new.keys().iter().any(is_kept) || named.by_ref().take(TRIES_MAX).any(verified_by(new)) {
        true => JwksResult::Ok,
        false => JwksResult::Unrelated,
    }
}

fn keys_for<'k>(set: &'k KeySet, jwt: &Jwt<'_>) -> Option<Vec<&'k TokenKey>> {
    // Keys of a URL have no end of their own.
    let keys = set.of_token(jwt.algorithm?, jwt.kid.as_deref(), false, 0);
    keys.ok()
}

fn verified_by<'k>(set: &'k KeySet) -> impl FnMut(Jwt<'_>) -> bool + 'k {
    |jwt| {
        let (Some(keys), Some(algorithm)) = (keys_for(set, &jwt), jwt.algorithm) else {
            return false;
        };
        let mut keys = keys.into_iter();
        keys.any(|key| key.verify(algorithm, jwt.signed, &jwt.signature))
    }
}
