//! What the checks of a token came to that need no signature, and what the signature then says.

use std::sync::Arc;

use super::algorithm::Algorithm;
use super::jwt::Jwt;
use super::keys::KeySet;
use super::refusal::TokenRefusal;
use super::token_cache::{CachedToken, TokenDigest};
use super::verdict::Verdict;

/// A token after all checks that come before its signature.
pub(super) enum Screened<'t> {
    /// No signature is needed: the verdict is there.
    Decided(Judged),
    /// All is well so far, and the signature decides.
    Signed(Candidate<'t>),
}

/// A verdict, and what the metrics say of it.
pub(super) struct Judged {
    pub verdict: Verdict,
    /// The place of its issuer in the verifier. `None` if no issuer has the token.
    pub issuer: Option<usize>,
    /// True for a token of Phoenix, where such tokens are taken.
    pub phoenix: bool,
    /// True if the token was found in the cache.
    pub cached: bool,
    /// True if a key is lacking that the issuer's URL may have.
    pub lacks_key: bool,
}

impl Judged {
    pub fn by(issuer: Option<usize>, verdict: Verdict) -> Judged {
        Judged {
            verdict,
            issuer,
            phoenix: false,
            cached: false,
            lacks_key: false,
        }
    }
}

/// A refusal that needs no signature.
#[derive(Clone, Copy)]
pub(super) struct EarlyRefusal {
    pub refusal: TokenRefusal,
    /// As in [`Judged`].
    pub issuer: Option<usize>,
    /// As in [`Judged`].
    pub lacks_key: bool,
}

impl From<EarlyRefusal> for Judged {
    fn from(early: EarlyRefusal) -> Judged {
        let verdict = Verdict::Refused(early.refusal);
        Judged {
            lacks_key: early.lacks_key,
            ..Judged::by(early.issuer, verdict)
        }
    }
}

/// A token whose signature is to be checked, with the keys of that moment.
pub(super) struct Candidate<'t> {
    pub jwt: Jwt<'t>,
    /// The place of its issuer in the verifier.
    pub issuer: usize,
    pub algorithm: Algorithm,
    pub keys: Arc<KeySet>,
    pub digest: TokenDigest,
}

/// What the signature and the claims came to, whatever the token was given for. The flag is true
/// for a token whose time is over.
pub(super) type Checked = Result<(CachedToken, bool), TokenRefusal>;
