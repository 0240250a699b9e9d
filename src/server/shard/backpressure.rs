//! Which publishers wait for a room that lags, and which connections are read again.

use super::Shard;
use super::services::Services;
use crate::broker::Topic;
use crate::server::limits::limit::{Limit, LimitSet};

/// Most paused publishers that a turn looks at.
const LOOKS_PER_TURN: usize = 256;

/// Most paused publishers that a turn reads again. Few, because each may bring a whole read of
/// broadcasts, and the next turn sees the lag that these leave.
const RESUMED_PER_TURN: usize = 16;

/// Most connections that the fan-out has reported which a turn goes on with. A crowd that leaves
/// has thousands at once, and to shut a socket takes as long as a write.
const NOTIFIED_PER_TURN: usize = 64;

impl Services {
    /// True if `topic` has more outstanding on some shard than the limit allows, whether or not the
    /// limit is only observed.
    pub fn lags(&self, topic: &Topic) -> bool {
        topic.lags(self.link.hub.shards(), self.limits.max(Limit::LagBytes))
    }

    /// True if a client that published to `topic`, which [lags](Self::lags), has to wait. Counts
    /// that the limit was exceeded.
    pub fn has_to_wait(&self, topic: &Topic) -> bool {
        let (limit, observe) = (Limit::LagBytes, self.limits.observe);
        let bites_above = self.limits.bites_above(limit);
        let bites = !observe.contains(limit) || topic.lags(self.link.hub.shards(), bites_above);
        let observe = if bites { LimitSet::default() } else { observe };
        self.link.meters.exceeded(observe, limit)
    }

    /// True if clients that wait for `topic` may go on.
    fn may_go_on(&self, topic: &Topic) -> bool {
        let bites_above = self.limits.bites_above(Limit::LagBytes);
        topic.has_caught_up(self.link.hub.shards(), bites_above)
    }
}

impl Shard {
    /// Goes on with the connections that the fan-out reports. A held connection whose client has
    /// taken enough of the waiting frames is read again. Our side of a closing connection whose
    /// Close frame is out is shut. No waker is called when a socket takes a write as a whole, and a
    /// look at all that wait would take longer the more of them there are. True if more are left.
    pub(crate) fn take_notified(&mut self) -> bool {
        for _ in 0..NOTIFIED_PER_TURN {
            let Some(key) = self.services.fanout.take_notified() else {
                return false;
            };
            self.connections.release(key, &self.timers.clock);
            if self.services.fanout.is_drained(key) {
                self.connections.shut(key);
            }
        }
        self.services.fanout.has_notified()
    }

    /// Reads paused publishers again whose rooms have caught up, as many as one turn may. Those
    /// that still wait go to the end of the list. The shard turns again at once for those that are
    /// read, and after a moment for the others.
    pub(crate) fn resume_paused(&mut self) {
        let mut resumed = 0;
        for _ in 0..LOOKS_PER_TURN.min(self.connections.paused_len()) {
            let Some((name, topic)) = self.connections.next_paused() else {
                return;
            };
            if !self.services.may_go_on(&topic) {
                self.connections.wait_on(name, topic);
                continue;
            }
            self.connections.resume_paused(name, &self.timers.clock);
            if let Some(key) = self.connections.place_of(name) {
                self.throttle_debtor(key);
            }
            resumed += 1;
            if resumed == RESUMED_PER_TURN {
                return;
            }
        }
    }
}
