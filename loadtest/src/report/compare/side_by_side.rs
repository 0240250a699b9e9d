//! The table of runs side by side: each figure, and its multiple of the first run's.

use crate::report::table::{Cell, Mood, Table};
use crate::report::tables::mostly_fixed;
use crate::report::units::{NOTHING, ratio};

use super::compared_run::ComparedRun;
use super::rows::{Kind, Row};

/// Number of cells of a bar. The bar is half full if the figure equals the first run's, and each
/// cell is a factor of two.
const BAR_CELLS: usize = 8;

/// Returns the table: a column for each run, and after each run but the first its multiple of the
/// first run's figure. `bars` adds a small bar to each multiple.
pub(super) fn table(runs: &[ComparedRun], rows: &[Row], bars: bool) -> Table {
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
    table.note = Some(note(runs, bars));
    table
}

fn note(runs: &[ComparedRun], bars: bool) -> String {
    let mut note =
        "↑ more is better, ↓ less is better, no arrow: it was asked for, or is no merit."
            .to_owned();
    if bars {
        note.push_str(
            " The bar is half full where the figure equals the first run's; each cell is a factor of two, and + stands for more cells.",
        );
    }
    let few = |run: &ComparedRun| {
        run.middle
            .is_some_and(|middle| mostly_fixed(middle).is_some())
    };
    if runs.iter().any(few) {
        note.push_str(
            " Memory a connection is mostly fixed cost where fewer than 1,000 are connected.",
        );
    }
    note
}

fn cells(row: &Row, bars: bool) -> Vec<Cell> {
    let mut cells = vec![Cell::plain(format!("{} {}", row.better.arrow(), row.name))];
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
    let text = match bars {
        true => format!("{} {}", ratio(times), bar(times)),
        false => ratio(times),
    };
    Cell {
        text,
        mood: row.better.mood(times),
    }
}

/// Returns a bar of letters, to the eighth of a cell, on a logarithmic axis, because two and five
/// hundred times must not look alike. A bar beyond the last cell ends with a +.
fn bar(times: f64) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let cells = BAR_CELLS as f64 / 2.0 + times.max(f64::MIN_POSITIVE).log2();
    let eighths = (cells.clamp(0.0, BAR_CELLS as f64) * 8.0).round() as usize;
    let (full, part) = (eighths / 8, eighths % 8);
    let mut bar = "█".repeat(full) + EIGHTHS[part];
    let used = full + usize::from(part > 0);
    bar.push_str(&"·".repeat(BAR_CELLS - used));
    bar.push(if cells > BAR_CELLS as f64 { '+' } else { ' ' });
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bar_of_an_equal_figure_is_half_full_and_one_cut_off_ends_with_a_plus() {
        assert_eq!(
            [bar(1.0), bar(2.0), bar(0.5), bar(16.0)],
            ["████···· ", "█████··· ", "███····· ", "████████ "]
        );
        assert_eq!(bar(500.0), "████████+");
        assert_eq!([bar(0.0), bar(1.0 / 500.0)], ["········ "; 2]);
        assert_eq!(bar(1.2), "████▎··· ");
    }
}
