//! The sweep: deadlines of all connections and the age of what waits for them, looked at now and then instead of a timer
//! for each.

use std::hint::black_box;
use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};

use super::Shard;
use super::connection::{Connection, Stage};
use super::limit_watch::NearestDeadlines;
use crate::server::http::app::HttpApp;
use crate::server::limits::limit::Limit;
use crate::server::limits::values::ServerLimits;
use crate::websocket::CloseReason;

/// A shard keeps places for this many connections.
const PLACES_KEPT: usize = 64;

/// Sizes from each of the allocator's kinds of pages.
const STIRRED_BYTES: [usize; 6] = [1 << 9, 1 << 11, 1 << 13, 1 << 15, 1 << 17, 1 << 20];

/// The allocator gives memory back to the system while it is used: a shard that falls idle after a storm would keep what the
/// handshakes had.
fn stir_allocator() {
    for bytes in STIRRED_BYTES {
        drop(black_box(Vec::<u8>::with_capacity(bytes)));
    }
}

/// What a deadline demands.
enum Due {
    Close(CloseReason),
    CutOff(CloseReason),
}

impl Shard {
    pub(crate) fn sweep(&mut self) {
        self.fanout.sweep(self.clock.now().as_ms());
        self.close_failed();
        self.give_back();
        self.note_heights();
        let mut nearest = NearestDeadlines::default();
        let due: Vec<(u32, Due)> = self
            .connections
            .iter()
            .filter_map(|(key, connection)| {
                self.look_at(connection, &mut nearest);
                Some((key as u32, self.due(connection)?))
            })
            .collect();
        self.note_deadlines(&nearest);
        self.partial_bytes = self
            .connections
            .iter()
            .map(|(_, c)| c.reader.kept_bytes())
            .sum();
        for (key, due) in due {
            match due {
                Due::Close(reason) if self.bites(reason) => self.close(key, reason),
                Due::Close(reason) => self.is_overdue(key, reason),
                Due::CutOff(reason) => self.cut_off(key, reason),
            }
        }
    }

    /// Whether a connection is to be closed for that deadline.
    fn bites(&self, reason: CloseReason) -> bool {
        match reason {
            CloseReason::IdleTimeout => self.exceeded(Limit::IdleTime),
            CloseReason::PartialTimeout => self.exceeded(Limit::PartialTime),
            // The limits behind these had bitten when the wait began.
            _ => true,
        }
    }

    /// A deadline that is only observed has passed, and been counted. It counts again when it has begun anew.
    fn is_overdue(&mut self, key: u32, reason: CloseReason) {
        if let Some(connection) = self.connections.get_mut(key as usize) {
            match reason {
                CloseReason::PartialTimeout => connection.overdue.partial = true,
                _ => connection.overdue.idle = true,
            }
        }
    }

    /// Whether a deadline has passed that it is still to count or to bite for.
    fn is_news(&self, limit: Limit, has_counted: bool) -> bool {
        !has_counted || !self.limits.observe.contains(limit)
    }

    /// Gives back the places of a crowd that has gone, as far as they stand behind the last that is in use.
    fn give_back(&mut self) {
        stir_allocator();
        if self.connections.capacity() > PLACES_KEPT
            && self.connections.len() < self.connections.capacity() / 4
        {
            self.connections.shrink_to_fit();
        }
    }

    fn due(&self, connection: &Connection) -> Option<Due> {
        let idle_timeout_ms = connection.socket.limits().idle_timeout_ms;
        match &connection.state {
            Stage::Closing(closing) => self
                .clock
                .is_over(closing.since, self.limits.closing_timeout_ms)
                .then_some(Due::CutOff(closing.reason)),
            Stage::Paused { since } => self
                .clock
                .is_over(*since, self.limits.pause_timeout_ms)
                .then_some(Due::Close(CloseReason::Overloaded)),
            Stage::Throttled { .. } => {
                let time_max = self.limits.rates.over_rate_ms_max;
                let is_over = |since| self.clock.is_over(since, time_max);
                let is_over = connection.pace.is_over(is_over);
                if is_over {
                    return Some(Due::Close(CloseReason::RateExceeded));
                }
                self.hangs(connection)
            }
            Stage::Open
                if self.clock.is_over(connection.heard, idle_timeout_ms)
                    && self.is_news(Limit::IdleTime, connection.overdue.idle) =>
            {
                Some(Due::Close(CloseReason::IdleTimeout))
            }
            Stage::Open => self.hangs(connection),
        }
    }

    fn hangs(&self, connection: &Connection) -> Option<Due> {
        let ms_max = connection.partial_ms_max(&self.clock, &self.limits);
        let hangs = connection.reader.is_partial()
            && self.is_news(Limit::PartialTime, connection.overdue.partial)
            && self.clock.is_over(connection.partial_since, ms_max);
        hangs.then_some(Due::Close(CloseReason::PartialTimeout))
    }
}

impl ServerLimits {
    /// When deadlines are looked at, the first time at once.
    pub(crate) fn sweeps(&self, app: &HttpApp) -> Interval {
        let mut sweeps = interval(self.sweep_interval(app));
        // After a long turn one sweep does what the missed ones would have done.
        sweeps.set_missed_tick_behavior(MissedTickBehavior::Delay);
        sweeps
    }

    /// How often deadlines are looked at: often enough for the shortest, never more than it takes.
    fn sweep_interval(&self, app: &HttpApp) -> Duration {
        let idle = app.router().idle_timeout_ms_min();
        let shortest = [
            idle,
            self.partial_timeout_ms,
            self.closing_timeout_ms,
            self.pause_timeout_ms,
            self.rates.over_rate_ms_max,
            self.fanout.retention_ms_max,
        ];
        let shortest = shortest.into_iter().min().unwrap_or(4000);
        Duration::from_millis((shortest / 4).clamp(5, 1000))
    }
}
