//! One of the compared runs: its letter, its name, and the measurement that represents it.

use crate::report::collect_findings::findings;
use crate::report::representative::Representative;
use crate::report::setup;
use crate::report::verdict::verdict;
use crate::result::{Measurement, RunResult, Severity};

/// One of the compared runs.
pub(super) struct ComparedRun<'a> {
    /// A, B, C …, because file names are too long for columns.
    pub letter: String,
    pub name: &'a str,
    pub result: &'a RunResult,
    pub representative: Option<Representative<'a>>,
    /// The measurement that stands for the run where a figure has no median.
    pub middle: Option<&'a Measurement>,
}

/// Most characters of a name that fit above a bar, next to its value.
const NAME_MAX: usize = 30;

impl<'a> ComparedRun<'a> {
    pub fn of(index: usize, (name, result): &'a (String, RunResult)) -> ComparedRun<'a> {
        let representative = Representative::of(result);
        let middle = representative
            .as_ref()
            .and_then(|representative| representative.middle());
        ComparedRun {
            letter: letter(index),
            name,
            result,
            representative,
            middle,
        }
    }

    /// Returns the letter and the name. A long name is cut at its start, which says less.
    pub fn title(&self) -> String {
        let long = self.name.chars().count();
        let end: String = self
            .name
            .chars()
            .skip(long.saturating_sub(NAME_MAX))
            .collect();
        let cut = if long > NAME_MAX { "…" } else { "" };
        format!("{}: {cut}{end}", self.letter)
    }

    /// Returns a sentence: the run's name, verdict and setup, and which measurement represents it.
    pub fn told(&self) -> String {
        let ComparedRun { name, result, .. } = self;
        let (word, _) = verdict(result);
        let asked = setup::subtitle(result);
        let mut told = format!(
            "{name}: {word}, {} · {asked} · {}",
            result.scenario, result.started_at
        );
        if let Some(how) = self
            .representative
            .as_ref()
            .and_then(|representative| representative.how.as_ref())
        {
            told.push_str(&format!("; the figures are of {how}"));
        }
        told.push('.');
        if self.representative.is_none() {
            told.push_str(" Nothing was measured.");
        }
        told
    }

    /// Returns the failures of the run, as sentences that begin with its letter.
    pub fn failures(&self) -> impl Iterator<Item = String> {
        let failures = findings(self.result)
            .into_iter()
            .filter(|finding| finding.severity == Severity::Failure);
        failures.map(|finding| format!("{}: {}", self.letter, finding.text))
    }
}

/// Returns A to Z, then numbers.
fn letter(index: usize) -> String {
    match u8::try_from(index) {
        Ok(small) if small < 26 => char::from(b'A' + small).to_string(),
        _ => (index + 1).to_string(),
    }
}
