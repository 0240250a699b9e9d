//! Tokens that were good, so that reconnects and joins with the same token cost a hash.

use std::collections::HashMap;

use super::algorithm::Algorithm;
use super::subject::Credentials;

/// Most tokens in one generation. There are two.
const GENERATION_MAX: usize = 8_192;

/// The SHA-256 of a whole token. A part of it would not do: whoever finds another token with the
/// same key of the cache is somebody else.
pub(super) type TokenDigest = [u8; 32];

/// A token that was good, and what has to hold for it to be good still.
#[derive(Clone, Debug)]
pub(super) struct CachedToken {
    pub credentials: Credentials,
    /// The place of its issuer in the verifier, and the key that it was signed with.
    pub issuer: usize,
    pub key: [u8; 16],
    pub algorithm: Algorithm,
    /// `exp`, in seconds since 1970.
    pub exp: Option<i64>,
    /// The only topic that it may join, if it is for one.
    pub topic: Option<String>,
}

/// Good tokens alone: bad ones are anybody's to invent. Two generations of a map: when the young
/// one is full, it is the old one, and the old one is gone. What is asked for stays.
#[derive(Debug, Default)]
pub(super) struct TokenCache {
    young: HashMap<TokenDigest, CachedToken>,
    old: HashMap<TokenDigest, CachedToken>,
}

impl TokenCache {
    pub fn get(&mut self, token: &TokenDigest) -> Option<CachedToken> {
        if let Some(found) = self.young.get(token) {
            return Some(found.clone());
        }
        let found = self.old.remove(token)?;
        self.insert(*token, found.clone());
        Some(found)
    }

    pub fn insert(&mut self, token: TokenDigest, cached: CachedToken) {
        if self.young.len() >= GENERATION_MAX {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(token, cached);
    }

    pub fn remove(&mut self, token: &TokenDigest) {
        self.young.remove(token);
        self.old.remove(token);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(n: usize) -> TokenDigest {
        let mut digest = [0; 32];
        digest[..8].copy_from_slice(&n.to_le_bytes());
        digest
    }

    fn cached() -> CachedToken {
        CachedToken {
            credentials: Credentials::default(),
            issuer: 0,
            key: [0; 16],
            algorithm: Algorithm::Hs256,
            exp: None,
            topic: None,
        }
    }

    #[test]
    fn cache_holds_two_generations_and_what_is_asked_for() {
        let mut cache = TokenCache::default();
        for n in 0..10 * GENERATION_MAX {
            cache.insert(digest(n), cached());
            assert!(cache.get(&digest(0)).is_some(), "asked for at {n}");
            assert!(cache.young.len() + cache.old.len() <= 2 * GENERATION_MAX);
        }
        assert!(cache.get(&digest(1)).is_none());
        cache.remove(&digest(0));
        assert!(cache.get(&digest(0)).is_none());
    }
}
