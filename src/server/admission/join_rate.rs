//! The rate of joins: when the next join may be answered, by one bucket for all shards.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Admission;
use crate::server::limits::limit::Limit;
use crate::server::limits::token_bucket::RefillRate;

/// When a join may be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JoinTime {
    Now,
    /// The join is answered after this time.
    Later(Duration),
    /// The join would have to wait too long. It is refused after this time, because a quick refusal
    /// would only bring the next try.
    TooLate(Duration),
}

/// The place of a join in the bucket's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct JoinPlace {
    /// The wait for the place. `None` if the wait would be longer than allowed; then no place was
    /// taken.
    wait: Option<Duration>,
    /// The time in which the missing tokens of the bucket are earned, this join's included.
    used_ns: u64,
}

impl Admission {
    /// Returns when the next join may be answered, and takes its place.
    pub fn next_join(&self) -> JoinTime {
        let limits = self.lock();
        let observe = limits.observe;
        let rate = limits.rate(Limit::JoinsPerSecond);
        let is_observed = observe.contains(Limit::JoinsPerSecond);
        let wait_max = match is_observed {
            true => Duration::ZERO,
            false => Duration::from_millis(limits.wait_ms(Limit::JoinsPerSecond)),
        };
        let place = self.take_join(self.now_ns(), rate, wait_max);
        // The lock is held until here. Otherwise a token taken at the old rate after a change would
        // be owed at the new rate.
        drop(limits);
        let (limit, used_ns) = (Limit::JoinsPerSecond, place.used_ns);
        self.meters.note(observe, limit, used_ns, rate.burst_ns());
        if place.wait == Some(Duration::ZERO) {
            return JoinTime::Now;
        }
        match (
            self.meters.exceeded(observe, Limit::JoinsPerSecond),
            place.wait,
        ) {
            (false, _) => JoinTime::Now,
            (true, Some(wait)) => JoinTime::Later(wait),
            (true, None) => JoinTime::TooLate(wait_max),
        }
    }

    /// Takes the next free place, unless it is further away than `wait_max`.
    fn take_join(&self, now_ns: u64, rate: RefillRate, wait_max: Duration) -> JoinPlace {
        let used_ns = |full_at_ns: u64| full_at_ns.saturating_sub(now_ns) + rate.one_ns();
        let wait_ns = |used_ns: u64| used_ns.saturating_sub(rate.burst_ns());
        let wait_max_ns = wait_max.as_nanos() as u64;
        let relaxed = Ordering::Relaxed;
        let full_at_ns = &self.joins_full_at_ns;
        let taken = full_at_ns.fetch_update(relaxed, relaxed, |full_at_ns| {
            let used_ns = used_ns(full_at_ns);
            (wait_ns(used_ns) <= wait_max_ns).then_some(now_ns + used_ns)
        });
        let (Ok(before) | Err(before)) = taken;
        let used_ns = used_ns(before);
        let wait = Duration::from_nanos(wait_ns(used_ns));
        JoinPlace {
            wait: taken.is_ok().then_some(wait),
            used_ns,
        }
    }

    /// Forgives the debt of the bucket when the rate changes to `rate`. The debt is kept as a time,
    /// which would mean another number of joins at the new rate.
    pub(super) fn forgive_joins(&self, now_ns: u64, rate: RefillRate) {
        let empty_ns = now_ns + rate.burst_ns();
        self.joins_full_at_ns.fetch_min(empty_ns, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::limits::values::ServerLimits;

    const MS: u64 = 1_000_000;

    fn rate() -> RefillRate {
        RefillRate::new(1_000, 10)
    }

    #[test]
    fn joins_that_wait_get_places_in_turn_and_none_waits_longer_than_allowed() {
        let joins = Admission::new(1, &ServerLimits::default());
        let take = |now: u64| joins.take_join(now, rate(), Duration::from_millis(3)).wait;
        let ms = |ms| Some(Duration::from_millis(ms));
        assert!((0..10).all(|_| take(0) == ms(0)));
        assert_eq!([take(0), take(0), take(0)], [ms(1), ms(2), ms(3)]);
        assert_eq!([take(0), take(0)], [None, None]);
        assert_eq!(take(MS), ms(3), "a refused join took no place");
    }

    #[test]
    fn joins_taken_at_a_slow_rate_are_forgiven_at_another() {
        let joins = Admission::new(1, &ServerLimits::default());
        let wait_max = Duration::from_millis(3);
        let slow = RefillRate::new(1, 10);
        for _ in 0..20 {
            joins.take_join(0, slow, wait_max);
        }
        assert_eq!(joins.take_join(0, rate(), wait_max).wait, None);
        joins.forgive_joins(0, rate());
        let wait = joins.take_join(0, rate(), wait_max).wait;
        assert_eq!(wait, Some(Duration::from_millis(1)), "empty, and no more");
        joins.forgive_joins(0, slow);
        assert_eq!(
            joins.take_join(MS, rate(), wait_max).wait,
            wait,
            "nothing is given"
        );
    }
}
