//! Bars to the right, each under its name, with the spread of the rounds as a thin line across its end.

use plotters::element::{PathElement, Rectangle, Text};
use plotters::prelude::{Color, ShapeStyle};
use plotters::style::IntoTextStyle;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::{Area, DrawError, INK, LETTERS, NARROW, Size, WIDE, drawing, series};

/// One bar.
pub(in crate::report) struct Bar {
    /// What it is, in a few words.
    pub name: String,
    /// How long it is.
    pub value: f64,
    /// The value as it is written at its end.
    pub written: String,
    /// The smallest and the largest of what it is the median of.
    pub spread: Option<(f64, f64)>,
    /// Which series it belongs to, for its colour.
    pub series: usize,
}

/// Room for a bar with its name above.
const ROW: u32 = 44;

/// Room for the value at the end of the longest bar.
const VALUE: u32 = 70;

/// Bars drawn for a page and for a phone. `mark` is the value that all are held against, drawn as a line from top to bottom.
/// `None` if there is nothing to draw.
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
    let scale = f64::from(size.width - VALUE) / longest;
    let x = |value: f64| (value * scale).round() as i32;
    for (index, bar) in bars.iter().enumerate() {
        draw_bar(area, bar, (index as u32 * ROW) as i32 + 4, &x)?;
    }
    if let Some(mark) = mark {
        let ends = vec![(x(mark), 2), (x(mark), size.height as i32 - 2)];
        area.draw(&PathElement::new(
            ends,
            ShapeStyle::from(&INK).stroke_width(1),
        ))?;
    }
    Ok(())
}

fn draw_bar(area: &Area, bar: &Bar, top: i32, x: &impl Fn(f64) -> i32) -> Result<(), DrawError> {
    let font = |side| {
        ("sans-serif", LETTERS)
            .into_text_style(area)
            .color(&INK)
            .pos(Pos::new(HPos::Left, side))
    };
    area.draw(&Text::new(bar.name.clone(), (0, top), font(VPos::Top)))?;
    let (upper, lower) = (top + 18, top + 34);
    area.draw(&Rectangle::new(
        [(0, upper), (x(bar.value).max(1), lower)],
        series(bar.series).filled(),
    ))?;
    let mut end = x(bar.value);
    if let Some((least, most)) = bar.spread {
        let middle = (upper + lower) / 2;
        let line = |points| PathElement::new(points, ShapeStyle::from(&INK).stroke_width(2));
        area.draw(&line(vec![(x(least), middle), (x(most), middle)]))?;
        for edge in [least, most] {
            area.draw(&line(vec![(x(edge), middle - 5), (x(edge), middle + 5)]))?;
        }
        end = end.max(x(most));
    }
    area.draw(&Text::new(
        bar.written.clone(),
        (end + 8, (upper + lower) / 2),
        font(VPos::Center),
    ))
}
