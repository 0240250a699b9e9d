//! How long the jobs of the background threads took, by kind.

use std::time::Duration;

use strum::VariantArray;

use super::shared_histogram::{DurationCounts, SharedDurations};

/// What a job is for. Its name is a label of the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum JobKind {
    /// The signature of a token is checked.
    TokenCheck,
}

impl JobKind {
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// The times of the jobs that ran, without the time that they waited.
#[derive(Debug, Default)]
pub(crate) struct JobStats([SharedDurations; JobKind::VARIANTS.len()]);

impl JobStats {
    pub fn note(&self, kind: JobKind, time: Duration) {
        self.0[kind as usize].note(time);
    }

    /// Returns the times of each kind.
    pub fn read(&self) -> impl Iterator<Item = (JobKind, DurationCounts)> {
        let kinds = JobKind::VARIANTS.iter().zip(&self.0);
        kinds.map(|(kind, durations)| (*kind, durations.read()))
    }
}
