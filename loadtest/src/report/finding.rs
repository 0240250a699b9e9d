//! A finding: a sentence that a report shows before any figure.

use crate::result::Severity;

/// What an objective says that nothing was observed of: it is broken, but no figure broke it.
pub(super) const NOTHING_OBSERVED: &str = "nothing was observed";

/// Something to say before any figure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// A sentence.
    pub text: String,
}
