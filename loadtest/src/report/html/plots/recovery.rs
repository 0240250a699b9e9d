//! Clients that were gone and clients that were back over time, and the delays of present clients.

use crate::report::plot::{Axis, Lines, Series};
use crate::report::units::{integer, plain, time};
use crate::result::{Moment, Restart};

use super::delays::{Curve, distributions};
use super::picture::picture;
use crate::report::html::document::Picture;

/// Returns the plots of a restart.
pub(super) fn restart(restart: &Restart) -> Vec<Picture> {
    [course(restart), delays(restart)]
        .into_iter()
        .flatten()
        .collect()
}

/// Most numbers of an axis.
const TICKS: usize = 5;

/// Returns a plot of two step lines: clients that lost the old server, and clients that are back.
fn course(restart: &Restart) -> Option<Picture> {
    let last = |moments: &[Moment]| moments.last().map(|moment| moment.at_seconds);
    let end = last(&restart.gone)
        .into_iter()
        .chain(last(&restart.returned));
    let end = end.fold(0.0, f64::max);
    if end == 0.0 {
        return None;
    }
    let lines = Lines {
        x: Axis::linear(end * 1.02, 10, plain),
        x_name: "seconds from the signal",
        y: Axis::linear(restart.clients as f64 * 1.08, TICKS, plain),
        series: [&restart.gone, &restart.returned]
            .map(|moments| Series::whole(stairs(moments, end)))
            .into(),
        limits: Vec::new(),
    };
    let words = format!(
        "{} of {} clients were back, the last of them {} after the signal.",
        integer(restart.back),
        integer(restart.clients),
        time(last(&restart.returned).unwrap_or_default() * 1e6)
    );
    let keys = ["gone from the old server", "back in their lobbies"];
    picture(
        "Who was back when",
        words,
        keys.map(str::to_owned).into(),
        &lines,
    )
}

/// Returns the points of a step line: from zero clients, level between moments, up to `end`.
fn stairs(moments: &[Moment], end: f64) -> Vec<(f64, f64)> {
    let mut points = vec![(0.0, 0.0)];
    let mut clients = 0.0;
    for moment in moments {
        points.push((moment.at_seconds, clients));
        clients = moment.clients as f64;
        points.push((moment.at_seconds, clients));
    }
    points.push((end, clients));
    points
}

fn delays(restart: &Restart) -> Option<Picture> {
    let named = restart.named_delays();
    let curves: Vec<Curve> = named
        .map(|(name, latency)| (name.to_owned(), latency))
        .collect();
    distributions("Delays of those that were there", &curves)
}
