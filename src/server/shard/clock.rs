//! The time of a shard, read once a turn, and stamps of 32 bits that deadlines are measured from.
//!
//! A deadline that judges a client counts only time in which the shard could have heard the client,
//! so of the time between two turns a stamp moves by [`COUNTED_A_LOOK`] at most.

use std::time::{Duration, Instant};

use crate::server::limits::wait_clock::{COUNTED_A_LOOK, WaitClock};

/// Most time of a standstill for which rates earn tokens afterwards.
const EARNING_STANDSTILL: Duration = Duration::from_secs(60);

/// Milliseconds since the shard started, in 32 bits, without the time in which it stood still.
/// Stamps are compared by their distance, which wraps after 49.7 days (2^32 ms). The longest time
/// that a limit can have is 1 ms shorter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
    /// The time that counts for deadlines.
    heard: WaitClock,
    standstill: Standstill,
}

/// The last time in which the shard stood still, in nanoseconds since the shard's start.
#[derive(Clone, Copy, Debug, Default)]
struct Standstill {
    began_ns: u64,
    /// The end of the time in which clients may send what they could not while the shard stood
    /// still.
    made_up_ns: u64,
}

impl Clock {
    pub fn start() -> Clock {
        let started = Instant::now();
        Clock {
            started,
            now: Stamp(0),
            now_ns: 0,
            heard: WaitClock::begin(started),
            standstill: Standstill::default(),
        }
    }

    /// Reads the system's clock, once a turn, and returns the present time.
    pub fn refresh(&mut self) -> Instant {
        let now = Instant::now();
        self.pass_to(now);
        now
    }

    pub(crate) fn pass_to(&mut self, now: Instant) {
        let before_ns = self.now_ns;
        self.now_ns = now.duration_since(self.started).as_nanos() as u64;
        let passed = self.heard.look(now);
        if passed > COUNTED_A_LOOK {
            self.standstill = Standstill {
                began_ns: before_ns,
                made_up_ns: self.now_ns + passed.min(EARNING_STANDSTILL).as_nanos() as u64,
            };
        }
        // The cast to 32 bits makes the stamp wrap.
        self.now = Stamp(self.heard.until_look().as_millis() as u32);
    }

    /// Returns the moment from which a rate earns tokens that a client takes now: this moment. For
    /// some time after a standstill it is the standstill's beginning. What clients sent meanwhile
    /// comes all at once, and would otherwise count as sent at once.
    pub fn earning_from_ns(&self) -> u64 {
        match self.makes_up() {
            true => self.standstill.began_ns,
            false => self.now_ns,
        }
    }

    /// True if clients may still send what they could not while the shard stood still.
    pub fn makes_up(&self) -> bool {
        self.now_ns < self.standstill.made_up_ns
    }

    /// Returns how long before this moment the moment of
    /// [`earning_from_ns`](Self::earning_from_ns) is, for rates on another clock.
    pub fn earning_ns(&self) -> u64 {
        self.now_ns - self.earning_from_ns()
    }

    /// Returns the time since the shard's start in which it could have heard its clients: what
    /// counts for deadlines.
    pub fn heard(&self) -> WaitClock {
        self.heard
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

    #[test]
    fn standstill_counts_as_little_more_than_a_second() {
        let mut clock = Clock::start();
        let (start, stamp) = (clock.started, clock.now());
        clock.pass_to(start + Duration::from_millis(900));
        assert_eq!(clock.since_ms(stamp), 900);
        clock.pass_to(start + Duration::from_millis(60_900));
        assert_eq!(clock.since_ms(stamp), 2_000);
        assert_eq!(clock.now_ns(), 60_900_000_000);
        clock.pass_to(start + Duration::from_millis(61_000));
        assert_eq!(clock.since_ms(stamp), 2_100);
        let heard = clock.heard().until_look();
        assert_eq!(heard, Duration::from_millis(2_100));
    }

    #[test]
    fn rates_earn_for_a_standstill_as_long_as_it_took_and_no_longer() {
        let mut clock = Clock::start();
        let ms = |ms: u64| (clock.started + Duration::from_millis(ms), ms * 1_000_000);
        let [(before, before_ns), (after, _), (late, late_ns)] = [ms(500), ms(5_500), ms(10_500)];
        clock.pass_to(before);
        assert_eq!(
            (clock.earning_from_ns(), clock.earning_ns()),
            (before_ns, 0)
        );
        clock.pass_to(after);
        assert_eq!(clock.earning_from_ns(), before_ns);
        assert_eq!(clock.earning_ns(), 5_000_000_000);
        for step in 0..5 {
            clock.pass_to(after + Duration::from_secs(step));
        }
        clock.pass_to(late);
        assert_eq!(clock.earning_from_ns(), late_ns);
    }
}
