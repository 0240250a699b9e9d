//! What the tables say, before it is known whether a terminal or a page shows them. A table without rows is left out, and
//! so is a column in which nothing stands.

mod cost;
mod outcome;
mod restart;
mod rounds;

use crate::result::{Latency, Measurement, Objective, RunResult};

use super::findings::NOTHING_OBSERVED;
use super::representative::Standing;
use super::units::{NOTHING, integer, time_us};

pub(super) use cost::mostly_fixed;

/// A table: what it is, its columns, its rows.
pub(super) struct Table {
    /// What it shows.
    pub title: String,
    /// One word or two for each column.
    pub columns: Vec<String>,
    /// As many cells as there are columns. The first names the row.
    pub rows: Vec<Vec<Cell>>,
    /// How to read it, if that is not plain.
    pub note: Option<String>,
    /// What its columns hold.
    pub form: Form,
}

/// What the columns of a table hold, behind the first, which names the rows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Numbers.
    Numbers,
    /// One column of numbers, then words about them.
    Words,
    /// Texts that may be long.
    Texts,
}

/// What stands in a table.
#[derive(Clone)]
pub(super) struct Cell {
    /// As it is shown.
    pub text: String,
    /// How it is meant.
    pub mood: Mood,
}

/// How a cell is meant.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    /// As it is.
    Plain,
    /// As one wishes.
    Good,
    /// Something is wrong.
    Bad,
}

impl Cell {
    /// As it is.
    pub fn plain(text: impl Into<String>) -> Cell {
        Cell {
            text: text.into(),
            mood: Mood::Plain,
        }
    }

    /// A count that should be zero.
    fn fault(count: u64) -> Cell {
        let mood = if count == 0 { Mood::Plain } else { Mood::Bad };
        Cell {
            text: integer(count),
            mood,
        }
    }

    /// Whether something held.
    fn held(held: bool) -> Cell {
        match held {
            true => Cell {
                text: "held".to_owned(),
                mood: Mood::Good,
            },
            false => Cell {
                text: "broke".to_owned(),
                mood: Mood::Bad,
            },
        }
    }

    /// Whether an objective held. One that nothing was observed of has broken nothing.
    fn judged(objective: &Objective) -> Cell {
        match objective.observed.as_str() {
            NOTHING_OBSERVED => Cell {
                text: "not judged".to_owned(),
                mood: Mood::Bad,
            },
            _ => Cell::held(objective.held),
        }
    }

    /// A figure that may be missing.
    fn maybe(text: Option<String>) -> Cell {
        Cell::plain(text.unwrap_or_else(|| NOTHING.to_owned()))
    }
}

impl Table {
    /// A table of numbers.
    pub fn numbers(title: impl Into<String>, columns: &[&str]) -> Table {
        Table {
            title: title.into(),
            columns: columns.iter().map(|column| (*column).to_owned()).collect(),
            rows: Vec::new(),
            note: None,
            form: Form::Numbers,
        }
    }

    /// How wide a column is at least: its cells in one line, its head a word a line.
    pub fn width(&self, column: usize) -> usize {
        let cells = self
            .rows
            .iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.text.chars().count());
        let head = self
            .columns
            .get(column)
            .into_iter()
            .flat_map(|head| head.split(' '))
            .map(|word| word.chars().count());
        cells.chain(head).max().unwrap_or(0)
    }

    /// Takes away the columns in which nothing stands.
    fn without_empty_columns(mut self) -> Table {
        let stands = |index: usize| {
            self.rows.iter().any(|row| {
                row.get(index)
                    .is_some_and(|cell| !["", NOTHING].contains(&cell.text.as_str()))
            })
        };
        let keep: Vec<bool> = (0..self.columns.len()).map(stands).collect();
        let mut kept = keep.iter();
        self.columns.retain(|_| *kept.next().unwrap_or(&true));
        for row in &mut self.rows {
            let mut kept = keep.iter();
            row.retain(|_| *kept.next().unwrap_or(&true));
        }
        self
    }
}

/// All tables of a run, in the order in which a person reads them.
pub(super) fn all(result: &RunResult) -> Vec<Table> {
    let measurements: Vec<&Measurement> = result.measurements.iter().collect();
    let mut tables = Vec::new();
    if measurements.len() > 1 {
        tables.push(rounds::overview(result));
        tables.push(rounds::ratios(result));
    }
    if let Some(found) = &result.restart {
        tables.push(restart::times(found));
        tables.push(restart::delays(found));
    }
    tables.push(outcome::objectives(&result.objectives));
    tables.push(outcome::deliveries(&measurements));
    if let Some(standing) = Standing::of(result).and_then(|standing| standing.middle()) {
        tables.push(latency(standing));
        tables.push(cost::costs(standing));
        tables.push(cost::figures(standing));
        tables.push(outcome::connections(standing));
    }
    tables.extend(broken(result).map(latency));
    tables.retain(|table| !table.rows.is_empty());
    tables
}

/// The step that ended a ramp: its delays are told beside those of the last one that held.
fn broken(result: &RunResult) -> Option<&Measurement> {
    let broke = result
        .ramp
        .as_ref()
        .filter(|ramp| ramp.last_held.is_some())?
        .broke_at?;
    result
        .measurements
        .iter()
        .find(|measurement| measurement.step == Some(broke))
}

/// The title of a table that is about one measurement of several.
fn title(what: &str, measurement: &Measurement) -> String {
    match measurement.label.as_str() {
        "" => what.to_owned(),
        label => format!("{what}, {label}"),
    }
}

/// The distributions of a measurement, with their names.
pub(super) fn latencies(measurement: &Measurement) -> Vec<(&'static str, &Latency)> {
    let connections = &measurement.connections;
    let all = [
        ("delivery", &measurement.delivery_latency),
        ("delivery (prober)", &measurement.prober_latency),
        ("last subscriber", &measurement.last_subscriber),
        ("send delay", &measurement.send_delay),
        ("reply", &measurement.reply_latency),
        ("heartbeat", &measurement.heartbeat_latency),
        ("connected", &connections.time_to_connected),
        ("upgraded", &connections.time_to_upgraded),
        ("joined", &connections.time_to_joined),
    ];
    all.into_iter()
        .filter_map(|(name, latency)| Some((name, latency.as_ref()?)))
        .collect()
}

fn latency(measurement: &Measurement) -> Table {
    let columns = ["time to", "p50", "p90", "p99", "p99.9", "max", "count"];
    let mut table = Table::numbers(title("Latency in the measured time", measurement), &columns);
    for (name, latency) in latencies(measurement) {
        let Latency {
            p50_us,
            p90_us,
            p99_us,
            p999_us,
            max_us,
            count,
            ..
        } = *latency;
        let mut row = vec![Cell::plain(name)];
        row.extend([p50_us, p90_us, p99_us, p999_us, max_us].map(|us| Cell::plain(time_us(us))));
        row.push(Cell::plain(integer(count)));
        table.rows.push(row);
    }
    table.note = latency_note(measurement);
    table
}

fn latency_note(measurement: &Measurement) -> Option<String> {
    let due = "Counted from the time at which a message was due, so a server that stalls cannot hide it. Send delay: how \
               late the load generator itself was.";
    let joined = "Connected, upgraded, joined: of each connection, from the first on.";
    let notes = [
        measurement.send_delay.as_ref().map(|_| due),
        measurement
            .connections
            .time_to_joined
            .as_ref()
            .map(|_| joined),
    ];
    let notes: Vec<&str> = notes.into_iter().flatten().collect();
    (!notes.is_empty()).then(|| notes.join(" "))
}
