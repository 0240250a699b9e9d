//! The time of a shard, read once a turn, and stamps of 32 bits that deadlines are measured from.

use std::time::{Duration, Instant};

/// Milliseconds since the shard started, in 32 bits. Stamps are compared by their distance, which
/// wraps after 49.7 days (2^32 ms). The longest time that a limit can have is 1 ms shorter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp(u32);

impl Stamp {
    /// Returns the milliseconds since the shard started, modulo 2^32.
    pub fn as_ms(self) -> u32 {
        self.0
    }

    /// Returns the stamp `ms` milliseconds later.
    pub fn later_by(self, ms: u64) -> Stamp {
        // The cast to 32 bits makes the stamp wrap.
        Stamp(self.0.wrapping_add(ms as u32))
    }
}

#[derive(Debug)]
pub(crate) struct Clock {
    started: Instant,
    now: Stamp,
    now_ns: u64,
}

impl Clock {
    pub fn start() -> Clock {
        Clock {
            started: Instant::now(),
            now: Stamp(0),
            now_ns: 0,
        }
    }

    /// Reads the system's clock, once a turn, and returns the present time.
    pub fn refresh(&mut self) -> Instant {
        let now = Instant::now();
        // The cast to 32 bits makes the stamp wrap.
        let elapsed = now.duration_since(self.started);
        self.now = Stamp(elapsed.as_millis() as u32);
        self.now_ns = elapsed.as_nanos() as u64;
        now
    }

    pub fn now(&self) -> Stamp {
        self.now
    }

    /// Returns the nanoseconds from the shard's start to the last [`refresh`](Clock::refresh). The
    /// number does not wrap.
    pub fn now_ns(&self) -> u64 {
        self.now_ns
    }

    /// Returns the moment `at_ns` nanoseconds after the shard's start.
    pub fn instant(&self, at_ns: u64) -> Instant {
        self.started + Duration::from_nanos(at_ns)
    }

    /// Returns the milliseconds that have passed since `stamp`.
    pub fn since_ms(&self, stamp: Stamp) -> u64 {
        u64::from(self.now.0.wrapping_sub(stamp.0))
    }

    /// True if `timeout_ms` milliseconds have passed since `stamp`.
    pub fn is_over(&self, stamp: Stamp, timeout_ms: u64) -> bool {
        self.since_ms(stamp) >= timeout_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamp_is_moved_over_the_wrap() {
        let mut clock = Clock::start();
        clock.now = Stamp(5);
        let before_the_wrap = Stamp(u32::MAX - 4);
        assert_eq!(clock.since_ms(before_the_wrap), 10);
        assert_eq!(clock.since_ms(before_the_wrap.later_by(7)), 3);
    }
}
