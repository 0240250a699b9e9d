//! The push rates of one member: a token bucket for each rule that has a rate.

use std::time::Instant;

use crate::channel::{Rate, Socket};
use crate::server::{RefillRate, TokenBucket};

/// The token buckets of one member in one room, by the places of the rules. They are made at the
/// member's first push under a rate.
#[derive(Clone, Debug)]
pub(super) struct PushRates {
    /// The moment from which the buckets count time.
    since: Instant,
    buckets: Vec<TokenBucket>,
}

impl PushRates {
    /// Returns full buckets that count time from `since`.
    fn full(since: Instant) -> PushRates {
        PushRates {
            since,
            buckets: Vec::new(),
        }
    }

    /// Returns the buckets of the member that `socket` belongs to, and makes them if there are
    /// none.
    pub fn of<'s>(socket: &'s mut Socket<'_>) -> &'s mut PushRates {
        if socket.assigns::<PushRates>().is_none() {
            let since = socket.sent_since();
            socket.assign(PushRates::full(since));
        }
        socket.assigns_mut().expect("assigned above")
    }

    /// Takes one push, which may have been sent since `from`, from the bucket of the rule at `at`.
    /// False if the bucket is empty.
    pub fn admits(&mut self, at: usize, rate: Rate, from: Instant) -> bool {
        self.admits_at(at, rate, from, Instant::now())
    }

    fn admits_at(&mut self, at: usize, rate: Rate, from: Instant, now: Instant) -> bool {
        if self.buckets.len() <= at {
            self.buckets.resize(at + 1, TokenBucket::default());
        }
        let ns = |moment: Instant| moment.saturating_duration_since(self.since).as_nanos() as u64;
        let rate = RefillRate::new(rate.per_second, rate.burst());
        self.buckets[at].try_take_since(ns(from), ns(now), rate)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn taken(rates: &mut PushRates, rate: Rate, now: Instant, tries: usize) -> usize {
        let admitted = (0..tries).filter(|_| rates.admits_at(0, rate, now, now));
        admitted.count()
    }

    #[test]
    fn bucket_gives_its_burst_at_once_and_its_rate_from_then_on() {
        let rate = Rate::per_second(10).with_burst(20);
        let mut bucket = PushRates::full(Instant::now());
        let start = bucket.since;
        assert_eq!(taken(&mut bucket, rate, start, 100), 20);
        for second in 1..=3 {
            let now = start + Duration::from_secs(second);
            assert_eq!(taken(&mut bucket, rate, now, 100), 10);
        }
        let long_after = start + Duration::from_secs(1000);
        assert_eq!(taken(&mut bucket, rate, long_after, 100), 20);
    }

    #[test]
    fn pushes_of_a_standstill_are_charged_as_they_were_sent() {
        let rate = Rate::per_second(10).with_burst(20);
        let mut bucket = PushRates::full(Instant::now());
        let start = bucket.since;
        assert_eq!(taken(&mut bucket, rate, start, 100), 20);
        let now = start + Duration::from_secs(6);
        let from = now - Duration::from_secs(3);
        let admitted = (0..100).filter(|_| bucket.admits_at(0, rate, from, now));
        assert_eq!(admitted.count(), 20 + 30);
        assert_eq!(taken(&mut bucket, rate, now, 100), 0);
    }

    #[test]
    fn new_rate_counts_from_where_the_bucket_is() {
        let slow = Rate::per_second(1).with_burst(2);
        let fast = Rate::per_second(1000).with_burst(5000);
        let mut bucket = PushRates::full(Instant::now());
        let start = bucket.since;
        assert_eq!(taken(&mut bucket, slow, start, 10), 2);
        assert_eq!(taken(&mut bucket, fast, start, 10_000), 3000);
        assert_eq!(taken(&mut bucket, slow, start, 10), 0);
        let second_later = start + Duration::from_secs(1);
        assert_eq!(taken(&mut bucket, slow, second_later, 10), 1);
    }

    #[test]
    fn pushes_taken_at_a_slow_rate_are_no_debt_at_another() {
        let slow = Rate::per_second(1).with_burst(100);
        let fast = Rate::per_second(1000).with_burst(10);
        let mut bucket = PushRates::full(Instant::now());
        let start = bucket.since;
        assert_eq!(taken(&mut bucket, slow, start, 1000), 100);
        assert_eq!(taken(&mut bucket, fast, start, 1000), 0);
        for ms in 1..=5 {
            let now = start + Duration::from_millis(ms);
            assert_eq!(taken(&mut bucket, fast, now, 1000), 1);
        }
    }
}
