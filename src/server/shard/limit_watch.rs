//! Reports to the limit meters: how near limits are at each sweep, and which were reached.

use super::Shard;
use super::connection::{Connection, Stage};
use crate::broker::{Failure, Retention};
use crate::server::limits::limit::{Limit, LimitSet};
use crate::server::limits::observe::with_observed;
use crate::server::limits::values::ServerLimits;
use crate::websocket::{CloseReason, Violation};

impl ServerLimits {
    /// Returns the retention of a topic that has no [`Retention`] of its own. A limit that is only
    /// observed is multiplied by 16.
    pub fn retention(&self) -> Retention {
        with_observed(self).retention()
    }
}

/// The connections' deadlines that are nearest to their end: one of each kind, as the time used in
/// thousandths of the time allowed.
#[derive(Default)]
pub(crate) struct NearestDeadlines {
    idle: u64,
    partial: u64,
}

impl Shard {
    /// Counts a message that was refused by its header because it was too large. Ignores other
    /// reasons.
    pub(crate) fn note_violation(&self, reason: &CloseReason) {
        if let CloseReason::Violation(Violation::MessageTooBig { max }) = *reason {
            let max = max as u64;
            self.services
                .link
                .meters
                .judge(LimitSet::default(), Limit::MessageBytes, max + 1, max);
        }
    }

    /// Counts the limit for which the fan-out gave up a connection. Ignores an I/O error, which is
    /// no limit.
    pub(crate) fn note_failure(&self, failure: &Failure) {
        let limit = match failure {
            Failure::Io(_) => return,
            Failure::FellBehind => {
                let highest = self.services.fanout.high_water();
                let bytes_max = self.services.limits.max(Limit::RetentionBytes);
                match highest.log_bytes as u64 > bytes_max {
                    true => Limit::RetentionBytes,
                    false => Limit::RetentionMessages,
                }
            }
            Failure::Outdated => Limit::RetentionTime,
            Failure::CrowdedOut => Limit::RetentionTotalBytes,
            Failure::OutboxFull => Limit::OutboxBytes,
        };
        // The limit counts as one that bites even if it is observed: the fan-out bounds an observed
        // limit at 16 times its value.
        self.services
            .link
            .meters
            .exceeded(LimitSet::default(), limit);
    }

    /// Notes the highest logs and outboxes of blocked readers since the last sweep.
    pub(crate) fn note_high_water(&mut self) {
        let highest = self.services.fanout.take_high_water();
        let noted = [
            (Limit::OutboxBytes, highest.outbox_bytes),
            (Limit::RetentionBytes, highest.log_bytes),
            (Limit::RetentionMessages, highest.log_entries),
            (Limit::RetentionTime, highest.log_age_ms),
            (Limit::RetentionTotalBytes, highest.retained_bytes),
        ];
        for (limit, height) in noted {
            let (height, max) = (height as u64, self.services.limits.max(limit));
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
