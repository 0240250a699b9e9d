//! The time in which a thread could have heard its clients, counted from one look to the next.
//!
//! A thread that stands still (a stopped or paused process, swap, a callback that blocks) hears
//! nobody, so of the time between two looks [`COUNTED_A_LOOK`] counts at most.

use std::time::{Duration, Instant};

/// Most time between two looks that counts. An idle thread looks at its sockets once a second.
pub(crate) const COUNTED_A_LOOK: Duration = Duration::from_millis(1_100);

/// The time of one thread that counts for deadlines, until its last look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WaitClock {
    looked: Instant,
    heard: Duration,
}

impl WaitClock {
    /// Begins to count at `now`.
    pub fn begin(now: Instant) -> WaitClock {
        WaitClock {
            looked: now,
            heard: Duration::ZERO,
        }
    }

    /// Notes that the thread looks at its sockets at `now`. Returns the whole time since its last
    /// look.
    pub fn look(&mut self, now: Instant) -> Duration {
        let passed = now.saturating_duration_since(self.looked);
        self.heard += passed.min(COUNTED_A_LOOK);
        self.looked = now;
        passed
    }

    /// Returns the time that has counted until the last look.
    pub fn until_look(&self) -> Duration {
        self.heard
    }

    /// Returns the time that has counted until now.
    pub fn until_now(&self) -> Duration {
        self.heard + self.looked.elapsed().min(COUNTED_A_LOOK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_between_two_looks_counts_up_to_little_more_than_a_second() {
        let start = Instant::now();
        let mut time = WaitClock::begin(start);
        let at = |ms| start + Duration::from_millis(ms);
        assert_eq!(time.look(at(900)), Duration::from_millis(900));
        assert_eq!(time.until_look(), Duration::from_millis(900));
        assert_eq!(time.look(at(60_900)), Duration::from_secs(60));
        assert_eq!(time.until_look(), Duration::from_millis(2_000));
        assert!(time.until_now() <= Duration::from_millis(3_100));
    }
}
