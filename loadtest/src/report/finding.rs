//! Sentences that a report shows before any figure.

use crate::result::Severity;

/// The observed value of an objective that is broken for want of a figure.
pub(super) const NOTHING_OBSERVED: &str = "nothing was observed";

/// A sentence to show before any figure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Whether the finding is a failure or a warning.
    pub severity: Severity,
    /// The sentence.
    pub text: String,
}
