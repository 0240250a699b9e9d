//! Placeholder colours of plots, which the style sheet of a page maps to the reader's colours.

use plotters::prelude::RGBColor;

/// Letters, and lines that must be seen.
pub(super) const INK: RGBColor = RGBColor(1, 1, 1);

/// Lines of the grid.
pub(super) const GRID: RGBColor = RGBColor(2, 2, 2);

/// Limits, and values that are worse.
pub(super) const BAD: RGBColor = RGBColor(3, 3, 3);

/// Values that are better.
pub(super) const GOOD: RGBColor = RGBColor(4, 4, 4);

/// Values that are neither better nor worse.
pub(super) const QUIET: RGBColor = RGBColor(5, 5, 5);

/// Number of series that the style sheet distinguishes, by colour and by dashes.
pub(super) const SERIES: usize = 6;

/// Returns the placeholder of a series.
pub(super) const fn series(index: usize) -> RGBColor {
    RGBColor(16 + (index % SERIES) as u8, 0, 0)
}

/// Returns the placeholder of a series, as the backend writes it.
pub(in crate::report) fn series_colour(index: usize) -> String {
    written(series(index))
}

/// Returns the placeholder of a limit, as the backend writes it.
pub(in crate::report) fn limit_colour() -> String {
    written(BAD)
}

fn written(RGBColor(red, green, blue): RGBColor) -> String {
    format!("#{red:02X}{green:02X}{blue:02X}")
}
