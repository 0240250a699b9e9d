//! What the check of a token came to.

use super::refusal::TokenRefusal;
use super::subject::Credentials;

/// What the check of a token came to.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Verdict {
    /// The token is good.
    Taken(Credentials),
    /// The token was genuine, and all is well with it but its time, which is over.
    Expired(Credentials),
    /// The token is not taken.
    Refused(TokenRefusal),
}
