//! The drain: a server that ends closes its connections a few at a time, so that they do not all come back at once, and
//! serves each as ever until its own Close.

use std::cmp::Reverse;
use std::task::Context;
use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior};

use super::Shard;
use super::clock::{Clock, Stamp};
use super::connection::Connection;
use crate::websocket::CloseReason;

/// How a server ends once it is asked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drain {
    /// How long it goes on accepting, in milliseconds, while `/readyz` says already that it ends. Default 0; what a load
    /// balancer takes to notice, where there is one.
    pub ready_delay_ms: u64,
    /// Time over which connections are closed with 1012, in milliseconds, at an even pace and in random order, members
    /// of the largest rooms last. Default 1,000: where clients wait for the next process meanwhile, they wait for less than the
    /// 2.5 s after which a phoenix.js with a fallback takes it. Each shard closes at least 1,000 a second, so few take less; 0 closes
    /// all at once. At most half of what the deadline leaves is used, so that the last have time to answer.
    pub window_ms: u64,
    /// Longest time from the order to the end, in milliseconds. Default 30,000. What is connected then is cut.
    pub deadline_ms: u64,
}

impl Default for Drain {
    fn default() -> Drain {
        Drain {
            ready_delay_ms: 0,
            window_ms: 1_000,
            deadline_ms: 30_000,
        }
    }
}

impl Drain {
    /// The time over which connections are really closed.
    pub(crate) fn closing_window_ms(&self) -> u64 {
        let left_ms = self.deadline_ms.saturating_sub(self.ready_delay_ms);
        self.window_ms.min(left_ms / 2)
    }
}

/// How often a drain looks whom to close: often enough to be even, seldom enough to cost nothing.
const TICK: Duration = Duration::from_millis(5);

/// How long a connection whose time has come stays open because something it was to get is still on its way.
const SETTLE_MS_MAX: u64 = 300;

/// How long a shard that ends waits for connections in HTTP: those that have just been accepted and the upgrades under
/// way, which then get their 1012. The other ones end at once.
const HTTP_GRACE_MS: u64 = 1_000;

/// Where a shard's drain stands.
pub(crate) struct Draining {
    since: Stamp,
    window_ms: u64,
    /// How many connections there were.
    count: usize,
    /// Whose time has not come yet, by their ids, the next one last.
    left: Vec<u64>,
    /// Whose time has come, and since when.
    due: Vec<(u64, Stamp)>,
    tick: Interval,
}

impl Draining {
    fn new(now: Stamp, window_ms: u64, left: Vec<u64>) -> Draining {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Draining {
            since: now,
            window_ms: pace_ms(window_ms, left.len()),
            count: left.len(),
            left,
            due: Vec::new(),
            tick,
        }
    }

    /// Moves those whose time has come by now.
    fn fall_due(&mut self, clock: &Clock) {
        let count = due_after(clock.since_ms(self.since), self.window_ms, self.count);
        while self.count - self.left.len() < count {
            let next = self.left.pop();
            self.due.extend(next.map(|id| (id, clock.now())));
        }
    }
}

/// The time in which a shard closes `count` connections: at the slowest pace, one in a millisecond, it takes as many.
fn pace_ms(window_ms: u64, count: usize) -> u64 {
    window_ms.min(count as u64)
}

/// How many of `count` connections are to be closed once `passed_ms` of the window have passed.
fn due_after(passed_ms: u64, window_ms: u64, count: usize) -> usize {
    match passed_ms < window_ms {
        true => (count as u64 * passed_ms / window_ms) as usize,
        false => count,
    }
}

impl Shard {
    /// Begins to close all connections.
    pub(crate) fn drain(&mut self) {
        if self.draining.is_some() {
            return;
        }
        self.stops.send_replace(true);
        let window_ms = self.limits.drain.closing_window_ms();
        self.draining = Some(Draining::new(
            self.clock.now(),
            window_ms,
            self.closing_order(),
        ));
    }

    /// All connections by their ids, the first to be closed last. By the size of the largest room each is in, as a power
    /// of ten, and at random among those.
    fn closing_order(&self) -> Vec<u64> {
        let place = |(key, connection): (usize, &Connection)| {
            let members = self.fanout.largest_room(key as u32);
            (members.checked_ilog10(), fastrand::u32(..), connection.id)
        };
        let mut places: Vec<_> = self.connections.iter().map(place).collect();
        places.sort_unstable_by_key(|place| Reverse(*place));
        places.into_iter().map(|(_, _, id)| id).collect()
    }

    /// Closes those whose time has come and who have got what was due to them. Returns whether there were any.
    pub(crate) fn go_on_draining(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(draining) = &mut self.draining else {
            return false;
        };
        if draining.tick.poll_tick(cx).is_ready() {
            // Registers the timer for the next one.
            let _ = draining.tick.poll_tick(cx);
        }
        draining.fall_due(&self.clock);
        if draining.due.is_empty() {
            return false;
        }
        let mut due = std::mem::take(&mut draining.due);
        let keys = self.take_settled(&mut due);
        for &key in &keys {
            self.close(key, CloseReason::ServiceRestart);
        }
        if let Some(draining) = &mut self.draining {
            draining.due = due;
        }
        !keys.is_empty()
    }

    /// Takes those out of `due` for whom nothing is on its way that a Close would drop, or who have waited long enough.
    fn take_settled(&mut self, due: &mut Vec<(u64, Stamp)>) -> Vec<u32> {
        self.fanout.take_mail();
        let mut settled = Vec::new();
        due.retain(|&(id, since)| {
            let Some(key) = self.place_of(id) else {
                return false;
            };
            let waits = self.fanout.has_heard() || self.fanout.is_far_behind(key);
            let stays = waits && !self.clock.is_over(since, SETTLE_MS_MAX);
            if !stays {
                settled.push(key);
            }
            stays
        });
        settled
    }

    /// Cuts all there is.
    pub(crate) fn cut(&mut self) {
        self.drain();
        let keys: Vec<u32> = self.connections.iter().map(|(key, _)| key as u32).collect();
        for key in keys {
            self.cut_off(key, CloseReason::ServiceRestart);
        }
        self.is_cut = true;
    }

    /// Whether a drain is over: all connections are closed, and those in HTTP, which may be in the middle of an upgrade,
    /// have had their time.
    pub(crate) fn is_over(&mut self) -> bool {
        let Some(draining) = &self.draining else {
            return false;
        };
        let waited = self.is_cut || self.clock.is_over(draining.since, HTTP_GRACE_MS);
        if !self.connections.is_empty() || (self.http_connections > 0 && !waited) {
            return false;
        }
        for _ in 0..std::mem::take(&mut self.http_connections) {
            self.link.connection_gone();
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_is_even_over_the_window_and_never_under_one_in_a_millisecond() {
        let due = |passed_ms| due_after(passed_ms, 5_000, 100_000);
        assert_eq!([0, 1, 2_500, 4_999].map(due), [0, 20, 50_000, 99_980]);
        assert_eq!([5_000, 60_000].map(due), [100_000; 2]);
        assert_eq!(due_after(0, 0, 7), 7);
        assert_eq!(pace_ms(5_000, 30), 30);
        assert_eq!(pace_ms(5_000, 100_000), 5_000);
    }

    #[test]
    fn the_window_leaves_half_of_the_time_for_the_last_to_answer() {
        let drain = Drain {
            ready_delay_ms: 2_000,
            window_ms: 9_000,
            deadline_ms: 10_000,
        };
        assert_eq!(drain.closing_window_ms(), 4_000);
        assert_eq!(Drain::default().closing_window_ms(), 1_000);
    }
}
