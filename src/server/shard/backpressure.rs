//! The end of backpressure: held connections and paused publishers are read again.

use super::Shard;
use super::read::UNREAD_OUTBOX_BYTES_MAX;

impl Shard {
    /// Reads the held connections again whose clients have taken enough of the waiting frames. The
    /// shard looks in each turn, because no waker is called when a socket takes a write as a whole.
    pub(crate) fn read_held(&mut self) {
        let fanout = &self.services.fanout;
        let is_free = |key| fanout.outbox_bytes(key) <= UNREAD_OUTBOX_BYTES_MAX;
        self.connections.release_held(&self.timers.clock, is_free);
    }

    /// Reads paused publishers again once no shard's lag is over half of the limit.
    pub(crate) fn resume_paused(&mut self) {
        let services = &self.services;
        if self.connections.has_paused()
            && services.link.hub.lag_bytes_max() as u64 <= services.lag_bytes_that_bite() / 2
        {
            self.connections.resume_paused(&self.timers.clock);
        }
    }
}
