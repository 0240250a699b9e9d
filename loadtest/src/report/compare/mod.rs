//! Runs side by side, each figure as a multiple of the first run's. Where a run measured several times, what stands for it is
//! said; where runs were not asked for the same, that is said too.

mod differences;
mod html;
mod rows;
mod table;
mod text;

use crate::result::{Measurement, RunResult, Severity};

use super::findings::findings;
use super::representative::Standing;
use super::setup;
use super::tables::Table;
use super::verdict::verdict;
use rows::Row;

pub use html::html;
pub use text::text;

/// Runs, ready to be told beside each other.
struct Comparison<'a> {
    runs: Vec<Run<'a>>,
    rows: Vec<Row>,
    /// That the runs are not of one kind, in a sentence.
    warning: Option<String>,
    /// What differs in what was asked for. It may have no rows.
    differences: Table,
}

/// One of the runs.
struct Run<'a> {
    /// A, B, C …: names of files are too long for columns.
    letter: String,
    name: &'a str,
    result: &'a RunResult,
    standing: Option<Standing<'a>>,
    /// What stands for it where there is no median.
    middle: Option<&'a Measurement>,
}

impl<'a> Comparison<'a> {
    fn of(named: &'a [(String, RunResult)]) -> Comparison<'a> {
        let runs: Vec<Run> = named
            .iter()
            .enumerate()
            .map(|(index, named)| Run::of(index, named))
            .collect();
        let rows = rows::rows(&runs);
        let differences = differences::differences(&runs);
        Comparison {
            warning: differences::warning(&runs, &differences),
            runs,
            rows,
            differences,
        }
    }
}

/// Letters of a name that have room above a bar, beside its value.
const NAME_MAX: usize = 30;

impl<'a> Run<'a> {
    fn of(index: usize, (name, result): &'a (String, RunResult)) -> Run<'a> {
        let standing = Standing::of(result);
        let middle = standing.as_ref().and_then(|standing| standing.middle());
        Run {
            letter: letter(index),
            name,
            result,
            standing,
            middle,
        }
    }

    /// Its letter and name. The end of a long name tells more than its beginning.
    fn title(&self) -> String {
        let long = self.name.chars().count();
        let end: String = self
            .name
            .chars()
            .skip(long.saturating_sub(NAME_MAX))
            .collect();
        let cut = if long > NAME_MAX { "…" } else { "" };
        format!("{}: {cut}{end}", self.letter)
    }

    /// Which run it is, how it ended, and what stands for it.
    fn told(&self) -> String {
        let Run { name, result, .. } = self;
        let (word, _) = verdict(result);
        let asked = setup::subtitle(result);
        let mut told = format!(
            "{name}: {word}, {} · {asked} · {}",
            result.scenario, result.started_at
        );
        if let Some(how) = self
            .standing
            .as_ref()
            .and_then(|standing| standing.how.as_ref())
        {
            told.push_str(&format!("; the figures are of {how}"));
        }
        told.push('.');
        if self.standing.is_none() {
            told.push_str(" Nothing was measured.");
        }
        told
    }

    /// The failures of the run, as sentences that name it.
    fn failures(&self) -> impl Iterator<Item = String> {
        let failures = findings(self.result)
            .into_iter()
            .filter(|finding| finding.severity == Severity::Failure);
        failures.map(|finding| format!("{}: {}", self.letter, finding.text))
    }
}

/// A to Z, then numbers.
fn letter(index: usize) -> String {
    match u8::try_from(index) {
        Ok(small) if small < 26 => char::from(b'A' + small).to_string(),
        _ => (index + 1).to_string(),
    }
}
