//! The end of a run, where it decides whether there are any figures to report.

use crate::result::{Ended, RunResult};

/// Whether the run was interrupted before anything
/// was measured: nothing else can be reported of it.
pub(super) fn nothing_came_of_it(result: &RunResult) -> bool {
    result.ended == Ended::Interrupted && result.measurements.is_empty()
}

/// A ramp goes on until something breaks: what broke is its finding, not its failure, unless
/// nothing held before.
pub(super) fn breaks_on_purpose(result: &RunResult) -> bool {
    result
        .ramp
        .as_ref()
        .is_some_and(|ramp| ramp.last_held.is_some())
}
