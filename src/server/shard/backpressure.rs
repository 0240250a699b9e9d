//! Who is not read for a while: clients that do not take what waits for them, and publishers that the shards do not keep up
//! with.

use super::Shard;
use super::connection::Stage;
use super::read::UNREAD_OUTBOX_BYTES_MAX;

impl Shard {
    /// Goes on reading those that have taken what waited for them. No waker tells: the last of it may have gone out in
    /// one write that the socket took whole.
    pub(crate) fn read_held(&mut self) {
        let (connections, fanout, ready) = (&mut self.connections, &self.fanout, &mut self.ready);
        self.held.retain(|&key| {
            let Some(connection) = connections.get_mut(key as usize).filter(|c| c.held) else {
                return false;
            };
            let must_wait = fanout.outbox_bytes(key) > UNREAD_OUTBOX_BYTES_MAX;
            if !must_wait {
                connection.held = false;
                connection.make_ready(key, ready);
            }
            must_wait
        });
    }

    /// Reads nothing more from a publisher until the shards have caught up.
    pub(crate) fn pause(&mut self, key: u32) {
        if let Some(connection) = self.connections.get_mut(key as usize)
            && matches!(connection.state, Stage::Open)
        {
            connection.state = Stage::Paused {
                since: self.clock.now(),
            };
            self.paused.push(key);
        }
    }

    pub(crate) fn resume_paused(&mut self) {
        if self.paused.is_empty()
            || self.link.hub.lag_bytes_max() as u64 > self.lag_bytes_that_bite() / 2
        {
            return;
        }
        for key in std::mem::take(&mut self.paused) {
            if let Some(connection) = self.connections.get_mut(key as usize)
                && matches!(connection.state, Stage::Paused { .. })
            {
                connection.reopen(&self.clock);
                connection.make_ready(key, &mut self.ready);
            }
        }
    }
}
