//! The server compared with the floor: the ratios as bars, and the delays of both.

use crate::report::direction::Direction;
use crate::report::plot::{Bar, Paint, bars};
use crate::report::representative::{Representative, floors, side_name};
use crate::report::setup;
use crate::report::units::ratio;
use crate::result::{Ratio, RunResult, Side};

use super::delays::{Curve, distributions};
use crate::report::html::document::Picture;

/// Returns the plots of a run against the floor: the ratios to each floor, and the delays.
pub(super) fn against_floor(result: &RunResult) -> Vec<Picture> {
    let sides = [Side::FloorBatch, Side::FloorSingle];
    let ratios = sides.into_iter().filter_map(|side| ratios(result, side));
    ratios.chain(overlaid(result)).collect()
}

fn ratios(result: &RunResult, floor: Side) -> Option<Picture> {
    let asked = setup::open_loop(result);
    let of_floor = result.ratios.iter().filter(|each| each.floor == floor);
    let all: Vec<Bar> = of_floor.map(|each| bar(each, asked)).collect();
    let words: Vec<String> = all
        .iter()
        .map(|bar| format!("{}: {}.", bar.name, bar.written))
        .collect();
    let floor = side_name(floor);
    Some(Picture {
        title: format!("The server as a multiple of the {floor}; the line is the floor"),
        words: words.join(" "),
        keys: Vec::new(),
        limits: Vec::new(),
        drawn: bars(&all, Some(1.0))?,
    })
}

/// Returns the bar of a ratio. Its name says which direction is better, because some bars should be
/// long and some short. Its colour shows the same where the rounds agree.
fn bar(each: &Ratio, asked: bool) -> Bar {
    let better = Direction::of_ratio(each.figure, asked);
    Bar {
        name: match better.words() {
            Some(way) => format!("{}, {way}", each.figure),
            None => each.figure.to_string(),
        },
        value: each.median,
        written: ratio(each.median),
        spread: Some((each.min, each.max)),
        paint: Paint::Meant(better.mood_of(each)),
    }
}

/// Returns the delays of each side's middle round. `None` if there is only one side.
fn overlaid(result: &RunResult) -> Option<Picture> {
    let own = Representative::of(result)?.middle()?;
    let others = floors(result)
        .into_iter()
        .filter(|floor| floor.side != own.side);
    let sides = std::iter::once(own).chain(others);
    let curves: Vec<Curve> = sides
        .filter_map(|each| {
            Some((
                side_name(each.side).to_owned(),
                each.delivery_latency.as_ref()?,
            ))
        })
        .collect();
    if curves.len() > 1 {
        distributions("Delay of each side", &curves)
    } else {
        None
    }
}
