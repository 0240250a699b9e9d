//! Drawings as SVG: lines over axes, and bars.
//!
//! Each plot is drawn twice, for a page and for a phone, so that letters keep their size. Its
//! colours are placeholders, which the page's style sheet maps to the reader's colour scheme.

mod axis;
mod bars;
mod canvas;
mod lines;
mod palette;

pub(super) use axis::{Axis, percentile_of};
pub(super) use bars::{Bar, Paint, bars};
pub(super) use lines::{Lines, Series};
pub(super) use palette::{limit_colour, series_colour};
