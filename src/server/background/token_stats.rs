//! Counts of tokens and of fetched keys, and the times that signatures took.

use std::time::Duration;

use super::issuer_counts::IssuerCounts;
use super::shared_histogram::{DurationCounts, SharedDurations};
use crate::credentials::Algorithm;

/// The counts of a server.
#[derive(Debug, Default)]
pub(crate) struct TokenStats {
    /// Verdicts: `ok`, `cached`, or the code of a refusal.
    pub tokens: IssuerCounts,
    /// Fetches of keys by their results.
    pub fetches: IssuerCounts,
    times: [SharedDurations; Algorithm::ALL.len()],
}

impl TokenStats {
    pub fn checked(&self, algorithm: Algorithm, time: Duration) {
        self.times[algorithm as usize].note(time);
    }

    /// Returns the times by algorithm, of those that a token had.
    pub fn times(&self) -> impl Iterator<Item = (Algorithm, DurationCounts)> {
        let algorithms = Algorithm::ALL.iter().zip(&self.times);
        algorithms
            .map(|(algorithm, times)| (*algorithm, times.read()))
            .filter(|(_, times)| times.count() > 0)
    }
}
