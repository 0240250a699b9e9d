//! Which keys are there still: for clients that are connected, and over a reload.

use super::issuer::Issuer;
use super::subject::{Credentials, KeyMark};
use super::verifier::Verifier;

impl Verifier {
    /// Takes over the keys that the same issuers had from the same URLs before a reload.
    pub(crate) fn resume_keys(&self, before: &Verifier) {
        for issuer in self.issuers() {
            before
                .issuers()
                .iter()
                .for_each(|it| issuer.resume_keys(it));
        }
    }

    /// Returns how often keys of an issuer went since the start. As long as it is the same, no
    /// [`has_key_of`](Verifier::has_key_of) has changed but by a key's own end.
    pub fn key_removals(&self) -> u64 {
        self.issuers().iter().map(Issuer::key_removals).sum()
    }

    /// True if the key that signed the token of these credentials is there still. True also for
    /// credentials of another kind: of Phoenix, or made by an app.
    pub fn has_key_of(&self, credentials: &Credentials, now_ms: u64) -> bool {
        let Some(KeyMark(key)) = credentials.key else {
            return true;
        };
        let mut issuers = self.issuers().iter();
        let issuer = issuers.find(|issuer| *issuer.name == *credentials.issuer);
        let keys = issuer.and_then(Issuer::current_keys);
        keys.is_some_and(|keys| keys.has_mark(key, now_ms))
    }
}
