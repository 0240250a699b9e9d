//! Runs side by side, each figure as a multiple of the first run's.
//!
//! If a run measured several times, the report names the measurement that represents it. If runs
//! had different settings, the report lists these.

mod compared_run;
mod comparison;
mod differences;
mod html;
mod rows;
mod side_by_side;
mod terminal;

pub use html::html;
pub use terminal::text;
