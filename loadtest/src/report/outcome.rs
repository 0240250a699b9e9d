//! How a run ended, where that decides what is said of it at all.

use crate::result::{Ended, RunResult};

/// Whether somebody interrupted the run before anything was measured: there is nothing else to say
/// of it.
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
