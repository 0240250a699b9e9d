//! Colours of plots, as marks that the style sheet of a page maps to those of the reader.

use plotters::prelude::RGBColor;

/// Letters and what must be read.
pub(super) const INK: RGBColor = RGBColor(1, 1, 1);

/// Lines that help to read.
pub(super) const GRID: RGBColor = RGBColor(2, 2, 2);

/// A limit, and what is beyond it.
pub(super) const BAD: RGBColor = RGBColor(3, 3, 3);

/// What is as one wishes.
pub(super) const GOOD: RGBColor = RGBColor(4, 4, 4);

/// What is neither good nor bad.
pub(super) const QUIET: RGBColor = RGBColor(5, 5, 5);

/// How many series the style sheet distinguishes, by colour and by dashes.
pub(super) const SERIES: usize = 6;

/// The mark of a series.
pub(super) const fn series(index: usize) -> RGBColor {
    RGBColor(16 + (index % SERIES) as u8, 0, 0)
}

/// The mark of a series as the backend writes it.
pub(in crate::report) fn series_colour(index: usize) -> String {
    written(series(index))
}

/// The mark of a limit as the backend writes it.
pub(in crate::report) fn limit_colour() -> String {
    written(BAD)
}

fn written(RGBColor(red, green, blue): RGBColor) -> String {
    format!("#{red:02X}{green:02X}{blue:02X}")
}
