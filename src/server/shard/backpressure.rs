//! Reading again: clients that did not read, and publishers that were too fast (backpressure).

use super::Shard;
use super::read::UNREAD_OUTBOX_BYTES_MAX;

impl Shard {
    /// Reads held connections again whose clients have taken enough of the waiting frames. No waker
    /// reports that, because the socket may have taken the last of the frames in one whole write.
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
