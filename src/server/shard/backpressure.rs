//! When clients that do not read, and publishers that are too fast, are read again: backpressure.

use super::Shard;
use super::read::UNREAD_OUTBOX_BYTES_MAX;

impl Shard {
    /// Reads clients again that have taken what waited for them. No waker reports that, because the
    /// last of it may have gone out in one write that the socket took whole.
    pub(crate) fn read_held(&mut self) {
        let fanout = &self.services.fanout;
        let is_free = |key| fanout.outbox_bytes(key) <= UNREAD_OUTBOX_BYTES_MAX;
        self.connections.release_held(&self.timers.clock, is_free);
    }

    /// Reads paused publishers again once no shard has more than half of the limit before it.
    pub(crate) fn resume_paused(&mut self) {
        let services = &self.services;
        if self.connections.has_paused()
            && services.link.hub.lag_bytes_max() as u64 <= services.lag_bytes_that_bite() / 2
        {
            self.connections.resume_paused(&self.timers.clock);
        }
    }
}
