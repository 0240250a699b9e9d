//! The plots of a result, and their words for readers that do not see them.

mod delays;
mod over_time;
mod picture;
mod ratios;
mod recovery;
mod steps;

use crate::report::representative::Representative;
use crate::result::RunResult;

use super::document::Picture;

pub(in crate::report) use delays::{Curve, distributions};

/// Returns all plots that the result has data for.
pub(super) fn all(result: &RunResult) -> Vec<Picture> {
    let mut pictures = Vec::new();
    pictures.extend(steps::steps(result));
    pictures.extend(ratios::against_floor(result));
    pictures.extend(result.restart.iter().flat_map(recovery::restart));
    if let Some(measurement) =
        Representative::of(result).and_then(|representative| representative.middle())
    {
        pictures.extend(delays::of_messages(measurement));
        pictures.extend(delays::of_joins(measurement));
        pictures.extend(over_time::over_time(&measurement.intervals));
    }
    pictures
}
