//! Tokens, and what they say of a client: who it is, until when, and what it may do. No I/O.

pub(crate) mod grants;
pub(crate) mod refusal;
pub(crate) mod subject;

pub use grants::{Grants, Operation};
pub use refusal::TokenRefusal;
pub use subject::Credentials;
