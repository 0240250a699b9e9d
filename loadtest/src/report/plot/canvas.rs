//! The canvas of a plot: its sizes, its letters, and the drawing as SVG.

use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea, SVGBackend};

/// Height of letters. The backend writes a smaller height: 12.1 in the picture.
pub(super) const LETTERS: u32 = 15;

/// The size of a plot, in the picture's own pixels.
#[derive(Clone, Copy)]
pub(super) struct Size {
    pub width: u32,
    pub height: u32,
}

/// The size on a page.
pub(super) const WIDE: Size = Size {
    width: 760,
    height: 300,
};

/// The size on a phone.
pub(super) const NARROW: Size = Size {
    width: 340,
    height: 260,
};

pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
pub(super) type DrawError = DrawingAreaErrorKind<std::io::Error>;

/// Returns a drawing as `<svg …>…</svg>`. `None` if it fails: the tables have the same figures.
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
