//! Tables of deliveries, objectives and connections.

use crate::result::{Count, Deliveries, Measurement, Objective};

use crate::report::table::{Cell, Mood, Table, title};
use crate::report::units::integer;

/// Returns the table of deliveries, with a row for each measurement.
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
    let mut table = Table::numbers("Deliveries: all messages, warm-up included", &columns);
    let with_any = measurements
        .iter()
        .filter(|measurement| measurement.deliveries != Deliveries::default());
    table.rows = with_any
        .map(|measurement| delivery_row(&measurement.label, &measurement.deliveries))
        .collect();
    quiet_columns_left_out(table)
}

fn delivery_row(label: &str, of: &Deliveries) -> Vec<Cell> {
    let mut row = vec![Cell::plain(label)];
    row.extend([of.expected, of.received].map(|count| Cell::plain(integer(count))));
    let faults = [of.missing, of.duplicated, of.out_of_order, of.altered];
    row.extend(faults.map(Cell::fault));
    let rare = |cell: fn(u64) -> Cell, count| {
        if count == 0 {
            Cell::plain("")
        } else {
            cell(count)
        }
    };
    row.push(rare(Cell::fault, of.unsent));
    row.push(rare(|count| Cell::plain(integer(count)), of.early));
    row.push(Cell::plain(integer(of.published)));
    row
}

/// Removes the columns "unsent" and "early" if they are zero; other columns show zeros, as proof.
/// If no measurement has a name, the row is named "all".
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

/// Returns the table of objectives, with whether each held.
pub(super) fn objectives(objectives: &[Objective]) -> Table {
    let mut table = Table::numbers("Objectives", &["objective", "observed", ""]);
    let row = |each: &Objective| {
        let told = [&each.objective, &each.observed].map(|text| Cell::plain(text.as_str()));
        let mut row = told.to_vec();
        row.push(Cell::judged(each));
        row
    };
    table.rows = objectives.iter().map(row).collect();
    table
}

/// Returns the table of connections: how many joined, and how many failed for which reason.
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
