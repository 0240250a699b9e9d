//! Tables as titles, columns and cells, for the terminal and for the page.

use super::units::{NOTHING, integer, time_us};
use crate::result::{Measurement, Objective};

/// A table: its title, its columns, its rows.
pub(super) struct Table {
    /// The title, which says what the table shows.
    pub title: String,
    /// The head of each column, in one or two words.
    pub columns: Vec<String>,
    /// One cell per column. The first cell names the row.
    pub rows: Vec<Vec<Cell>>,
    /// A note on how to read the table, if it needs one.
    pub note: Option<String>,
    /// The kind of the columns' content.
    pub form: Form,
}

/// The content of a table's columns, except the first column, which names the rows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// All columns are numbers.
    Numbers,
    /// The first of these columns is numbers, the others are words about them.
    Words,
    /// All columns are texts that may be long.
    Texts,
}

/// A cell of a table.
#[derive(Clone)]
pub(super) struct Cell {
    /// The text as it is shown.
    pub text: String,
    /// Whether the text is good, bad or neither.
    pub mood: Mood,
}

/// Whether a figure is good, bad or neither.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    /// Neither good nor bad.
    Plain,
    /// Good news: better than before, or held.
    Good,
    /// Bad news: a fault, worse, or broken.
    Bad,
}

impl Cell {
    /// Returns a cell that is neither good nor bad.
    pub fn plain(text: impl Into<String>) -> Cell {
        Cell {
            text: text.into(),
            mood: Mood::Plain,
        }
    }

    /// Returns a count of faults, which is bad unless it is zero.
    pub fn fault(count: u64) -> Cell {
        let mood = if count == 0 { Mood::Plain } else { Mood::Bad };
        Cell {
            text: integer(count),
            mood,
        }
    }

    /// Returns "held" or "broke".
    pub fn held(held: bool) -> Cell {
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

    /// Returns whether an objective held. An objective without an observed figure is "not judged".
    pub fn judged(objective: &Objective) -> Cell {
        match objective.was_observed() {
            true => Cell::held(objective.held),
            false => Cell {
                text: "not judged".to_owned(),
                mood: Mood::Bad,
            },
        }
    }

    /// Returns a figure, or a dash if it is missing.
    pub fn maybe(text: Option<String>) -> Cell {
        Cell::plain(text.unwrap_or_else(|| NOTHING.to_owned()))
    }
}

impl Table {
    /// Returns a table of numbers without rows.
    pub fn numbers(title: impl Into<String>, columns: &[&str]) -> Table {
        Table {
            title: title.into(),
            columns: columns.iter().map(|column| (*column).to_owned()).collect(),
            rows: Vec::new(),
            note: None,
            form: Form::Numbers,
        }
    }

    /// Returns the least width of a column: each cell in one line, the head one word per line.
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

    /// Removes the columns without any content.
    pub fn without_empty_columns(mut self) -> Table {
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

/// Returns a title, with the label of the measurement if the run has several.
pub(super) fn title(what: &str, measurement: &Measurement) -> String {
    match measurement.label.as_str() {
        "" => what.to_owned(),
        label => format!("{what}, {label}"),
    }
}

/// Returns a row of a table of delays: a name, times in microseconds, and the number of values.
pub(super) fn delay_row(name: &str, times_us: &[u64], count: u64) -> Vec<Cell> {
    let times = times_us.iter().map(|us| time_us(*us));
    let texts = [name.to_owned()].into_iter().chain(times);
    texts.chain([integer(count)]).map(Cell::plain).collect()
}
