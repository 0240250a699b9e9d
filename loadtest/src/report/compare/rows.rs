//! The figures that are held against each other, and which way each is better.

use crate::report::standing::Standing;
use crate::report::tables::{Cell, Mood, Table};
use crate::report::units::{NOTHING, bytes, integer, number, rate, ratio, time};
use crate::result::{Count, Latency, Measurement};

use super::Run;

/// A figure of every run.
pub(super) struct Row {
    /// What it is.
    pub name: &'static str,
    /// Which way is better.
    pub better: Better,
    /// The run's, if it has it.
    pub values: Vec<Option<f64>>,
    /// How it is written.
    pub write: fn(f64) -> String,
    /// Whether it is drawn, or counts what should not be.
    pub kind: Kind,
}

/// What a row is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A figure among the few that are drawn.
    Drawn,
    /// A figure that the table has alone.
    Figure,
    /// A count that should be zero.
    Fault,
}

/// Which way a figure is better.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Better {
    More,
    Less,
}

/// A change below this is not called better or worse: runs differ by as much from one time to the next.
const NOTABLE: f64 = 0.05;

/// How many cells a bar of twice the first run's has.
const BAR_CELLS: usize = 8;

use Better::{Less, More};
use Kind::{Drawn, Figure};

/// Where a figure stands in a measurement, if it is there.
type Reading = fn(&Measurement) -> Option<f64>;

/// Name, which way is better, how it is written, whether it is drawn, where it stands.
type Compared = (&'static str, Better, fn(f64) -> String, Kind, Reading);

/// Name, and where the count stands.
type Counted = (&'static str, fn(&Measurement) -> u64);

/// Medians over the measurements that stand for a run.
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
        each.server.as_ref()?.us_per_join
    }),
    ("server memory a connection", Less, bytes, Drawn, |each| {
        each.server.as_ref()?.rss_per_connection_bytes
    }),
    ("load CPU a delivery", Less, time, Figure, |each| {
        each.load.us_per_delivery
    }),
    ("deliveries a read", More, number, Figure, |each| {
        each.load.deliveries_per_read
    }),
];

/// Sums over the measurements that stand for a run.
const FAULTS: [Counted; 7] = [
    ("missing", |each| each.deliveries.missing),
    ("duplicated", |each| each.deliveries.duplicated),
    ("out of order", |each| each.deliveries.out_of_order),
    ("altered", |each| each.deliveries.altered),
    ("unsent", |each| each.deliveries.unsent),
    ("connections lost", |each| total(&each.connections.lost)),
    ("refused", |each| total(&each.connections.refused)),
];

fn above_zero(value: f64) -> Option<f64> {
    (value > 0.0).then_some(value)
}

fn at(latency: &Option<Latency>, at: fn(&Latency) -> u64) -> Option<f64> {
    latency.as_ref().map(|latency| at(latency) as f64)
}

fn total(counts: &[Count]) -> u64 {
    counts.iter().map(|count| count.count).sum()
}

/// Figures that some run has; faults only where there are any, but for what is missing.
pub(super) fn rows(runs: &[Run]) -> Vec<Row> {
    let each = |value: &dyn Fn(&Standing) -> Option<f64>| -> Vec<Option<f64>> {
        runs.iter()
            .map(|run| run.standing.as_ref().and_then(value))
            .collect()
    };
    let figures = FIGURES.iter().map(|(name, better, write, kind, reading)| {
        let values = each(&|standing| standing.median(reading));
        Row {
            name,
            better: *better,
            values,
            write: *write,
            kind: *kind,
        }
    });
    let faults = FAULTS.iter().map(|(name, count)| {
        let values = each(&|standing| Some(standing.sum(count) as f64));
        Row {
            name,
            better: Less,
            values,
            write: |value| integer(value as u64),
            kind: Kind::Fault,
        }
    });
    let figures = figures.filter(|row| row.values.iter().any(Option::is_some));
    let faults = faults.filter(|row| {
        row.name == "missing" || row.values.iter().flatten().any(|count| *count > 0.0)
    });
    figures.chain(faults).collect()
}

/// The rows as a table: a column for each run, and behind all but the first how it compares, with a small bar if `bars`.
pub(super) fn table(runs: &[Run], rows: &[Row], bars: bool) -> Table {
    let mut table = Table::numbers("Side by side", &[""]);
    for (index, run) in runs.iter().enumerate() {
        table.columns.push(run.letter.clone());
        if index > 0 {
            table
                .columns
                .push(format!("{}÷{}", run.letter, runs[0].letter));
        }
    }
    table.rows = rows.iter().map(|row| cells(row, bars)).collect();
    let bar = match bars {
        true => " The bar is half full where it is as much, and full from twice as much on.",
        false => "",
    };
    table.note = Some(format!("↑ more is better, ↓ less is better.{bar}"));
    table
}

fn cells(row: &Row, bars: bool) -> Vec<Cell> {
    let arrow = if row.better == More { "↑" } else { "↓" };
    let mut cells = vec![Cell::plain(format!("{arrow} {}", row.name))];
    for (index, value) in row.values.iter().enumerate() {
        let wrong = row.kind == Kind::Fault && value.is_some_and(|count| count > 0.0);
        cells.push(Cell {
            text: value.map_or_else(|| NOTHING.to_owned(), row.write),
            mood: if wrong { Mood::Bad } else { Mood::Plain },
        });
        if index > 0 {
            cells.push(compared(row, *value, bars));
        }
    }
    cells
}

fn compared(row: &Row, value: Option<f64>, bars: bool) -> Cell {
    let first = row.values.first().copied().flatten();
    let (Some(value), Some(first)) = (value, first.filter(|first| *first > 0.0)) else {
        return Cell::plain(NOTHING);
    };
    let times = value / first;
    let better = if row.better == More {
        times - 1.0
    } else {
        1.0 - times
    };
    let mood = match better {
        gain if gain > NOTABLE => Mood::Good,
        loss if loss < -NOTABLE => Mood::Bad,
        _ => Mood::Plain,
    };
    let text = match bars {
        true => format!("{} {}", ratio(times), bar(times)),
        false => ratio(times),
    };
    Cell { text, mood }
}

/// A bar of letters, to the eighth of a cell.
fn bar(times: f64) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (times.clamp(0.0, 2.0) / 2.0 * (BAR_CELLS * 8) as f64).round() as usize;
    let (full, part) = (eighths / 8, eighths % 8);
    let mut bar = "█".repeat(full) + EIGHTHS[part];
    let used = full + usize::from(part > 0);
    bar.push_str(&"·".repeat(BAR_CELLS - used));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_half_full_where_it_is_as_much() {
        assert_eq!(
            [bar(1.0), bar(0.0), bar(7.0)],
            ["████····", "········", "████████"]
        );
        assert_eq!(bar(0.53), "██▏·····");
    }
}
