//! Rate limits as a moment: when a bucket will be full again (generic cell rate algorithm).
//!
//! A bucket costs 8 bytes and no upkeep, so every connection can have its own.

/// A rate in the long run and a burst, both kept as times, because they are used with every read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RefillRate {
    /// The time in which one token is earned, in nanoseconds with a fraction of [`FRACTION_BITS`].
    one: u64,
    burst_ns: u64,
}

/// Bits of the fraction in [`RefillRate`]: enough to keep a rate of millions in a second to a
/// thousandth.
const FRACTION_BITS: u32 = 20;

impl RefillRate {
    /// Returns the rate of `per_second` tokens, and `burst` at once; 0 counts as 1.
    pub fn new(per_second: u32, burst: u32) -> RefillRate {
        let one = (1_000_000_000 << FRACTION_BITS) / u64::from(per_second.max(1));
        let burst_ns = times(one, burst.max(1));
        RefillRate { one, burst_ns }
    }

    /// Returns the time in which `count` tokens are earned.
    pub fn ns_of(self, count: u32) -> u64 {
        times(self.one, count)
    }

    /// Returns the time in which one token is earned.
    pub fn one_ns(self) -> u64 {
        self.ns_of(1)
    }

    /// Returns the time in which an empty bucket becomes full.
    pub fn burst_ns(self) -> u64 {
        self.burst_ns
    }
}

fn times(one: u64, count: u32) -> u64 {
    ((u128::from(one) * u128::from(count)) >> FRACTION_BITS) as u64
}

/// A bucket of tokens, full at first. Times are nanoseconds of the owner's clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TokenBucket {
    full_at_ns: u64,
}

impl TokenBucket {
    /// Takes `count` tokens, going into debt if too few are left. Returns how long the debt will
    /// last; 0 if there is none.
    pub fn take(&mut self, now_ns: u64, count: u32, rate: RefillRate) -> u64 {
        self.take_since(now_ns, now_ns, count, rate)
    }

    /// Like [`take`](TokenBucket::take), but for tokens that may have been taken since `from_ns`.
    /// What the bucket earned from then to `now_ns` is there beyond the burst.
    pub fn take_since(&mut self, from_ns: u64, now_ns: u64, count: u32, rate: RefillRate) -> u64 {
        self.full_at_ns = self.full_at_ns.max(from_ns) + rate.ns_of(count);
        self.used_ns(now_ns).saturating_sub(rate.burst_ns())
    }

    /// Forgives the debt. A client whose limit was only observed then owes nothing when the limit
    /// bites again.
    pub fn forgive(&mut self, now_ns: u64, rate: RefillRate) {
        self.full_at_ns = self.full_at_ns.min(now_ns + rate.burst_ns());
    }

    /// Takes a token, which may have been used since `from_ns`, if one is left. Any debt is
    /// forgiven first: at a new, slower rate it may stand for many seconds.
    pub fn try_take_since(&mut self, from_ns: u64, now_ns: u64, rate: RefillRate) -> bool {
        self.forgive(now_ns, rate);
        let has_one = self.wait_ns(now_ns, rate) == 0;
        if has_one {
            self.take_since(from_ns, now_ns, 1, rate);
        }
        has_one
    }

    /// Returns how long until a token can be taken without debt.
    pub fn wait_ns(self, now_ns: u64, rate: RefillRate) -> u64 {
        (self.used_ns(now_ns) + rate.ns_of(1)).saturating_sub(rate.burst_ns())
    }

    /// Returns the time in which the missing tokens are earned; over [`RefillRate::burst_ns`] while
    /// the bucket is in debt.
    pub fn used_ns(self, now_ns: u64) -> u64 {
        self.full_at_ns.saturating_sub(now_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn rate() -> RefillRate {
        RefillRate::new(1_000, 10)
    }

    #[test]
    fn rate_is_kept_to_a_thousandth_whatever_it_is() {
        for per_second in [1, 3, 1_000, 1 << 20, 999_999_937, u32::MAX] {
            let rate = RefillRate::new(per_second, u32::MAX);
            let second = rate.ns_of(per_second).abs_diff(1_000_000_000);
            assert!(second <= 1_000_000, "{per_second}: {second}");
            assert_eq!(rate.burst_ns(), rate.ns_of(u32::MAX));
        }
        assert_eq!(RefillRate::new(0, 0), RefillRate::new(1, 1));
    }

    #[test]
    fn bucket_gives_its_burst_at_once_and_then_no_more_than_its_rate() {
        let mut bucket = TokenBucket::default();
        assert_eq!(bucket.take(0, 10, rate()), 0);
        assert_eq!(bucket.wait_ns(0, rate()), MS);
        assert_eq!(bucket.take(0, 5, rate()), 5 * MS, "a debt of five");
        assert_eq!(bucket.take(5 * MS, 0, rate()), 0, "is paid after five");
        let given = (0..1_000).filter(|ms| {
            let now = (5 + ms) * MS;
            let free = bucket.wait_ns(now, rate()) == 0;
            free && bucket.take(now, 1, rate()) == 0
        });
        assert_eq!(given.count(), 999);
        bucket.take(2_000 * MS, 1_000_000, rate());
        bucket.forgive(2_000 * MS, rate());
        assert_eq!(bucket.wait_ns(2_000 * MS, rate()), MS);
    }

    #[test]
    fn bucket_gives_what_it_earned_since_a_moment_once_and_its_burst_beside() {
        let mut bucket = TokenBucket::default();
        assert_eq!(bucket.take(0, 10, rate()), 0);
        let (from, now) = (10 * MS, 1_010 * MS);
        assert_eq!(bucket.take_since(from, now, 600, rate()), 0);
        assert_eq!(bucket.take_since(from, now, 410, rate()), 0);
        assert_eq!(bucket.take_since(from, now, 1, rate()), MS);
    }

    #[test]
    fn bucket_that_was_left_alone_holds_its_burst_and_not_more() {
        let mut bucket = TokenBucket::default();
        bucket.take(0, 10, rate());
        assert_eq!(bucket.take(3_600_000 * MS, 10, rate()), 0);
        assert_eq!(bucket.take(3_600_000 * MS, 1, rate()), MS);
    }
}
