//! One bar for each name, with the spread of the rounds as a thin line across its end.

use plotters::element::{PathElement, Rectangle, Text};
use plotters::prelude::{Color, RGBColor, ShapeStyle};
use plotters::style::IntoTextStyle;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::canvas::{Area, DrawError, LETTERS, NARROW, Size, WIDE, drawing};
use super::palette::{BAD, GOOD, INK, QUIET, series};
use crate::report::table::Mood;

/// A bar of a plot.
pub(in crate::report) struct Bar {
    /// The name above the bar, in a few words.
    pub name: String,
    /// The length of the bar.
    pub value: f64,
    /// The value as text.
    pub written: String,
    /// The smallest and the largest of the values whose median the bar shows.
    pub spread: Option<(f64, f64)>,
    /// The colour of the bar.
    pub paint: Paint,
}

/// The meaning of a bar's colour. Nothing is shown by colour alone.
#[derive(Clone, Copy)]
pub(in crate::report) enum Paint {
    /// The number of the series that the bar belongs to.
    Series(usize),
    /// Whether the value is good, bad or neither.
    Meant(Mood),
}

impl Paint {
    fn mark(self) -> RGBColor {
        match self {
            Paint::Series(index) => series(index),
            Paint::Meant(Mood::Plain) => QUIET,
            Paint::Meant(Mood::Good) => GOOD,
            Paint::Meant(Mood::Bad) => BAD,
        }
    }
}

/// Height of a bar with its name above, in pixels.
const ROW: u32 = 44;

/// Empty pixels to the right of the longest bar.
const RIGHT: u32 = 4;

/// Returns the bars drawn for a page and for a phone. `mark` is a value to compare all bars with,
/// drawn as a line across each. `None` if there is nothing to draw.
pub(in crate::report) fn bars(bars: &[Bar], mark: Option<f64>) -> Option<(String, String)> {
    let longest = bars.iter().map(|bar| {
        bar.spread
            .map_or(bar.value, |(_, most)| most.max(bar.value))
    });
    let longest = longest.chain(mark).fold(0.0, f64::max);
    if bars.is_empty() || !longest.is_finite() || longest <= 0.0 {
        return None;
    }
    let at = |width: u32| {
        let size = Size {
            width,
            height: bars.len() as u32 * ROW + 8,
        };
        drawing(size, |area| draw_on(area, size, bars, mark, longest))
    };
    Some((at(WIDE.width)?, at(NARROW.width)?))
}

fn draw_on(
    area: &Area,
    size: Size,
    bars: &[Bar],
    mark: Option<f64>,
    longest: f64,
) -> Result<(), DrawError> {
    let scale = f64::from(size.width - RIGHT) / longest;
    let x = |value: f64| (value * scale).round() as i32;
    for (index, bar) in bars.iter().enumerate() {
        let top = (index as u32 * ROW) as i32 + 4;
        named(area, bar, size.width as i32, top)?;
        let height = (top + 18, top + 34);
        drawn(area, bar, height, &x)?;
        if let Some(mark) = mark {
            line(area, [(x(mark), height.0 - 3), (x(mark), height.1 + 3)])?;
        }
    }
    Ok(())
}

/// Draws the name at the left and the value at the right, above the bar, where they cross no line.
fn named(area: &Area, bar: &Bar, right: i32, top: i32) -> Result<(), DrawError> {
    let font = ("sans-serif", LETTERS).into_text_style(area).color(&INK);
    let to = |side| font.pos(Pos::new(side, VPos::Top));
    area.draw(&Text::new(bar.name.clone(), (0, top), to(HPos::Left)))?;
    area.draw(&Text::new(
        bar.written.clone(),
        (right, top),
        to(HPos::Right),
    ))
}

/// Draws the bar, and the spread of the values whose median it is.
fn drawn(
    area: &Area,
    bar: &Bar,
    (upper, lower): (i32, i32),
    x: &impl Fn(f64) -> i32,
) -> Result<(), DrawError> {
    let filled = bar.paint.mark().filled();
    area.draw(&Rectangle::new(
        [(0, upper), (x(bar.value).max(1), lower)],
        filled,
    ))?;
    let Some((least, most)) = bar.spread else {
        return Ok(());
    };
    let middle = (upper + lower) / 2;
    line(area, [(x(least), middle), (x(most), middle)])?;
    for edge in [x(least), x(most)] {
        line(area, [(edge, middle - 5), (edge, middle + 5)])?;
    }
    Ok(())
}

fn line(area: &Area, ends: [(i32, i32); 2]) -> Result<(), DrawError> {
    area.draw(&PathElement::new(
        ends.to_vec(),
        ShapeStyle::from(&INK).stroke_width(2),
    ))
}
