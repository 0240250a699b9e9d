//! Tables of a run that measured several times.
//!
//! These tables have the steps of a ramp, or the sides and rounds of a run against the floor, and
//! the server's figures as multiples of the floor's.

use crate::result::{Latency, Measurement, Ratio, RunResult, ServerUsage};

use crate::report::direction::Direction;
use crate::report::representative::side_name;
use crate::report::setup;
use crate::report::table::{Cell, Table};
use crate::report::units::{integer, rate, ratio, share, time, time_us};

/// The columns fit into 100 characters of a terminal. The last two show the figures that warnings
/// about many steps are drawn from.
const COLUMNS: [&str; 12] = [
    "",
    "",
    "delivered",
    "p50",
    "p99",
    "last p99",
    "joined p99",
    "CPU each",
    "server",
    "load",
    "load waits",
    "sent late",
];

/// Returns the table of a ramp's steps, or of the sides and rounds of a run against the floor.
pub(super) fn overview(result: &RunResult) -> Table {
    let name = match result.ramp.is_some() {
        true => "Steps",
        false => "Rounds",
    };
    let mut table = Table::numbers(name, &COLUMNS);
    let told_above = result.ramp.is_none() && result.measurements.iter().all(|each| each.held);
    let row = |each| overview_row(each, told_above);
    table.rows = result.measurements.iter().map(row).collect();
    let note = "Last: the last subscriber of a message. CPU each: of the server, for one delivery. Server, load: how busy \
                they were. Load waits: for a core that another program had. Sent late: the send delay's p99.";
    table.note = Some(note.to_owned());
    table.without_empty_columns()
}

/// Returns the row of a measurement. If the verdict above says that all held (`told_above`), the
/// column "held" stays empty.
fn overview_row(measurement: &Measurement, told_above: bool) -> Vec<Cell> {
    let latency = measurement.delivery_latency.as_ref();
    let at = |latency: Option<&Latency>, at: fn(&Latency) -> u64| {
        Cell::maybe(latency.map(|latency| time_us(at(latency))))
    };
    let joined = measurement.connections.time_to_joined.as_ref();
    let server = measurement.server.as_ref();
    let each = server.and_then(|server| server.us_per_delivery);
    let delivered = measurement.throughput.deliveries_per_second;
    vec![
        Cell::plain(measurement.label.as_str()),
        match told_above {
            true => Cell::plain(""),
            false => Cell::held(measurement.held),
        },
        Cell::maybe((delivered > 0.0).then(|| rate(delivered))),
        at(latency, |latency| latency.p50_us),
        at(latency, |latency| latency.p99_us),
        at(measurement.last_subscriber.as_ref(), |last| last.p99_us),
        at(joined.filter(|_| latency.is_none()), |joined| joined.p99_us),
        Cell::maybe(each.map(time)),
        Cell::maybe(server.map(of_its_cores)),
        Cell::plain(share(measurement.load.busy)),
        Cell::plain(share(measurement.load.waiting)),
        at(measurement.send_delay.as_ref(), |delay| delay.p99_us),
    ]
}

fn of_its_cores(server: &ServerUsage) -> String {
    share(server.cores_used / server.cores_available.max(f64::MIN_POSITIVE))
}

/// Returns the server's figures as multiples of the floor's.
pub(super) fn ratios(result: &RunResult) -> Table {
    let columns = ["server ÷ floor", "floor", "median", "min", "max", "rounds"];
    let mut table = Table::numbers("Against the floor", &columns);
    let asked = setup::open_loop(result);
    let rows = result.ratios.iter().map(|each| ratio_row(each, asked));
    table.rows = rows.collect();
    table.note = Some(
        "↑ more is better, ↓ less is better. The floor is the cheapest fan-out that this machine's kernel allows: no JSON, \
         no rooms, canned answers; 1.00× is as much as it needs. Batch writes once for each subscriber and turn, single \
         once for each subscriber and message."
            .to_owned(),
    );
    table
}

fn ratio_row(each: &Ratio, asked: bool) -> Vec<Cell> {
    let better = Direction::of_ratio(each.figure, asked);
    let mut row = vec![
        Cell::plain(format!("{} {}", better.arrow(), each.figure)),
        Cell::plain(side_name(each.floor)),
        Cell {
            text: ratio(each.median),
            mood: better.mood_of(each),
        },
    ];
    row.extend([each.min, each.max].map(|value| Cell::plain(ratio(value))));
    row.push(Cell::plain(integer(each.rounds.into())));
    row
}
