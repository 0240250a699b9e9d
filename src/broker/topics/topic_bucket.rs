//! A bucket that the members of a topic share on all shards: one number, which every shard charges.

use super::sync::atomic::{AtomicU64, Ordering};

/// The moment at which a bucket will be full again, in nanoseconds of one clock for all shards.
/// Full at first.
#[derive(Debug, Default)]
pub(crate) struct SharedTokens(AtomicU64);

/// The two buckets of a topic. They take 16 bytes, and are touched only where the topic has rates.
#[derive(Debug, Default)]
pub(crate) struct TopicTokens {
    /// Messages.
    pub messages: SharedTokens,
    /// Bytes of payloads.
    pub bytes: SharedTokens,
}

impl SharedTokens {
    /// Takes what is earned in `cost_ns` nanoseconds, if so much is left in a bucket that becomes
    /// full in `burst_ns`. What it earned since `from_ns` is there beyond that: the message may
    /// have been sent since. Returns what is used then, as the time in which it is earned. Debt of
    /// an earlier, slower rate is forgiven for good.
    ///
    /// # Errors
    /// What would be used, if that is more than the bucket holds. Then nothing is taken.
    pub fn try_take(
        &self,
        from_ns: u64,
        now_ns: u64,
        cost_ns: u64,
        burst_ns: u64,
    ) -> Result<u64, u64> {
        let empty_ns = now_ns + burst_ns;
        let mut full_at_ns = self.0.load(Ordering::Relaxed);
        loop {
            let taken_ns = full_at_ns.max(from_ns).min(empty_ns) + cost_ns;
            let used_ns = taken_ns.saturating_sub(now_ns);
            let passes = used_ns <= burst_ns;
            if !passes && full_at_ns <= empty_ns {
                return Err(used_ns);
            }
            let new_ns = taken_ns.min(empty_ns);
            let order = Ordering::Relaxed;
            match self
                .0
                .compare_exchange_weak(full_at_ns, new_ns, order, order)
            {
                Ok(_) if passes => return Ok(used_ns),
                Ok(_) => return Err(used_ns),
                Err(other_ns) => full_at_ns = other_ns,
            }
        }
    }

    /// Gives back what was taken for something that does not happen.
    pub fn give_back(&self, cost_ns: u64) {
        self.0.fetch_sub(cost_ns, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn take_at(
        bucket: &SharedTokens,
        now_ns: u64,
        cost_ns: u64,
        burst_ns: u64,
    ) -> Result<u64, u64> {
        bucket.try_take(now_ns, now_ns, cost_ns, burst_ns)
    }

    #[test]
    fn bucket_gives_its_burst_once_to_all_threads_together() {
        let bucket = SharedTokens::default();
        let take = || (0..1_000).filter(|_| take_at(&bucket, SECOND, 10, 10_000).is_ok());
        let taken: usize = std::thread::scope(|scope| {
            let threads = [(); 4].map(|()| scope.spawn(|| take().count()));
            threads.map(|thread| thread.join().unwrap()).iter().sum()
        });
        assert_eq!(taken, 1_000);
    }

    #[test]
    fn bucket_earns_its_rate_and_a_refused_message_takes_nothing() {
        let bucket = SharedTokens::default();
        assert_eq!(take_at(&bucket, 0, 600, 1_000), Ok(600));
        assert_eq!(take_at(&bucket, 0, 600, 1_000), Err(1_200));
        assert_eq!(take_at(&bucket, 0, 400, 1_000), Ok(1_000));
        assert_eq!(take_at(&bucket, 100, 101, 1_000), Err(1_001));
        assert_eq!(take_at(&bucket, 100, 100, 1_000), Ok(1_000));
        assert_eq!(
            take_at(&bucket, SECOND, 1_000, 1_000),
            Ok(1_000),
            "no more than it holds"
        );
    }

    #[test]
    fn bucket_gives_what_it_earned_since_a_moment_once_and_its_burst_beside() {
        let bucket = SharedTokens::default();
        let take = |cost_ns| bucket.try_take(10_000, 15_000, cost_ns, 1_000);
        assert_eq!(take(4_000), Ok(0));
        assert_eq!(take(2_001), Err(1_001));
        assert_eq!(take(2_000), Ok(1_000));
        assert_eq!(take(1), Err(1_001));
        assert_eq!(take_at(&bucket, 15_001, 1, 1_000), Ok(1_000));
    }

    #[test]
    fn bucket_forgives_the_debt_of_a_slower_rate_and_takes_back_what_it_gave() {
        let bucket = SharedTokens::default();
        take_at(&bucket, 0, 100 * SECOND, 100 * SECOND).unwrap();
        assert_eq!(take_at(&bucket, 5, 1, 10), Err(11));
        assert_eq!(take_at(&bucket, 6, 1, 10), Ok(10), "forgiven once");
        bucket.give_back(1);
        assert_eq!(take_at(&bucket, 6, 2, 10), Err(11));
        assert_eq!(take_at(&bucket, 6, 1, 10), Ok(10));
    }
}
