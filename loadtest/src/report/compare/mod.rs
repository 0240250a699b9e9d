//! Runs side by side, each figure as a multiple of the first run's.
//!
//! Where a run measured several times, what stands for it is said; where runs were not asked for
//! the same, that is said too.

mod compared_run;
mod comparison;
mod differences;
mod html;
mod rows;
mod side_by_side;
mod terminal;

pub use html::html;
pub use terminal::text;
