//! How often one member pushes: a token bucket for each rule that has a rate, among what its socket keeps.

use std::time::{Duration, Instant};

use super::rules::Rate;
use crate::channel::Socket;

/// The buckets of one member in one room, by the places of the rules. There from its first push under a rate.
#[derive(Clone, Debug, Default)]
pub(super) struct PushRates(Vec<TokenBucket>);

/// When a bucket will be full again is all there is to know of it. Under another rate it is at most empty.
#[derive(Clone, Copy, Debug, Default)]
struct TokenBucket {
    full_at: Option<Instant>,
}

impl PushRates {
    /// Those of `socket`'s member.
    pub fn of<'s>(socket: &'s mut Socket<'_>) -> &'s mut PushRates {
        if socket.assigns::<PushRates>().is_none() {
            socket.assign(PushRates::default());
        }
        socket.assigns_mut().expect("assigned above")
    }

    /// Whether the rule at `at` has a push left, which is taken.
    pub fn admits(&mut self, at: usize, rate: Rate) -> bool {
        if self.0.len() <= at {
            self.0.resize(at + 1, TokenBucket::default());
        }
        self.0[at].take(rate, Instant::now())
    }
}

impl TokenBucket {
    fn take(&mut self, rate: Rate, now: Instant) -> bool {
        let each = Duration::from_secs(1) / rate.per_second.max(1);
        let burst = rate.burst.max(1);
        let full_at = self.full_at.unwrap_or(now);
        // At most empty: what is missing from under a slower rate would be a debt of many seconds under this one.
        let full_at = full_at.clamp(now, now + each * burst);
        let has_one = full_at - now <= each * (burst - 1);
        self.full_at = Some(if has_one { full_at + each } else { full_at });
        has_one
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(bucket: &mut TokenBucket, rate: Rate, now: Instant, tries: usize) -> usize {
        (0..tries).filter(|_| bucket.take(rate, now)).count()
    }

    #[test]
    fn a_bucket_gives_its_burst_at_once_and_its_rate_from_then_on() {
        let rate = Rate {
            per_second: 10,
            burst: 20,
        };
        let (mut bucket, start) = (TokenBucket::default(), Instant::now());
        assert_eq!(taken(&mut bucket, rate, start, 100), 20);
        for second in 1..=3 {
            let now = start + Duration::from_secs(second);
            assert_eq!(taken(&mut bucket, rate, now, 100), 10);
        }
        let long_after = start + Duration::from_secs(1000);
        assert_eq!(taken(&mut bucket, rate, long_after, 100), 20);
    }

    #[test]
    fn another_rate_counts_from_where_the_bucket_is() {
        let slow = Rate {
            per_second: 1,
            burst: 2,
        };
        let fast = Rate {
            per_second: 1000,
            burst: 5000,
        };
        let (mut bucket, start) = (TokenBucket::default(), Instant::now());
        assert_eq!(taken(&mut bucket, slow, start, 10), 2);
        assert_eq!(taken(&mut bucket, fast, start, 10_000), 3000);
        assert_eq!(taken(&mut bucket, slow, start, 10), 0);
        let second_later = start + Duration::from_secs(1);
        assert_eq!(taken(&mut bucket, slow, second_later, 10), 1);
    }

    #[test]
    fn what_was_taken_at_a_slow_rate_is_no_debt_at_another() {
        let [slow, fast] =
            [(1, 100), (1000, 10)].map(|(per_second, burst)| Rate { per_second, burst });
        let (mut bucket, start) = (TokenBucket::default(), Instant::now());
        assert_eq!(taken(&mut bucket, slow, start, 1000), 100);
        assert_eq!(taken(&mut bucket, fast, start, 1000), 0);
        for ms in 1..=5 {
            let now = start + Duration::from_millis(ms);
            assert_eq!(taken(&mut bucket, fast, now, 1000), 1);
        }
    }

    #[test]
    fn a_rate_of_nothing_is_one_of_one() {
        let none = Rate {
            per_second: 0,
            burst: 0,
        };
        assert_eq!(taken(&mut TokenBucket::default(), none, Instant::now(), 10), 1);
    }
}
