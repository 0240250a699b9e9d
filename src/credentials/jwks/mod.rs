//! Keys of an issuer from its URL: where it is, when it is asked, and which answer is believed.

pub(crate) mod jwks_result;
mod jwks_schedule;
pub(crate) mod jwks_source;
pub(crate) mod key_refresh;
