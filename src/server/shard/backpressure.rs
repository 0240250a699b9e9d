//! The end of backpressure: held connections and paused publishers are read again.

use super::Shard;

impl Shard {
    /// Goes on with the connections that the fan-out reports. A held connection whose client has
    /// taken enough of the waiting frames is read again. Our side of a closing connection whose
    /// Close frame is out is shut. No waker is called when a socket takes a write as a whole, and a
    /// look at all that wait would take longer the more of them there are.
    pub(crate) fn take_notified(&mut self) {
        while let Some(key) = self.services.fanout.take_notified() {
            self.connections.release(key, &self.timers.clock);
            if self.services.fanout.is_drained(key) {
                self.connections.shut(key);
            }
        }
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
