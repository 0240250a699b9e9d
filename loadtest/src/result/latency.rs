//! A distribution of times: percentiles, and enough of the shape to draw it.

use hdrhistogram::Histogram;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A distribution of times, in microseconds. Values are recorded with three significant digits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Latency {
    /// The number of values.
    pub count: u64,
    /// The smallest value.
    pub min_us: u64,
    /// The mean of all values.
    pub mean_us: f64,
    /// The median.
    pub p50_us: u64,
    /// The 90th percentile.
    pub p90_us: u64,
    /// The 99th percentile.
    pub p99_us: u64,
    /// The 99.9th percentile.
    pub p999_us: u64,
    /// The largest value.
    pub max_us: u64,
    /// The shape of the distribution: at most 400 bins, in order of their times.
    pub distribution: Vec<Bin>,
}

/// A bin of the distribution: values that lie close together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bin {
    /// The upper end of the bin in microseconds: no value of this bin is larger.
    pub up_to_us: u64,
    /// The number of values in the bin.
    pub count: u64,
}

/// Most bins of a distribution: enough for a plot, and a few kilobytes of JSON.
const BINS_MAX: usize = 400;

impl Latency {
    /// Returns the distribution of a histogram. `None` if nothing was recorded.
    pub fn of(histogram: &Histogram<u64>) -> Option<Latency> {
        if histogram.is_empty() {
            return None;
        }
        let at = |quantile| histogram.value_at_quantile(quantile);
        Some(Latency {
            count: histogram.len(),
            min_us: histogram.min(),
            mean_us: histogram.mean(),
            p50_us: at(0.5),
            p90_us: at(0.9),
            p99_us: at(0.99),
            p999_us: at(0.999),
            max_us: histogram.max(),
            distribution: distribution(histogram),
        })
    }
}

impl Latency {
    /// Returns the time that a share of the values does not exceed, as exactly as the bins allow.
    pub fn quantile_us(&self, share: f64) -> u64 {
        let wanted = (share * self.count as f64).ceil() as u64;
        let mut seen = 0;
        let bins = self.distribution.iter();
        let mut reached = bins.skip_while(|bin| {
            seen += bin.count;
            seen < wanted
        });
        reached
            .next()
            .map_or(self.max_us, |bin| bin.up_to_us.min(self.max_us))
    }
}

/// Returns the bins. Neighbouring bins are joined in pairs until there are at most [`BINS_MAX`].
fn distribution(histogram: &Histogram<u64>) -> Vec<Bin> {
    let recorded = histogram.iter_recorded();
    let mut bins: Vec<Bin> = recorded
        .map(|step| Bin {
            up_to_us: step.value_iterated_to(),
            count: step.count_since_last_iteration(),
        })
        .collect();
    while bins.len() > BINS_MAX {
        let pairs = bins.chunks(2).map(|pair| Bin {
            up_to_us: pair[pair.len() - 1].up_to_us,
            count: pair.iter().map(|bin| bin.count).sum(),
        });
        bins = pairs.collect();
    }
    bins
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distribution_has_every_value_and_few_bins() {
        let mut histogram = Histogram::new_with_bounds(1, 3_600_000_000, 3).unwrap();
        for value in (1..2_000_000).step_by(37) {
            histogram.record(value).unwrap();
        }
        let latency = Latency::of(&histogram).unwrap();
        assert!((BINS_MAX / 2..=BINS_MAX).contains(&latency.distribution.len()));
        let counted: u64 = latency.distribution.iter().map(|bin| bin.count).sum();
        assert_eq!(counted, histogram.len());
        assert!(latency.distribution.is_sorted_by_key(|bin| bin.up_to_us));
        assert!(latency.distribution.last().unwrap().up_to_us >= latency.p999_us);
        let p99_us = latency.quantile_us(0.99) as f64;
        assert!(
            (p99_us / latency.p99_us as f64 - 1.0).abs() < 0.02,
            "{p99_us}"
        );
        assert_eq!(latency.quantile_us(1.0), latency.max_us);
    }

    #[test]
    fn latency_of_nothing_recorded_is_none() {
        assert_eq!(Latency::of(&Histogram::new(3).unwrap()), None);
    }
}
