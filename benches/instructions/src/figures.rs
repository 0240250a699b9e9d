//! The recorded figures, and the comparison of a new count with them.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::conditions::Conditions;
use crate::counts::Counts;

/// How much a count may grow over its figure, in percent, before it is a regression.
pub const GROWTH_MAX_PERCENT: f64 = 5.0;

/// The file `benches/instructions/figures.json`: figures, and the conditions of their count.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// The conditions under which the instructions were counted.
    pub conditions: Conditions,
    /// Instructions for one unit of each work.
    pub instructions: Counts,
}

/// The reason why there are no figures to compare with, or none could be recorded.
#[derive(Debug, Error)]
pub enum Unusable {
    /// The file cannot be read or written.
    #[error("{0}: {1}")]
    File(PathBuf, std::io::Error),
    /// The file is no file of figures.
    #[error("{0} is not a file of figures: {1}; record it anew")]
    Format(PathBuf, serde_json::Error),
}

impl Figures {
    /// The path of the file of figures.
    pub fn path() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("figures.json")
    }

    /// Reads the recorded figures.
    ///
    /// # Errors
    /// If the file does not exist, or is no file of figures.
    pub fn load() -> Result<Figures, Unusable> {
        let path = Figures::path();
        let text = fs::read_to_string(&path).map_err(|e| Unusable::File(path.clone(), e))?;
        serde_json::from_str(&text).map_err(|error| Unusable::Format(path, error))
    }

    /// Records these figures.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(&self) -> Result<(), Unusable> {
        let path = Figures::path();
        let text = serde_json::to_string_pretty(self);
        let text = text.map_err(|error| Unusable::Format(path.clone(), error))?;
        fs::write(&path, text + "\n").map_err(|error| Unusable::File(path, error))
    }
}

/// A count and its recorded figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The name of the counted work.
    pub name: String,
    /// The recorded figure; `None` if there is none.
    pub then: Option<f64>,
    /// The new count; `None` if it is no longer counted.
    pub now: Option<f64>,
}

/// The meaning of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The count is within [`GROWTH_MAX_PERCENT`] of its figure.
    Held,
    /// The count is more than [`GROWTH_MAX_PERCENT`] above its figure.
    Grown,
    /// The count is more than [`GROWTH_MAX_PERCENT`] below its figure. Record a new figure, or the
    /// gain can be lost unnoticed.
    Shrunk,
    /// Only one of count and figure exists.
    Unmatched,
}

/// Returns every count with its figure, ordered by name.
pub fn compare(recorded: &Counts, counted: &Counts) -> Vec<Change> {
    let names = recorded.keys().chain(counted.keys());
    let names: std::collections::BTreeSet<&String> = names.collect();
    let change = |name: &String| Change {
        name: name.clone(),
        then: recorded.get(name).copied(),
        now: counted.get(name).copied(),
    };
    names.into_iter().map(change).collect()
}

impl Change {
    /// Returns the meaning of this change.
    pub fn verdict(&self) -> Verdict {
        match self.percent() {
            None => Verdict::Unmatched,
            Some(percent) if percent > GROWTH_MAX_PERCENT => Verdict::Grown,
            Some(percent) if percent < -GROWTH_MAX_PERCENT => Verdict::Shrunk,
            Some(_) => Verdict::Held,
        }
    }

    fn percent(&self) -> Option<f64> {
        let (then, now) = (self.then?, self.now?);
        Some((now - then) * 100.0 / then)
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let figure = |figure: Option<f64>| figure.map_or_else(|| "-".into(), |n| format!("{n:.1}"));
        let percent = self
            .percent()
            .map_or_else(String::new, |p| format!("{p:+.1} %"));
        let word = match self.verdict() {
            Verdict::Held => "",
            Verdict::Grown => "  GROWN",
            Verdict::Shrunk => "  less: record it",
            Verdict::Unmatched => "  UNMATCHED: record it",
        };
        let (name, then, now) = (&self.name, figure(self.then), figure(self.now));
        write!(f, "{name:<44} {then:>9} -> {now:>9} {percent:>9}{word}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(then: Option<f64>, now: Option<f64>) -> Verdict {
        let counts = |count: Option<f64>| {
            count
                .map(|n| ("decode".to_owned(), n))
                .into_iter()
                .collect()
        };
        let changes = compare(&counts(then), &counts(now));
        assert_eq!(changes.len(), 1);
        changes[0].verdict()
    }

    #[test]
    fn count_may_grow_by_five_percent_and_no_more() {
        assert_eq!(verdict(Some(1000.0), Some(1000.0)), Verdict::Held);
        assert_eq!(verdict(Some(1000.0), Some(1050.0)), Verdict::Held);
        assert_eq!(verdict(Some(1000.0), Some(1051.0)), Verdict::Grown);
        assert_eq!(verdict(Some(1000.0), Some(949.0)), Verdict::Shrunk);
    }

    #[test]
    fn count_without_a_figure_and_a_figure_without_a_count_are_told() {
        assert_eq!(verdict(None, Some(1.0)), Verdict::Unmatched);
        assert_eq!(verdict(Some(1.0), None), Verdict::Unmatched);
    }

    #[test]
    fn recorded_figures_are_figures() {
        let figures = Figures::load().expect("figures are recorded");
        assert!(figures.instructions.values().all(|count| *count > 0.0));
    }
}
