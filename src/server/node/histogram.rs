//! Stats that one thread writes and any thread may read: numbers, and histograms of durations.
//!
//! The writer loads and stores without a lock. It waits for another core only when that core has
//! just read the cache line.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A number with one writer.
#[derive(Debug, Default)]
pub(crate) struct Figure(AtomicU64);

impl Figure {
    pub fn add(&self, more: u64) {
        self.set(self.read() + more);
    }

    pub fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    pub fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The smallest bound, as a power of two of microseconds: 32 µs.
const FIRST_BITS: u32 = 5;

/// Number of bounds. Each bound is twice the one before; the last is 8.4 s.
const BOUNDS: usize = 19;

/// Durations noted by one writer, counted by powers of two.
#[derive(Debug, Default)]
pub(crate) struct Histogram {
    /// Counts by bound. The last bucket is for durations over all bounds.
    buckets: [Figure; BOUNDS + 1],
    sum_ns: Figure,
}

/// The content of a histogram at some moment, or the sum of several.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Durations {
    /// Each bucket's upper bound in seconds, and the count of durations in this bucket alone.
    pub buckets: [(f64, u64); BOUNDS + 1],
    pub sum_seconds: f64,
}

impl Histogram {
    pub fn observe(&self, duration: Duration) {
        let us = duration.as_micros() as u64;
        // A duration that equals a bound falls into the bucket below that bound.
        let bits = u64::BITS - us.saturating_sub(1).leading_zeros();
        let at = bits.saturating_sub(FIRST_BITS) as usize;
        self.buckets[at.min(BOUNDS)].add(1);
        self.sum_ns.add(duration.as_nanos() as u64);
    }

    /// Adds the histogram's content to `sum`.
    pub fn add_to(&self, sum: &mut Durations) {
        for (at, (bucket, (bound, count))) in self.buckets.iter().zip(&mut sum.buckets).enumerate()
        {
            *bound = match at {
                BOUNDS => f64::INFINITY,
                _ => (1_u64 << (FIRST_BITS + at as u32)) as f64 / 1e6,
            };
            *count += bucket.read();
        }
        sum.sum_seconds += self.sum_ns.read() as f64 / 1e9;
    }
}

impl Durations {
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|(_, count)| count).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duration_is_counted_under_the_first_bound_that_is_not_shorter() {
        let fallen_below = |duration| {
            let (histogram, mut sum) = (Histogram::default(), Durations::default());
            histogram.observe(duration);
            histogram.add_to(&mut sum);
            assert_eq!(sum.count(), 1);
            let fell = sum.buckets.iter().find(|(_, count)| *count == 1);
            fell.map(|(bound, _)| *bound).unwrap()
        };
        let us = Duration::from_micros;
        let table = [
            (us(0), 0.000_032),
            (us(32), 0.000_032),
            (us(33), 0.000_064),
            (us(64), 0.000_064),
            (us(1_000), 0.001_024),
            (us(8_388_608), 8.388_608),
            (us(8_388_609), f64::INFINITY),
            (Duration::from_secs(1 << 40), f64::INFINITY),
        ];
        for (duration, bound) in table {
            assert_eq!(fallen_below(duration), bound, "{duration:?}");
        }
    }

    #[test]
    fn histograms_add_up() {
        let mut sum = Durations::default();
        for ms in [1, 3] {
            let histogram = Histogram::default();
            histogram.observe(Duration::from_millis(ms));
            histogram.add_to(&mut sum);
        }
        assert_eq!((sum.count(), sum.sum_seconds), (2, 0.004));
    }
}
