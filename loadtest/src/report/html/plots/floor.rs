//! The server beside the floor: the ratios as bars, and their delays over each other.

use crate::report::plot::{Bar, bars};
use crate::report::standing::{Standing, floors, side_name};
use crate::report::units::ratio;
use crate::result::{Ratio, RunResult};

use super::{Curve, Picture, distributions};

/// What there is to draw of a run beside the floor.
pub(super) fn against_floor(result: &RunResult) -> Vec<Picture> {
    [ratios(&result.ratios), overlaid(result)]
        .into_iter()
        .flatten()
        .collect()
}

fn ratios(ratios: &[Ratio]) -> Option<Picture> {
    let bar = |each: &Ratio| Bar {
        name: format!("{} ÷ {}", each.figure, side_name(each.floor)),
        value: each.median,
        written: ratio(each.median),
        spread: Some((each.min, each.max)),
        series: 0,
    };
    let all: Vec<Bar> = ratios.iter().map(bar).collect();
    let words: Vec<String> = all
        .iter()
        .map(|bar| format!("{}: {}.", bar.name, bar.written))
        .collect();
    Some(Picture {
        title: "The server as a multiple of the floor; the line is the floor".to_owned(),
        words: words.join(" "),
        keys: Vec::new(),
        limits: Vec::new(),
        drawn: bars(&all, Some(1.0))?,
    })
}

/// The delays of each side's middle round. One side alone has its plot elsewhere.
fn overlaid(result: &RunResult) -> Option<Picture> {
    let own = Standing::of(result)?.middle()?;
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
