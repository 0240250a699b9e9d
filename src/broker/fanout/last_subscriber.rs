//! Time to the last subscriber: how long after its publish a broadcast had been offered to the last member that can take it.
//!
//! A broadcast is stamped with the begin of the turn in which it was published, and what a lap settled counts when the
//! turn ends: two looks at the clock a turn, however many members there are.

use std::time::{Duration, Instant};

use super::Fanout;

/// The list of laps keeps room for this many from one flush to the next.
const LAPS_KEPT: usize = 1024;

impl Fanout {
    /// A turn begins: what is published in it is published `now`.
    pub fn begin_turn(&mut self, now: Instant) {
        self.passes.now_us = self.hub.stamp(now);
    }

    /// Calls `each` for every lap that ended in the last flush and brought something, with what lies between the
    /// publish of its oldest broadcast and `now`.
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
