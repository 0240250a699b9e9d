//! Tables of what came of it: deliveries, objectives, the steps or rounds, the multiples of the floor, the connections.

use crate::result::{Count, Deliveries, Measurement, Objective, Ratio, RunResult, ServerUsage};

use super::{Cell, Mood, Table, title};
use crate::report::standing::side_name;
use crate::report::units::{integer, rate, ratio, share, time, time_us};

/// Deliveries of each measurement.
pub(super) fn deliveries(measurements: &[&Measurement]) -> Table {
    let columns = [
        "",
        "expected",
        "received",
        "missing",
        "duplicated",
        "out of order",
        "altered",
        "unsent",
        "early",
        "published",
    ];
    let mut table = Table::numbers("Deliveries", &columns);
    let with_any = measurements
        .iter()
        .filter(|measurement| measurement.deliveries != Deliveries::default());
    table.rows = with_any
        .map(|measurement| delivery_row(&measurement.label, &measurement.deliveries))
        .collect();
    quiet_columns_left_out(table)
}

fn delivery_row(label: &str, deliveries: &Deliveries) -> Vec<Cell> {
    let Deliveries {
        published,
        unsent,
        expected,
        received,
        missing,
        duplicated,
        out_of_order,
        altered,
        early,
        ..
    } = *deliveries;
    let mut row = vec![Cell::plain(label)];
    row.extend([expected, received].map(|count| Cell::plain(integer(count))));
    row.extend([missing, duplicated, out_of_order, altered].map(Cell::fault));
    let rare = |cell: fn(u64) -> Cell, count| {
        if count == 0 {
            Cell::plain("")
        } else {
            cell(count)
        }
    };
    row.push(rare(Cell::fault, unsent));
    row.push(rare(|count| Cell::plain(integer(count)), early));
    row.push(Cell::plain(integer(published)));
    row
}

/// What nobody asks for when there is none of it: unsent and early. The others are shown as zeros, as proof.
fn quiet_columns_left_out(table: Table) -> Table {
    let named = table
        .rows
        .iter()
        .any(|row| row.first().is_some_and(|cell| !cell.text.is_empty()));
    let mut table = table;
    if !named {
        for row in &mut table.rows {
            row[0] = Cell::plain("all");
        }
    }
    table.without_empty_columns()
}

/// What was asked for, and whether it held.
pub(super) fn objectives(objectives: &[Objective]) -> Table {
    let mut table = Table::numbers("Objectives", &["objective", "observed", ""]);
    table.rows = objectives
        .iter()
        .map(|objective| {
            let Objective {
                objective,
                observed,
                held,
            } = objective;
            vec![
                Cell::plain(objective.clone()),
                Cell::plain(observed.clone()),
                Cell::held(*held),
            ]
        })
        .collect();
    table
}

/// The steps of a ramp, or the sides and rounds of a run beside a floor.
pub(super) fn overview(result: &RunResult) -> Table {
    let columns = [
        "",
        "",
        "deliveries",
        "p50",
        "p99",
        "max",
        "last p99",
        "joined p99",
        "CPU each",
        "server",
        "load",
    ];
    let name = if result.ramp.is_some() {
        "Steps"
    } else {
        "Rounds"
    };
    let mut table = Table::numbers(name, &columns);
    table.rows = result.measurements.iter().map(overview_row).collect();
    table.note = Some(
        "Last: the last subscriber of a message. CPU each: of the server, for one delivery. Server, load: how busy they were."
            .to_owned(),
    );
    table.without_empty_columns()
}

fn overview_row(measurement: &Measurement) -> Vec<Cell> {
    let latency = measurement.delivery_latency.as_ref();
    let of = |at: fn(&crate::result::Latency) -> u64| {
        Cell::maybe(latency.map(|latency| time_us(at(latency))))
    };
    let last = measurement
        .last_subscriber
        .as_ref()
        .map(|latency| time_us(latency.p99_us));
    let joined = measurement.connections.time_to_joined.as_ref();
    let joined = joined
        .filter(|_| latency.is_none())
        .map(|latency| time_us(latency.p99_us));
    let server = measurement.server.as_ref();
    let each = server.and_then(|server| server.us_per_delivery);
    let delivered = measurement.throughput.deliveries_per_second;
    vec![
        Cell::plain(measurement.label.clone()),
        Cell::held(measurement.held),
        Cell::maybe((delivered > 0.0).then(|| rate(delivered))),
        of(|latency| latency.p50_us),
        of(|latency| latency.p99_us),
        of(|latency| latency.max_us),
        Cell::maybe(last),
        Cell::maybe(joined),
        Cell::maybe(each.map(time)),
        Cell::maybe(server.map(of_its_cores)),
        Cell::plain(share(measurement.load.busy)),
    ]
}

fn of_its_cores(server: &ServerUsage) -> String {
    share(server.cores_used / server.cores_available.max(f64::MIN_POSITIVE))
}

/// The server's figures as multiples of the floor's.
pub(super) fn ratios(ratios: &[Ratio]) -> Table {
    let mut table = Table::numbers(
        "Against the floor",
        &["server ÷ floor", "floor", "median", "min", "max", "rounds"],
    );
    let row = |each: &Ratio| {
        let mut row = vec![
            Cell::plain(each.figure.clone()),
            Cell::plain(side_name(each.floor)),
        ];
        row.extend([each.median, each.min, each.max].map(|value| Cell::plain(ratio(value))));
        row.push(Cell::plain(integer(each.rounds.into())));
        row
    };
    table.rows = ratios.iter().map(row).collect();
    table.note = Some(
        "The floor is the cheapest fan-out that this machine's kernel allows: no JSON, no rooms, canned answers. 1.00× is \
         as much as it needs; for CPU and delay less is better, for throughput more. Batch writes once for each subscriber \
         and turn, single once for each subscriber and message."
            .to_owned(),
    );
    table
}

/// What became of the connections, by reason.
pub(super) fn connections(measurement: &Measurement) -> Table {
    let connections = &measurement.connections;
    let mut table = Table::numbers(title("Connections", measurement), &["", "count"]);
    let counted = [
        ("wanted", connections.wanted),
        ("connected", connections.connected),
        ("joined", connections.joined),
    ];
    for (name, count) in counted {
        let mood = if count < connections.wanted {
            Mood::Bad
        } else {
            Mood::Plain
        };
        table.rows.push(vec![
            Cell::plain(name),
            Cell {
                text: integer(count),
                mood,
            },
        ]);
    }
    if measurement.replies.ok > 0 {
        table.rows.push(vec![
            Cell::plain("replies: ok"),
            Cell::plain(integer(measurement.replies.ok)),
        ]);
    }
    reasons(
        &mut table,
        "reply: error",
        &measurement.replies.error,
        Mood::Bad,
    );
    reasons(&mut table, "refused", &connections.refused, Mood::Bad);
    reasons(&mut table, "lost", &connections.lost, Mood::Bad);
    reasons(&mut table, "close", &connections.closes, Mood::Plain);
    table
}

fn reasons(table: &mut Table, what: &str, counts: &[Count], mood: Mood) {
    for Count {
        what: reason,
        count,
    } in counts
    {
        let text = integer(*count);
        table.rows.push(vec![
            Cell::plain(format!("{what}: {reason}")),
            Cell { text, mood },
        ]);
    }
}
