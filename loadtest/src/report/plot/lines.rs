//! Curves over two axes, with gaps where nothing was measured, and horizontal lines for limits.

use plotters::element::{Circle, PathElement};
use plotters::prelude::{
    Cartesian2d, ChartBuilder, ChartContext, Color, IntoFont, SVGBackend, ShapeStyle,
};
use plotters::style::TRANSPARENT;

use super::axis::Axis;
use super::canvas::{Area, DrawError, LETTERS, NARROW, Size, WIDE, drawing};
use super::palette::{BAD, GRID, INK, series};

/// A plot of lines.
pub(in crate::report) struct Lines<'a> {
    /// The axis to the right.
    pub x: Axis,
    /// The unit or name of the axis to the right, in a word or two.
    pub x_name: &'a str,
    /// The upward axis.
    pub y: Axis,
    /// The lines.
    pub series: Vec<Series>,
    /// Limits, drawn as horizontal lines at these values of the upward axis.
    pub limits: Vec<f64>,
}

/// One line, which may have gaps.
pub(in crate::report) struct Series {
    /// The pieces of the line, in coordinates of the axes.
    pub pieces: Vec<Vec<(f64, f64)>>,
    /// True if each point is marked, for lines with few points.
    pub dots: bool,
}

/// Pixels to the right of the axes, for the second half of the last number.
const RIGHT: u32 = 28;

type Coordinates = Cartesian2d<Axis, Axis>;
type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Coordinates>;

impl Series {
    /// Returns a line without gaps.
    pub fn whole(points: Vec<(f64, f64)>) -> Series {
        Series {
            pieces: vec![points],
            dots: false,
        }
    }

    /// Returns a line with a gap at each point without a value.
    pub fn with_gaps(points: impl IntoIterator<Item = (f64, Option<f64>)>) -> Series {
        let mut pieces = vec![Vec::new()];
        for (x, y) in points {
            match (y, pieces.last_mut()) {
                (Some(y), Some(piece)) => piece.push((x, y)),
                _ => pieces.push(Vec::new()),
            }
        }
        pieces.retain(|piece| !piece.is_empty());
        Series {
            pieces,
            dots: false,
        }
    }
}

impl Lines<'_> {
    /// Returns the plot drawn for a page and for a phone. `None` if it cannot be drawn.
    pub fn draw(&self) -> Option<(String, String)> {
        let at = |size: Size| drawing(size, |area| self.draw_on(area, size));
        Some((at(WIDE)?, at(NARROW)?))
    }

    fn draw_on(&self, area: &Area, size: Size) -> Result<(), DrawError> {
        let room = size.width.saturating_sub(self.label_width() + RIGHT);
        let mut chart = ChartBuilder::on(area)
            .margin_top(10)
            .margin_right(RIGHT)
            .margin_left(2)
            .x_label_area_size(44)
            .y_label_area_size(self.label_width())
            .build_cartesian_2d(self.x.clone().thinned(room), self.y.clone())?;
        self.mesh(&mut chart)?;
        for limit in &self.limits {
            self.limit(&mut chart, *limit)?;
        }
        for (index, each) in self.series.iter().enumerate() {
            draw_series(&mut chart, index, each)?;
        }
        Ok(())
    }

    /// Returns the width of the longest number of the upward axis, in pixels.
    fn label_width(&self) -> u32 {
        let longest = self
            .y
            .ticks
            .iter()
            .map(|(_, text)| text.chars().count())
            .max();
        longest.unwrap_or(0) as u32 * 7 + 12
    }

    fn mesh(&self, chart: &mut Chart) -> Result<(), DrawError> {
        let font = ("sans-serif", LETTERS).into_font().color(&INK);
        chart
            .configure_mesh()
            .axis_style(GRID)
            .bold_line_style(GRID)
            .light_line_style(TRANSPARENT)
            .label_style(font.clone())
            .axis_desc_style(font)
            .x_desc(self.x_name)
            .draw()
    }

    /// Draws a limit within the axis, which is made to contain all limits.
    fn limit(&self, chart: &mut Chart, at: f64) -> Result<(), DrawError> {
        if !(self.y.from..=self.y.to).contains(&at) {
            return Ok(());
        }
        let ends = vec![(self.x.from, at), (self.x.to, at)];
        chart.draw_series([PathElement::new(
            ends,
            ShapeStyle::from(&BAD).stroke_width(1),
        )])?;
        Ok(())
    }
}

fn draw_series(chart: &mut Chart, index: usize, each: &Series) -> Result<(), DrawError> {
    let colour = series(index);
    for piece in &each.pieces {
        let style = ShapeStyle::from(&colour).stroke_width(2);
        chart.draw_series([PathElement::new(piece.clone(), style)])?;
        if each.dots || piece.len() == 1 {
            let dot = |point: &(f64, f64)| Circle::new(*point, 3, colour.filled());
            chart.draw_series(piece.iter().map(dot))?;
        }
    }
    Ok(())
}
