//! What several threads measure, counted by powers of two from 8 µs to 1 s.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The smallest bound, as a power of two of microseconds: 8 µs, more than an HMAC takes.
const LEAST_BITS: u32 = 3;

/// Number of bounds. Each is twice the one before; the last is 1.05 s.
const BOUNDS: usize = 18;

/// A histogram with any number of writers. The one of a shard has a single writer and is cheaper.
#[derive(Debug, Default)]
pub(crate) struct SharedDurations {
    /// Counts by bound. The last bucket is for durations over all bounds.
    buckets: [AtomicU64; BOUNDS + 1],
    sum_ns: AtomicU64,
}

/// The content of such a histogram.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DurationCounts {
    /// Each bucket's upper bound in seconds, and the count of durations in this bucket alone.
    pub buckets: [(f64, u64); BOUNDS + 1],
    pub sum_seconds: f64,
}

impl SharedDurations {
    pub fn note(&self, duration: Duration) {
        let us = duration.as_micros() as u64;
        // A duration that equals a bound falls into the bucket below that bound.
        let bits = u64::BITS - us.saturating_sub(1).leading_zeros();
        let at = bits.saturating_sub(LEAST_BITS) as usize;
        self.buckets[at.min(BOUNDS)].fetch_add(1, Ordering::Relaxed);
        let ns = duration.as_nanos() as u64;
        self.sum_ns.fetch_add(ns, Ordering::Relaxed);
    }

    pub fn read(&self) -> DurationCounts {
        let bound = |at: usize| match at {
            BOUNDS => f64::INFINITY,
            _ => (1_u64 << (LEAST_BITS + at as u32)) as f64 / 1e6,
        };
        let count = |at: usize| self.buckets[at].load(Ordering::Relaxed);
        DurationCounts {
            buckets: std::array::from_fn(|at| (bound(at), count(at))),
            sum_seconds: self.sum_ns.load(Ordering::Relaxed) as f64 / 1e9,
        }
    }
}

impl DurationCounts {
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|(_, count)| count).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_of_several_threads_fall_under_the_first_bound_that_fits() {
        let us = Duration::from_micros;
        let table = [
            (us(0), 0.000_008),
            (us(8), 0.000_008),
            (us(9), 0.000_016),
            (us(1_048_576), 1.048_576),
            (us(1_048_577), f64::INFINITY),
            (Duration::from_secs(1 << 40), f64::INFINITY),
        ];
        for (duration, bound) in table {
            let durations = SharedDurations::default();
            std::thread::scope(|scope| {
                (0..2).for_each(|_| drop(scope.spawn(|| durations.note(duration))));
            });
            let read = durations.read();
            assert_eq!(read.count(), 2);
            assert!(read.buckets.contains(&(bound, 2)), "{duration:?}");
        }
    }
}
