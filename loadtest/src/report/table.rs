//! Titles, columns and cells, before it is known whether a terminal or a page shows them.

use super::finding::NOTHING_OBSERVED;
use super::units::{NOTHING, integer};
use crate::result::{Measurement, Objective};

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
    pub fn fault(count: u64) -> Cell {
        let mood = if count == 0 { Mood::Plain } else { Mood::Bad };
        Cell {
            text: integer(count),
            mood,
        }
    }

    /// Whether something held.
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

    /// Whether an objective held. One that nothing was observed of has broken nothing.
    pub fn judged(objective: &Objective) -> Cell {
        match objective.observed.as_str() {
            NOTHING_OBSERVED => Cell {
                text: "not judged".to_owned(),
                mood: Mood::Bad,
            },
            _ => Cell::held(objective.held),
        }
    }

    /// A figure that may be missing.
    pub fn maybe(text: Option<String>) -> Cell {
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

/// The title of a table that is about one measurement of several.
pub(super) fn title(what: &str, measurement: &Measurement) -> String {
    match measurement.label.as_str() {
        "" => what.to_owned(),
        label => format!("{what}, {label}"),
    }
}
