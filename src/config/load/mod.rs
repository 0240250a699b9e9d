//! What `[auth]` comes to: its lists are read, then its secrets and keys, and checks are made.

mod findings;
pub(super) mod load_auth;
mod load_issuer;
mod load_keys;
mod load_phoenix;
mod read_lists;
