//! Plots as SVG: lines over axes, and bars. Each is drawn twice, for a page and for a phone, so that letters keep their size.
//! Colours are marks that the page's style sheet maps to those of the reader's colour scheme.

mod axis;
mod bars;
mod lines;

use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea, RGBColor, SVGBackend};

pub(super) use axis::{Axis, percentile_of};
pub(super) use bars::{Bar, Paint, bars};
pub(super) use lines::{Lines, Series};

/// Letters and what must be read.
const INK: RGBColor = RGBColor(1, 1, 1);

/// Lines that help to read.
const GRID: RGBColor = RGBColor(2, 2, 2);

/// A limit, and what is beyond it.
const BAD: RGBColor = RGBColor(3, 3, 3);

/// What is as one wishes.
const GOOD: RGBColor = RGBColor(4, 4, 4);

/// What is neither good nor bad.
const QUIET: RGBColor = RGBColor(5, 5, 5);

/// How many series the style sheet tells apart, by colour and by dashes.
pub(super) const SERIES: usize = 6;

/// The mark of a series.
const fn series(index: usize) -> RGBColor {
    RGBColor(16 + (index % SERIES) as u8, 0, 0)
}

/// The mark of a series as the backend writes it.
pub(super) fn series_colour(index: usize) -> String {
    written(series(index))
}

/// The mark of a limit as the backend writes it.
pub(super) fn limit_colour() -> String {
    written(BAD)
}

fn written(RGBColor(red, green, blue): RGBColor) -> String {
    format!("#{red:02X}{green:02X}{blue:02X}")
}

/// Height of letters. The backend writes less: 12.1 in the picture.
const LETTERS: u32 = 15;

/// How large a plot is drawn, in the picture's own pixels.
#[derive(Clone, Copy)]
pub(super) struct Size {
    pub width: u32,
    pub height: u32,
}

/// On a page.
pub(super) const WIDE: Size = Size {
    width: 760,
    height: 300,
};

/// On a phone.
pub(super) const NARROW: Size = Size {
    width: 340,
    height: 260,
};

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type DrawError = DrawingAreaErrorKind<std::io::Error>;

/// A drawing as `<svg …>…</svg>`. What cannot be drawn is left out: the table says the same.
fn drawing(size: Size, draw: impl FnOnce(&Area) -> Result<(), DrawError>) -> Option<String> {
    let mut svg = String::new();
    let drawn = {
        let area = SVGBackend::with_string(&mut svg, (size.width, size.height)).into_drawing_area();
        draw(&area).and_then(|()| area.present())
    };
    drawn.is_ok().then_some(svg)
}
