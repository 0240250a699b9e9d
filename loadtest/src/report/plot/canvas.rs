//! The canvas of a plot: its sizes, its letters, and the drawing as SVG.

use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea, SVGBackend};

/// Height of letters. The backend writes less: 12.1 in the picture.
pub(super) const LETTERS: u32 = 15;

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

pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
pub(super) type DrawError = DrawingAreaErrorKind<std::io::Error>;

/// A drawing as `<svg …>…</svg>`. What cannot be drawn is left out: the table says the same.
pub(super) fn drawing(
    size: Size,
    draw: impl FnOnce(&Area) -> Result<(), DrawError>,
) -> Option<String> {
    let mut svg = String::new();
    let drawn = {
        let area = SVGBackend::with_string(&mut svg, (size.width, size.height)).into_drawing_area();
        draw(&area).and_then(|()| area.present())
    };
    drawn.is_ok().then_some(svg)
}
