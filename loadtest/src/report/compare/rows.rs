//! The compared figures, and the better direction of each.

use crate::report::direction::Direction;
use crate::report::representative::{Reading, Representative, above_zero};
use crate::report::setup;
use crate::report::units::{bytes, integer, number, rate, time};
use crate::result::{Count, Latency, Measurement};

use super::compared_run::ComparedRun;

/// A figure of all compared runs.
pub(super) struct Row {
    /// The figure's name.
    pub name: &'static str,
    /// The better direction of the figure.
    pub better: Direction,
    /// The value of each run, or `None` if the run has no such figure.
    pub values: Vec<Option<f64>>,
    /// Formats a value.
    pub write: fn(f64) -> String,
    /// Whether the figure is drawn, only listed, or a count of faults.
    pub kind: Kind,
}

/// The kind of a row.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A figure that is drawn as bars and listed in the table.
    Drawn,
    /// A figure that is listed in the table only.
    Figure,
    /// A count that should be zero.
    Fault,
}

/// What is better of a figure. A rate is no merit if any of the compared runs was asked for it.
#[derive(Clone, Copy)]
enum Better {
    /// Less is better.
    Less,
    /// More is better, unless a rate of messages was asked for. A ramp finds its rate itself.
    Messages,
    /// More is better, unless a rate of connects was asked for.
    Joins,
    /// The figure is no merit.
    Neither,
}

use Better::{Joins, Less, Messages, Neither};
use Kind::{Drawn, Figure};

/// A figure: its name, what of it is better, its format, its kind, its place in a measurement.
type Compared = (&'static str, Better, fn(f64) -> String, Kind, Reading);

/// A count of faults: its name, whether it is shown as proof even if it is zero, and its place in a
/// measurement.
type Counted = (&'static str, bool, fn(&Measurement) -> u64);

/// Figures shown as medians over the measurements that represent a run.
const FIGURES: [Compared; 17] = [
    ("deliveries", Messages, rate, Drawn, |each| {
        above_zero(each.throughput.deliveries_per_second)
    }),
    ("messages published", Messages, rate, Figure, |each| {
        above_zero(each.throughput.published_per_second)
    }),
    ("delivery p50", Less, time, Drawn, |each| {
        at(&each.delivery_latency, |latency| latency.p50_us)
    }),
    ("delivery p90", Less, time, Figure, |each| {
        at(&each.delivery_latency, |latency| latency.p90_us)
    }),
    ("delivery p99", Less, time, Drawn, |each| {
        at(&each.delivery_latency, |latency| latency.p99_us)
    }),
    ("delivery p99.9", Less, time, Figure, |each| {
        at(&each.delivery_latency, |latency| latency.p999_us)
    }),
    ("delivery max", Less, time, Figure, |each| {
        at(&each.delivery_latency, |latency| latency.max_us)
    }),
    ("last subscriber p99", Less, time, Drawn, |each| {
        at(&each.last_subscriber, |latency| latency.p99_us)
    }),
    ("reply p99", Less, time, Figure, |each| {
        at(&each.reply_latency, |latency| latency.p99_us)
    }),
    ("heartbeat p99", Less, time, Figure, |each| {
        at(&each.heartbeat_latency, |latency| latency.p99_us)
    }),
    ("joined p99", Less, time, Figure, |each| {
        at(&each.connections.time_to_joined, |latency| latency.p99_us)
    }),
    ("joins", Joins, rate, Figure, |each| {
        above_zero(each.connections.joins_per_second)
    }),
    ("server CPU a delivery", Less, time, Drawn, |each| {
        each.server.as_ref()?.us_per_delivery
    }),
    ("server CPU a join", Less, time, Figure, |each| {
        above_zero(each.server.as_ref()?.us_per_join?)
    }),
    ("server memory a connection", Less, bytes, Drawn, |each| {
        each.server.as_ref()?.rss_per_connection_bytes
    }),
    ("load CPU a delivery", Less, time, Figure, |each| {
        each.load.us_per_delivery
    }),
    ("deliveries a read", Neither, number, Figure, |each| {
        above_zero(each.load.deliveries_per_read?)
    }),
];

/// Counts shown as sums over the measurements that represent a run.
const FAULTS: [Counted; 7] = [
    ("missing", true, |each| each.deliveries.missing),
    ("duplicated", true, |each| each.deliveries.duplicated),
    ("out of order", true, |each| each.deliveries.out_of_order),
    ("altered", true, |each| each.deliveries.altered),
    ("unsent", false, |each| each.deliveries.unsent),
    ("connections lost", false, |each| {
        Count::total(&each.connections.lost)
    }),
    ("refused", false, |each| {
        Count::total(&each.connections.refused)
    }),
];

fn at(latency: &Option<Latency>, at: fn(&Latency) -> u64) -> Option<f64> {
    latency.as_ref().map(|latency| at(latency) as f64)
}

/// Returns the figures that some run has, and the faults. Faults of deliveries are shown wherever
/// deliveries were expected, as proof. Other faults are shown if some run has any.
pub(super) fn rows(runs: &[ComparedRun]) -> Vec<Row> {
    let figures = FIGURES.iter().map(|compared| figure(runs, compared));
    let figures = figures.filter(|row| row.values.iter().any(Option::is_some));
    let due =
        |representative: &Representative| representative.sum(|each| each.deliveries.expected) > 0;
    let proof = runs
        .iter()
        .any(|run| run.representative.as_ref().is_some_and(due));
    let faults = FAULTS.iter().filter_map(|counted @ (_, is_proof, _)| {
        let row = fault(runs, counted);
        let any = row.values.iter().flatten().any(|count| *count > 0.0);
        (any || proof && *is_proof).then_some(row)
    });
    figures.chain(faults).collect()
}

fn each(runs: &[ComparedRun], value: impl Fn(&Representative) -> Option<f64>) -> Vec<Option<f64>> {
    let standings = runs.iter().map(|run| run.representative.as_ref());
    standings
        .map(|representative| representative.and_then(&value))
        .collect()
}

fn figure(runs: &[ComparedRun], (name, better, write, kind, reading): &Compared) -> Row {
    Row {
        name,
        better: better.direction(runs),
        values: each(runs, |representative| representative.median(reading)),
        write: *write,
        kind: *kind,
    }
}

fn fault(runs: &[ComparedRun], (name, _, count): &Counted) -> Row {
    Row {
        name,
        better: Direction::Less,
        values: each(
            runs,
            |representative| Some(representative.sum(count) as f64),
        ),
        write: |value| integer(value as u64),
        kind: Kind::Fault,
    }
}

impl Better {
    fn direction(self, runs: &[ComparedRun]) -> Direction {
        let mut results = runs.iter().map(|run| run.result);
        let asked = match self {
            Less => return Direction::Less,
            Neither => return Direction::Neither,
            Messages => results.any(|of| of.ramp.is_none() && setup::open_loop(of)),
            Joins => results.any(|of| setup::value(of, "connect-rate").is_some()),
        };
        match asked {
            true => Direction::Neither,
            false => Direction::More,
        }
    }
}
