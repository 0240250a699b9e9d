//! What the sessions of one mount have in common.

use super::routes::Routes;

/// What the sessions of one mount have in common.
pub struct SessionSettings {
    /// Which channel serves which topic.
    pub routes: Routes,
    /// Topics that one connection may have joined at a time; 100 by default, as in Phoenix. A join
    /// beyond it is refused with "too many channels joined".
    pub channels_max: usize,
    /// Messages that may wait in line behind a channel that waits for something; 64 by default. A
    /// client's message beyond it is refused with "too many messages waiting"; one of the app's
    /// ends the channel with `phx_error`.
    pub waiting_messages_max: usize,
    /// Bytes that may wait in all such lines of one connection; 256 KiB by default, with the same
    /// outcomes.
    pub waiting_bytes_max: usize,
    /// Bytes that the topic and the ref of a join may have, each, since they are kept; 1,024 by
    /// default. A join beyond it is refused with "topic or ref too long".
    pub name_bytes_max: usize,
}

/// How many topics a connection may have joined at a time, where nothing else is said: as in
/// Phoenix.
pub(crate) const CHANNELS_MAX: usize = 100;

impl SessionSettings {
    /// The defaults, with `routes`.
    pub fn new(routes: Routes) -> Self {
        Self {
            routes,
            channels_max: CHANNELS_MAX,
            waiting_messages_max: 64,
            waiting_bytes_max: 256 * 1024,
            name_bytes_max: 1024,
        }
    }
}
