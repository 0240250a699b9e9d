//! A round of the sweep: which connections a turn looks at, and when the next turn does.
//!
//! The sweep looks at all connections, because a timer for each would cost memory in each
//! connection. A turn looks at some of them, so that it stays short however many there are, and the
//! others wait for further turns.

use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::task::Context;
use std::time::Duration;

use tokio::time::{Instant, Sleep};

/// Most places of connections that the sweep looks at in one turn.
pub(crate) const LOOKS_PER_TURN: usize = 1_024;

/// The time from one look to the next, in times of what the look took: the sweep may take a
/// twentieth of the shard's time at most.
const SWEEP_SHARE: u32 = 20;

/// The round under way, or the next one.
pub(crate) struct DeadlinesRound {
    /// The time from the beginning of one round to the next.
    period: Duration,
    timer: Pin<Box<Sleep>>,
    began: Instant,
    /// Places at which this round has looked.
    looked: usize,
    /// Places at which this round looks.
    places: usize,
    /// What this round has seen so far.
    pub nearest: NearestDeadlines,
}

/// The connections' deadlines that are nearest to their end: one of each kind, as the time used in
/// thousandths of the time allowed.
#[derive(Default)]
pub(crate) struct NearestDeadlines {
    pub idle: u64,
    pub partial: u64,
}

impl DeadlinesRound {
    /// Returns rounds that take a `period` each. The first is due at once.
    pub fn every(period: Duration) -> DeadlinesRound {
        let now = Instant::now();
        DeadlinesRound {
            period,
            timer: Box::pin(tokio::time::sleep_until(now)),
            began: now,
            looked: 0,
            places: 0,
            nearest: NearestDeadlines::default(),
        }
    }

    /// Has rounds take another period. The next turn goes on with this round.
    pub fn set_period(&mut self, period: Duration) {
        self.period = period;
        self.timer.as_mut().reset(Instant::now());
    }

    /// True if this turn is to look. If not, has the shard woken when one is.
    pub fn is_due(&mut self, cx: &mut Context<'_>) -> bool {
        self.timer.as_mut().poll(cx).is_ready()
    }

    /// True if no place of this round was looked at yet.
    pub fn is_new(&self) -> bool {
        self.looked == 0
    }

    /// Returns the places that this turn looks at. A new round looks at `places` of them.
    pub fn next_places(&mut self, places: usize) -> Range<usize> {
        if self.is_new() {
            self.began = Instant::now();
            self.places = places;
        }
        let from = self.looked;
        self.looked = (from + LOOKS_PER_TURN).min(self.places);
        from..self.looked
    }

    /// True if all places of this round were looked at.
    pub fn is_whole(&self) -> bool {
        self.looked == self.places
    }

    /// Notes that the look of this turn `took` so long, and sets the timer for the next.
    pub fn looked_in(&mut self, took: Duration) {
        let part = self.period.mul_f64(part_of(self.looked, self.places));
        let rested = Instant::now() + took * SWEEP_SHARE;
        self.timer.as_mut().reset(rested.max(self.began + part));
        if self.is_whole() {
            self.looked = 0;
        }
    }
}

/// Returns the part of a round's time after which `looked` of its `places` are to be looked at.
fn part_of(looked: usize, places: usize) -> f64 {
    match places {
        0 => 1.0,
        _ => looked as f64 / places as f64,
    }
}
