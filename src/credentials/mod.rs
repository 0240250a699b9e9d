//! Tokens, and what they say of a client: who it is, until when, and what it may do. No I/O.

#[cfg(feature = "auth")]
pub(crate) mod algorithm;
#[cfg(feature = "auth")]
pub(crate) mod claims;
#[cfg(feature = "auth")]
pub(crate) mod claims_dialect;
pub(crate) mod grants;
#[cfg(feature = "auth")]
pub(crate) mod issuer;
#[cfg(feature = "auth")]
pub(crate) mod jwt;
#[cfg(feature = "auth")]
pub(crate) mod key;
#[cfg(feature = "auth")]
pub(crate) mod key_problem;
#[cfg(feature = "auth")]
pub(crate) mod keys;
pub(crate) mod refusal;
pub(crate) mod secret;
#[cfg(feature = "auth")]
pub(crate) mod sign;
pub(crate) mod subject;
#[cfg(all(test, feature = "auth"))]
mod tests;
#[cfg(feature = "auth")]
pub(crate) mod token_cache;
pub(crate) mod verdict;
#[cfg(feature = "auth")]
pub(crate) mod verifier;

#[cfg(feature = "auth")]
pub use algorithm::Algorithm;
#[cfg(feature = "auth")]
pub use claims::Audience;
#[cfg(feature = "auth")]
pub use claims_dialect::{ClaimsDialect, GrantRule};
pub use grants::{Grants, Operation};
#[cfg(feature = "auth")]
pub use issuer::Issuer;
#[cfg(feature = "auth")]
pub use key::{KeyAlgorithms, SecretFormat, TokenKey};
#[cfg(feature = "auth")]
pub use key_problem::KeyProblem;
#[cfg(feature = "auth")]
pub use keys::{Jwks, JwksReaders, KeySet};
pub use refusal::TokenRefusal;
pub use secret::Secret;
#[cfg(feature = "auth")]
pub use sign::Signer;
pub use subject::Credentials;
pub use verdict::Verdict;
#[cfg(feature = "auth")]
pub use verifier::{Occasion, PhoenixCheck, SameIssuer, Verifier};
