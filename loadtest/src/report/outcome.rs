//! Decisions whether a report has figures, and whether a broken step is a failure.

use crate::result::{Ended, RunResult};

/// True if the run was interrupted before anything was measured, so a report has no figures.
pub(super) fn nothing_came_of_it(result: &RunResult) -> bool {
    result.ended == Ended::Interrupted && result.measurements.is_empty()
}

/// True if the run is a ramp of which some step held. A ramp raises the load until something
/// breaks, so the break is its result and not a failure.
pub(super) fn breaks_on_purpose(result: &RunResult) -> bool {
    result
        .ramp
        .as_ref()
        .is_some_and(|ramp| ramp.last_held.is_some())
}
