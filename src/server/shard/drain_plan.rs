//! The plan of a drain: which connections are closed next, and when.

use std::task::Context;
use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior};

use super::clock::{Clock, Stamp};

/// Interval at which a drain looks for connections to close: short enough for an even pace, long
/// enough to cost next to nothing.
const TICK: Duration = Duration::from_millis(5);

/// Most milliseconds that a due connection stays open while entries for its client are on their
/// way.
pub(crate) const SETTLE_MS_MAX: u64 = 300;

/// Milliseconds for which a shard that ends waits for connections in HTTP. Newly accepted
/// connections and upgrades under way get their 1012 in this time. Other connections in HTTP end at
/// once.
pub(crate) const HTTP_GRACE_MS: u64 = 1_000;

/// The state of a shard's drain.
pub(crate) struct DrainPlan {
    pub(crate) since: Stamp,
    window_ms: u64,
    /// Number of connections when the drain began.
    count: usize,
    /// Ids of the connections that are not due yet. The next connection to be closed is the last.
    left: Vec<u64>,
    /// Ids of due connections, each with the moment since which it is due.
    due: Vec<(u64, Stamp)>,
    tick: Interval,
}

impl DrainPlan {
    pub(crate) fn new(now: Stamp, window_ms: u64, left: Vec<u64>) -> DrainPlan {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        DrainPlan {
            since: now,
            window_ms: pace_ms(window_ms, left.len()),
            count: left.len(),
            left,
            due: Vec::new(),
            tick,
        }
    }

    /// Takes the ids of the due connections, each with the moment since which it is due. Sets the
    /// timer that wakes the shard at the next tick.
    pub(crate) fn take_due(&mut self, clock: &Clock, cx: &mut Context<'_>) -> Vec<(u64, Stamp)> {
        if self.tick.poll_tick(cx).is_ready() {
            // Registers the timer for the next tick.
            let _ = self.tick.poll_tick(cx);
        }
        self.fall_due(clock);
        std::mem::take(&mut self.due)
    }

    /// Has all connections become due now.
    pub(crate) fn hasten(&mut self) {
        self.window_ms = 0;
    }

    /// Puts back due connections that are not to be closed yet.
    pub(crate) fn put_back(&mut self, due: Vec<(u64, Stamp)>) {
        self.due = due;
    }

    /// Moves the connections that have become due from `left` to `due`.
    fn fall_due(&mut self, clock: &Clock) {
        let count = due_after(clock.since_ms(self.since), self.window_ms, self.count);
        while self.count - self.left.len() < count {
            let next = self.left.pop();
            self.due.extend(next.map(|id| (id, clock.now())));
        }
    }
}

/// Returns the time in which a shard closes `count` connections, in milliseconds: the lesser of
/// `window_ms` and `count`. So the pace is never below one connection in a millisecond.
pub(crate) fn pace_ms(window_ms: u64, count: usize) -> u64 {
    window_ms.min(count as u64)
}

/// Returns how many of `count` connections are to be closed once `passed_ms` of the window have
/// passed.
pub(crate) fn due_after(passed_ms: u64, window_ms: u64, count: usize) -> usize {
    match passed_ms < window_ms {
        true => (count as u64 * passed_ms / window_ms) as usize,
        false => count,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::limits::values::Drain;

    #[test]
    fn pace_is_even_over_the_window_and_never_under_one_in_a_millisecond() {
        let due = |passed_ms| due_after(passed_ms, 5_000, 100_000);
        assert_eq!([0, 1, 2_500, 4_999].map(due), [0, 20, 50_000, 99_980]);
        assert_eq!([5_000, 60_000].map(due), [100_000; 2]);
        assert_eq!(due_after(0, 0, 7), 7);
        assert_eq!(pace_ms(5_000, 30), 30);
        assert_eq!(pace_ms(5_000, 100_000), 5_000);
    }

    #[test]
    fn closing_window_leaves_half_of_the_deadline_for_the_last_clients() {
        let drain = Drain::default()
            .with_ready_delay_ms(2_000)
            .with_window_ms(9_000)
            .with_deadline_ms(10_000);
        assert_eq!(drain.closing_window_ms(), 4_000);
        assert_eq!(Drain::default().closing_window_ms(), 1_000);
    }
}
