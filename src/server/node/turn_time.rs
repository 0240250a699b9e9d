//! The time for which a shard works without a look at its sockets, for the metrics of turns.
//!
//! A thread of a shard runs more than turns: HTTP and futures of the app are tasks beside them, and
//! the runtime asks the kernel for events. So what is measured begins when the thread wakes, or
//! with a turn, and ends with the next turn, or when the thread goes to sleep. A reading of the
//! clock at each of these is all that it costs.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::histogram::{Figure, Histogram};
use crate::server::limits::peak::Peak;

/// Steps of tasks, such as connections in HTTP, after which the runtime looks at the sockets. So a
/// crowd of newcomers does not delay what rooms are written for long.
pub(crate) const STEPS_BETWEEN_LOOKS: u32 = 8;

/// What the thread of one shard has worked. That thread alone writes. It has cache lines of its
/// own, as the other stats of the shard do.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct TurnTime {
    /// Every stretch of work. Their sum is the time in which the thread was awake or waited for a
    /// core.
    pub stretches: Histogram,
    /// The longest stretch, in nanoseconds.
    pub longest: Peak,
    started: Instant,
    /// The begin of the present stretch, in nanoseconds since `started`.
    since_ns: Figure,
    /// Turns in the present stretch, at most one.
    turns: Figure,
    /// Steps of tasks in the present stretch.
    steps: Figure,
}

impl Default for TurnTime {
    fn default() -> TurnTime {
        TurnTime {
            stretches: Histogram::default(),
            longest: Peak::default(),
            started: Instant::now(),
            since_ns: Figure::default(),
            turns: Figure::default(),
            steps: Figure::default(),
        }
    }
}

impl TurnTime {
    /// Notes that the thread begins to work, or wakes.
    pub fn wakes(&self) {
        self.begin(Instant::now());
    }

    /// Notes that the thread goes to sleep.
    pub fn sleeps(&self) {
        self.end(Instant::now());
    }

    /// Notes that a turn begins at `now`. It belongs to the present stretch if nothing was done in
    /// that yet.
    pub fn turns(&self, now: Instant) {
        if self.turns.read() > 0 || self.steps.read() > 0 {
            self.end(now);
        }
        self.turns.set(1);
    }

    /// Notes that a step of a task is over.
    pub fn steps(&self) {
        self.steps.add(1);
        if self.steps.read() >= u64::from(STEPS_BETWEEN_LOOKS) {
            self.end(Instant::now());
        }
    }

    /// Ends a stretch at `now`, and begins the next.
    fn end(&self, now: Instant) {
        let ns = self.ns(now).saturating_sub(self.since_ns.read());
        self.stretches.observe(Duration::from_nanos(ns));
        self.longest.note(ns);
        self.begin(now);
    }

    fn begin(&self, now: Instant) {
        self.since_ns.set(self.ns(now));
        self.turns.set(0);
        self.steps.set(0);
    }

    fn ns(&self, now: Instant) -> u64 {
        now.duration_since(self.started).as_nanos() as u64
    }
}

/// Runs a task of a shard's thread, and counts its steps.
pub(crate) async fn in_steps<F: Future>(time: Arc<TurnTime>, task: F) -> F::Output {
    let mut task = pin!(task);
    poll_fn(|cx| {
        let polled = task.as_mut().poll(cx);
        time.steps();
        polled
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::node::histogram::Durations;

    fn count_and_seconds(time: &TurnTime) -> (u64, f64) {
        let mut held = Durations::default();
        time.stretches.add_to(&mut held);
        (held.count(), held.sum_seconds)
    }

    #[test]
    fn sleep_of_a_thread_is_no_work_and_all_else_is() {
        let time = TurnTime::default();
        let at = |ms| time.started + Duration::from_millis(ms);
        time.begin(at(100));
        time.turns(at(101));
        assert_eq!(count_and_seconds(&time).0, 0, "the turn is of this stretch");
        time.turns(at(110));
        time.steps();
        time.end(at(150));
        assert_eq!(count_and_seconds(&time), (2, 0.05));
        time.begin(at(900));
        time.steps();
        time.turns(at(907));
        time.end(at(908));
        assert_eq!(count_and_seconds(&time), (4, 0.058));
        assert_eq!(time.longest.read(), 40_000_000);
    }

    #[test]
    fn stretch_ends_where_the_runtime_looks_at_the_sockets() {
        let time = TurnTime::default();
        time.wakes();
        (0..3 * STEPS_BETWEEN_LOOKS).for_each(|_| time.steps());
        assert_eq!(count_and_seconds(&time).0, 3);
    }
}
