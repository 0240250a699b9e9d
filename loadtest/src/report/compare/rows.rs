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

use Direction::{Less, More, Neither};
use Kind::{Drawn, Figure};

/// A figure: its name, its better direction, its format, its kind, its place in a measurement.
type Compared = (&'static str, Direction, fn(f64) -> String, Kind, Reading);

/// A count of faults: its name, and its place in a measurement.
type Counted = (&'static str, fn(&Measurement) -> u64);

/// Figures shown as medians over the measurements that represent a run.
const FIGURES: [Compared; 17] = [
    ("deliveries", More, rate, Drawn, |each| {
        above_zero(each.throughput.deliveries_per_second)
    }),
    ("messages published", More, rate, Figure, |each| {
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
    ("joins", More, rate, Figure, |each| {
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
    ("missing", |each| each.deliveries.missing),
    ("duplicated", |each| each.deliveries.duplicated),
    ("out of order", |each| each.deliveries.out_of_order),
    ("altered", |each| each.deliveries.altered),
    ("unsent", |each| each.deliveries.unsent),
    ("connections lost", |each| {
        Count::total(&each.connections.lost)
    }),
    ("refused", |each| Count::total(&each.connections.refused)),
];

/// Faults that are shown even if they are zero, as proof.
const PROOF: [&str; 4] = ["missing", "duplicated", "out of order", "altered"];

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
    let faults = FAULTS.iter().map(|counted| fault(runs, counted));
    let faults = faults.filter(|row| {
        let any = row.values.iter().flatten().any(|count| *count > 0.0);
        any || (proof && PROOF.contains(&row.name))
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
        better: match asked_for(runs, name) {
            true => Neither,
            false => *better,
        },
        values: each(runs, |representative| representative.median(reading)),
        write: *write,
        kind: *kind,
    }
}

fn fault(runs: &[ComparedRun], (name, count): &Counted) -> Row {
    Row {
        name,
        better: Less,
        values: each(
            runs,
            |representative| Some(representative.sum(count) as f64),
        ),
        write: |value| integer(value as u64),
        kind: Kind::Fault,
    }
}

/// True if a run was asked for this rate, so that a high rate is no merit. A ramp finds its rate
/// itself.
fn asked_for(runs: &[ComparedRun], name: &str) -> bool {
    runs.iter().map(|run| run.result).any(|result| match name {
        "deliveries" | "messages published" => result.ramp.is_none() && setup::open_loop(result),
        "joins" => setup::value(result, "connect-rate").is_some(),
        _ => false,
    })
}
