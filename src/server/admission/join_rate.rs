//! The rate of joins: whether one may be answered now, by one bucket for all shards.
//!
//! A place is taken when a join is answered, and not when it comes. So the shards decide whose join
//! is the next, and a join that is refused gives its place back.

use std::sync::atomic::Ordering;

use super::Admission;
use crate::server::limits::limit::Limit;
use crate::server::limits::token_bucket::RefillRate;

impl Admission {
    /// Takes the place of a join that is answered now.
    ///
    /// # Errors
    /// No place is free, and the limit bites: the nanoseconds until one is free.
    pub fn take_join(&self, now_ns: u64) -> Result<(), u64> {
        let limits = self.lock();
        let (limit, observe) = (Limit::JoinsPerSecond, limits.observe);
        let rate = limits.rate(limit);
        let (used_ns, taken) = self.take_place(now_ns, rate);
        // The lock is held until here. Otherwise a token taken at the old rate after a change would
        // be owed at the new rate.
        drop(limits);
        self.meters.note(observe, limit, used_ns, rate.burst_ns());
        match taken {
            Err(_) if observe.contains(limit) => {
                self.meters.exceeded(observe, limit);
                Ok(())
            }
            taken => taken,
        }
    }

    /// True if a join that came now would wait for its place.
    pub fn joins_wait(&self, now_ns: u64) -> bool {
        let rate = self.lock().rate(Limit::JoinsPerSecond);
        wait_ns(self.used_ns(now_ns, rate), rate) > 0
    }

    /// Gives back the place of a join that was refused, or whose client has gone.
    pub fn give_back_join(&self) {
        let one_ns = self.lock().rate(Limit::JoinsPerSecond).one_ns();
        let relaxed = Ordering::Relaxed;
        let less = |full_at_ns: u64| Some(full_at_ns.saturating_sub(one_ns));
        let _ = self.joins_full_at_ns.fetch_update(relaxed, relaxed, less);
    }

    /// Notes whether joins of a shard wait for a place.
    pub fn wants_place(&self, wants: bool) {
        match wants {
            true => self.shards_in_want.fetch_add(1, Ordering::Relaxed),
            false => self.shards_in_want.fetch_sub(1, Ordering::Relaxed),
        };
    }

    /// Returns the time in which each other shard whose joins wait gets a place, in nanoseconds. A
    /// shard that has just had places leaves the next ones to them.
    pub fn others_turn_ns(&self) -> u64 {
        let shards = self.shards_in_want.load(Ordering::Relaxed);
        let one_ns = self.lock().rate(Limit::JoinsPerSecond).one_ns();
        (shards as u64).saturating_sub(1) * one_ns
    }

    /// Takes a place if one is free. Returns the time in which the missing tokens of the bucket are
    /// earned, this join's included.
    fn take_place(&self, now_ns: u64, rate: RefillRate) -> (u64, Result<(), u64>) {
        let relaxed = Ordering::Relaxed;
        let used_ns = |full_at_ns: u64| full_at_ns.saturating_sub(now_ns) + rate.one_ns();
        let taken = self
            .joins_full_at_ns
            .fetch_update(relaxed, relaxed, |full_at_ns| {
                let used_ns = used_ns(full_at_ns);
                (wait_ns(used_ns, rate) == 0).then_some(now_ns + used_ns)
            });
        let (Ok(before) | Err(before)) = taken;
        let used_ns = used_ns(before);
        let taken = taken.map(drop).map_err(|_| wait_ns(used_ns, rate));
        (used_ns, taken)
    }

    fn used_ns(&self, now_ns: u64, rate: RefillRate) -> u64 {
        let full_at_ns = self.joins_full_at_ns.load(Ordering::Relaxed);
        full_at_ns.saturating_sub(now_ns) + rate.one_ns()
    }

    /// Forgives the debt of the bucket when the rate changes to `rate`. The bucket is kept as a
    /// time, which would mean another number of joins at the new rate.
    pub(super) fn forgive_joins(&self, now_ns: u64, rate: RefillRate) {
        let empty_ns = now_ns + rate.burst_ns();
        self.joins_full_at_ns.fetch_min(empty_ns, Ordering::Relaxed);
    }
}

fn wait_ns(used_ns: u64, rate: RefillRate) -> u64 {
    used_ns.saturating_sub(rate.burst_ns())
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
    fn joins_beyond_the_burst_wait_for_the_next_place_and_take_none() {
        let joins = Admission::new(1, &ServerLimits::default());
        let take = |now: u64| joins.take_place(now, rate()).1;
        assert!((0..10).all(|_| take(0).is_ok()));
        assert_eq!(
            [take(0), take(0), take(MS / 2)],
            [Err(MS), Err(MS), Err(MS / 2)]
        );
        assert_eq!([take(MS), take(MS)], [Ok(()), Err(MS)]);
    }

    #[test]
    fn refused_join_gives_its_place_back_and_no_more() {
        let limits = ServerLimits::default()
            .with_max(Limit::JoinsPerSecond, 1)
            .with_burst(Limit::JoinsPerSecond, 2);
        let joins = Admission::new(1, &limits);
        for _ in 0..100 {
            assert_eq!(joins.take_join(0), Ok(()));
            joins.give_back_join();
        }
        joins.give_back_join();
        assert_eq!([joins.take_join(0), joins.take_join(0)], [Ok(()), Ok(())]);
        assert!(joins.take_join(0).is_err() && joins.joins_wait(0));
    }

    #[test]
    fn joins_taken_at_a_slow_rate_are_forgiven_at_another() {
        let joins = Admission::new(1, &ServerLimits::default());
        let slow = RefillRate::new(1, 10);
        let take = |now, rate| joins.take_place(now, rate).1;
        assert!((0..10).all(|_| take(0, slow).is_ok()));
        assert!(take(0, rate()).unwrap_err() > 1_000 * MS);
        joins.forgive_joins(0, rate());
        assert_eq!(take(0, rate()), Err(MS), "empty, and no more");
        joins.forgive_joins(0, slow);
        assert_eq!(take(MS, rate()), Ok(()), "nothing is given");
    }
}
