//! Why a command about tokens did nothing.

use std::io;

use lobbyd::config::Problems;
use lobbyd::credentials::{KeyProblem, TooManyRevocations};
use thiserror::Error;

/// Why a command about tokens did nothing. No message shows a token or a secret.
#[derive(Debug, Error)]
pub enum TokenError {
    /// The configuration is wrong.
    #[error(transparent)]
    Misconfigured(#[from] Problems),
    /// Nobody signs tokens.
    #[error(
        "the configuration looks at no tokens: it has neither an [[auth.issuer]] nor an \
         [auth.phoenix] with a secret; name a file by --config or LOBBYD_CONFIG"
    )]
    NoTokens,
    /// Stdin has no token.
    #[error("stdin cannot be read: {0}")]
    Stdin(io::Error),
    /// The file of revocations is too long.
    #[error("auth.revoked_file: {0}")]
    Revocations(#[from] TooManyRevocations),
    /// A file of a flag cannot be read.
    #[error("--private-key: the file cannot be read: {0}")]
    PrivateKey(io::Error),
    /// A key does not sign.
    #[error("{0}")]
    Key(#[from] KeyProblem),
    /// The flags ask for what cannot be signed.
    #[error("{0}")]
    Flags(String),
}
