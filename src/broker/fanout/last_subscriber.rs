//! Time to the last subscriber: from a publish until the last writable member was offered it.
//!
//! A broadcast of a shard carries the time at which the turn that published it began. A broadcast
//! from another thread carries the time of its publish. A lap visits every member of a room once.
//! When a turn ends, each lap that ended in it counts the time since the publish of its oldest
//! broadcast. So a turn reads the clock twice, however many members there are.

use std::time::{Duration, Instant};

use super::Fanout;

/// Publish times for which the list `laps` keeps its memory from one flush to the next.
const LAPS_KEPT: usize = 1024;

impl Fanout {
    /// Begins a turn: broadcasts published in it are stamped with `now`.
    pub fn begin_turn(&mut self, now: Instant) {
        self.passes.now_us = self.hub.stamp(now);
    }

    /// Calls `each` for every lap that ended in the last flush and settled an entry. The argument
    /// of `each` is the time from the publish of the lap's oldest broadcast to `now`.
    pub fn take_laps(&mut self, now: Instant, mut each: impl FnMut(Duration)) {
        if self.passes.laps.is_empty() {
            return;
        }
        let now_us = self.hub.stamp(now);
        for published_us in self.passes.laps.drain(..) {
            let waited_us = now_us.wrapping_sub(published_us);
            each(Duration::from_micros(waited_us.into()));
        }
        self.passes.laps.shrink_to(LAPS_KEPT);
    }
}
