//! The sweep: closes connections at their deadlines, drops old entries of logs, gives memory back.
//!
//! The sweep looks at all connections, because a timer for each would cost memory in each
//! connection.

use std::hint::black_box;
use std::time::Duration;

use super::Shard;
use super::close::CLOSES_PER_TURN;
use super::connection::{Connection, Stage};
use super::limit_watch::NearestDeadlines;
use crate::server::limits::limit::Limit;
use crate::server::log::sums::INTERVAL;
use crate::websocket::CloseReason;

/// Sizes of allocations, in bytes. Together they use each of mimalloc's kinds of pages.
const STIRRED_BYTES: [usize; 6] = [1 << 9, 1 << 11, 1 << 13, 1 << 15, 1 << 17, 1 << 20];

/// Time without a turn after which a shard counts as standing still. An idle shard turns once a
/// second.
const STANDS_STILL: Duration = Duration::from_millis(1_500);

/// Allocates and frees memory of several sizes. The binary's allocator, mimalloc, gives freed
/// memory back to the system only when it is called for another allocation. Without such calls, a
/// shard that falls idle after a storm would keep the memory of the handshakes.
fn stir_allocator() {
    for bytes in STIRRED_BYTES {
        drop(black_box(Vec::<u8>::with_capacity(bytes)));
    }
}

/// The consequence of a deadline that has passed.
enum Due {
    Close(CloseReason),
    /// The Close frame is held back no longer, because all connections end.
    SendClose(CloseReason),
    CutOff(CloseReason),
}

impl Shard {
    pub(crate) fn sweep(&mut self) {
        self.services.fanout.sweep(self.timers.clock.now().as_ms());
        self.services.link.admission.sums.tell_unsaid(INTERVAL);
        stir_allocator();
        self.connections.give_back();
        self.spare_paused();
        self.note_high_water();
        let mut nearest = NearestDeadlines::default();
        let overdue: Vec<u64> = self
            .connections
            .iter()
            .filter_map(|(_, connection)| {
                self.look_at(connection, &mut nearest);
                self.due(connection).map(|_| connection.id)
            })
            .collect();
        self.note_deadlines(&nearest);
        self.connections.recount_partial_bytes();
        // Those that the last sweep left over are found again.
        self.connections.overdue = overdue;
    }

    /// Closes connections whose deadline had passed at the last sweep and has still, as many as one
    /// turn may. True if more are left.
    pub(crate) fn close_overdue(&mut self) -> bool {
        for _ in 0..CLOSES_PER_TURN {
            let Some(name) = self.connections.overdue.pop() else {
                return false;
            };
            let key = name as u32;
            let connection = self.connections.get(key).filter(|c| c.id == name);
            match connection.and_then(|connection| self.due(connection)) {
                Some(Due::Close(reason)) if self.bites(reason) => self.close(key, reason),
                Some(Due::Close(reason)) => self.is_overdue(key, reason),
                Some(Due::SendClose(reason)) => self.send_close(key, reason),
                Some(Due::CutOff(reason)) => self.cut_off(key, reason),
                None => {}
            }
        }
        !self.connections.overdue.is_empty()
    }

    /// Begins the wait of all paused publishers again while some shard stands still. They wait for
    /// that shard, and would be closed for its standstill.
    fn spare_paused(&mut self) {
        let status = &self.services.link.status;
        if self.connections.has_paused() && !status.every_shard_turned_within(STANDS_STILL) {
            self.connections.pause_again(&self.timers.clock);
        }
    }

    /// Counts the passed deadline that `reason` names. True if that deadline closes the connection.
    fn bites(&self, reason: CloseReason) -> bool {
        match reason {
            CloseReason::IdleTimeout => self.services.exceeded(Limit::IdleTime),
            CloseReason::PartialTimeout => self.services.exceeded(Limit::PartialTime),
            // A pause or a throttle began because its limit bit, so its end is not judged again.
            _ => true,
        }
    }

    /// Notes that a passed deadline was counted, if its limit is only observed. The deadline counts
    /// again after it has been restarted.
    fn is_overdue(&mut self, key: u32, reason: CloseReason) {
        if let Some(connection) = self.connections.get_mut(key) {
            match reason {
                CloseReason::PartialTimeout => connection.partial.is_counted = true,
                _ => connection.idle.is_counted = true,
            }
        }
    }

    /// True if a passed deadline is still to be counted, or closes the connection.
    fn is_news(&self, limit: Limit, has_counted: bool) -> bool {
        !has_counted || !self.services.limits.observe.contains(limit)
    }

    fn due(&self, connection: &Connection) -> Option<Due> {
        let idle_timeout_ms = connection.socket.limits().idle_timeout_ms;
        match &connection.stage {
            Stage::Closing(closing) if closing.held_until_ns.is_some() => {
                let is_ending = self.lifecycle.is_ending();
                is_ending.then_some(Due::SendClose(closing.reason))
            }
            Stage::Ended => None,
            Stage::Closing(closing) => self
                .timers
                .clock
                .is_over(closing.since, self.services.limits.closing_timeout_ms)
                .then_some(Due::CutOff(closing.reason)),
            Stage::Paused { since } => self
                .timers
                .clock
                .is_over(*since, self.services.limits.wait_ms(Limit::LagBytes))
                .then_some(Due::Close(CloseReason::Overloaded)),
            Stage::Throttled { .. } => {
                let time_max = self.services.limits.over_ms();
                let is_over = |since| self.timers.clock.is_over(since, time_max);
                let is_over = connection.pace.is_over(is_over);
                if is_over {
                    return Some(Due::Close(CloseReason::RateExceeded));
                }
                self.hangs(connection)
            }
            Stage::Open | Stage::Held
                if self
                    .timers
                    .clock
                    .is_over(connection.idle.since, idle_timeout_ms)
                    && self.is_news(Limit::IdleTime, connection.idle.is_counted)
                    && !connection.is_to_be_heard() =>
            {
                Some(Due::Close(CloseReason::IdleTimeout))
            }
            Stage::Open | Stage::Held => self.hangs(connection),
        }
    }

    fn hangs(&self, connection: &Connection) -> Option<Due> {
        let ms_max = connection.partial_ms_max(&self.timers.clock, &self.services.limits);
        let is_over = |ms| self.timers.clock.is_over(connection.partial.since, ms);
        // The rest of the message may be here, unread. A client that sends without a pause and
        // never ends its message is closed at twice the time.
        let hangs = connection.reader.is_partial()
            && self.is_news(Limit::PartialTime, connection.partial.is_counted)
            && is_over(ms_max)
            && (is_over(2 * ms_max) || !connection.is_to_be_heard());
        hangs.then_some(Due::Close(CloseReason::PartialTimeout))
    }
}
