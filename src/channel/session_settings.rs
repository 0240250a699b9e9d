//! The settings that all sessions of one mount share.

use super::routes::Routes;
#[cfg(feature = "auth")]
use crate::credentials::TokenChecks;
use crate::credentials::TokenPolicy;

/// The settings that all sessions of one mount share.
pub struct SessionSettings {
    /// The channels of the mount, by topic.
    pub routes: Routes,
    /// Topics that one connection may have joined at a time; 100 by default, as in Phoenix. One
    /// more join is refused with "too many channels joined".
    pub channels_max: usize,
    /// Messages that may wait in line behind a waiting channel; 64 by default. One more message of
    /// the client is refused with "too many messages waiting". One more message of the app ends the
    /// channel with `phx_error`, or refuses its join if that waits.
    pub waiting_messages_max: usize,
    /// Bytes that may wait in all lines of one connection behind its waiting channels; 256 KiB by
    /// default. A message over the limit has the same outcome as over `waiting_messages_max`.
    pub waiting_bytes_max: usize,
    /// Bytes that the topic of a join may have, and its `join_ref` (its ref, if the `join_ref` is
    /// null), because both are kept; 1,024 by default. A ref on the heap counts 16 bytes more than
    /// its text. A join with a longer topic or ref is refused with "topic or ref too long".
    pub name_bytes_max: usize,
    /// What the mount does with tokens. `None`: it checks none.
    pub token_policy: Option<Box<TokenPolicy>>,
    /// What checks them. It is there if `token_policy` is.
    #[cfg(feature = "auth")]
    pub token_checks: Option<TokenChecks>,
}

/// Topics that a connection may have joined at a time, by default: as in Phoenix.
pub(crate) const CHANNELS_MAX: usize = 100;

impl SessionSettings {
    /// Returns the defaults, with `routes`.
    pub fn new(routes: Routes) -> Self {
        Self {
            routes,
            channels_max: CHANNELS_MAX,
            waiting_messages_max: 64,
            waiting_bytes_max: 256 * 1024,
            name_bytes_max: 1024,
            token_policy: None,
            #[cfg(feature = "auth")]
            token_checks: None,
        }
    }
}
