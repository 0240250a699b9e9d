//! Reports to the limit meters: how near limits are at each sweep, and which were reached.

use super::Shard;
use super::connection::{Connection, Stage};
use super::deadlines_round::NearestDeadlines;
use crate::broker::{Failure, Retention};
use crate::server::limits::limit::{Limit, LimitSet};
use crate::server::limits::observe::with_observed;
use crate::server::limits::row::{FanoutLimit, Owner};
use crate::server::limits::values::ServerLimits;
use crate::websocket::{CloseReason, Overrun, Violation};

impl ServerLimits {
    /// Returns the retention of a topic that has no [`Retention`] of its own. A limit that is only
    /// observed is multiplied by 16.
    pub fn retention(&self) -> Retention {
        with_observed(self).retention()
    }
}

/// Returns the limits that the fan-out enforces.
fn fanout_limits() -> impl Iterator<Item = (Limit, &'static FanoutLimit)> {
    Limit::ALL.iter().filter_map(|&limit| match limit.owner() {
        Owner::Fanout(bound) => Some((limit, bound)),
        _ => None,
    })
}

impl Shard {
    /// Counts a message that was refused by its header because it was too large. Ignores other
    /// reasons. The limit counts as one that bites even if it is observed: an observed limit bites
    /// at 16 times its value.
    pub(crate) fn note_violation(&self, reason: &CloseReason) {
        if let CloseReason::Violation(Violation::MessageTooBig { max }) = *reason {
            let max = max as u64;
            self.services
                .link
                .meters
                .judge(LimitSet::default(), Limit::MessageBytes, max + 1, max);
        }
    }

    /// Returns the bound that a connection passed which the fan-out gave up, and counts the limit
    /// that sets the bound. `None` for an I/O error, which is no bound.
    pub(crate) fn note_failure(&self, failure: &Failure) -> Option<Overrun> {
        let meters = &self.services.link.meters;
        // No setting moves this bound.
        if matches!(failure, Failure::FellBehind) {
            return Some(Overrun::TopicLog);
        }
        let (limit, bound) = fanout_limits().find(|(_, bound)| (bound.gives_up)(failure))?;
        // The limit counts as one that bites even if it is observed: the fan-out bounds an observed
        // limit at 16 times its value.
        meters.exceeded(LimitSet::default(), limit);
        Some(bound.overrun)
    }

    /// Notes the highest logs and outboxes of blocked readers since the last sweep.
    pub(crate) fn note_high_water(&mut self) {
        let highest = self.services.fanout.take_high_water();
        for (limit, bound) in fanout_limits() {
            let height = (bound.highest)(&highest) as u64;
            let max = self.services.limits.max(limit);
            let is_observed = self.services.limits.observe.contains(limit);
            let height = if is_observed { height } else { height.min(max) };
            self.services.judge(limit, height, max);
        }
    }

    pub(crate) fn note_deadlines(&self, nearest: &NearestDeadlines) {
        let (meters, observe) = (&self.services.link.meters, self.services.limits.observe);
        meters.note(observe, Limit::IdleTime, nearest.idle, 1000);
        meters.note(observe, Limit::PartialTime, nearest.partial, 1000);
    }

    /// Adds the deadlines of one connection to `nearest`.
    pub(crate) fn look_at(&self, connection: &Connection, nearest: &mut NearestDeadlines) {
        if !matches!(connection.stage, Stage::Open | Stage::Held) {
            return;
        }
        let permille =
            |since, max_ms: u64| self.timers.clock.since_ms(since) * 1000 / max_ms.max(1);
        let idle_ms = connection.socket.limits().idle_timeout_ms;
        nearest.idle = nearest.idle.max(permille(connection.idle.since, idle_ms));
        if connection.reader.is_partial() {
            let partial = permille(
                connection.partial.since,
                connection.partial_ms_max(&self.timers.clock, &self.services.limits),
            );
            nearest.partial = nearest.partial.max(partial);
        }
    }
}
