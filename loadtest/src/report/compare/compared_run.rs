//! One of the compared runs: its letter, its name, and the measurement that represents it.

use crate::report::findings::findings;
use crate::report::representative::Representative;
use crate::report::setup;
use crate::report::verdict::verdict;
use crate::result::{Measurement, RunResult, Severity};

/// One of the runs.
pub(super) struct ComparedRun<'a> {
    /// A, B, C …: names of files are too long for columns.
    pub letter: String,
    pub name: &'a str,
    pub result: &'a RunResult,
    pub representative: Option<Representative<'a>>,
    /// What stands for it where there is no median.
    pub middle: Option<&'a Measurement>,
}

/// Letters of a name that have room above a bar, beside its value.
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

    /// Its letter and name. The end of a long name distinguishes it better than its beginning.
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

    /// Which run it is, how it ended, and what stands for it.
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

    /// The failures of the run, as sentences that name it.
    pub fn failures(&self) -> impl Iterator<Item = String> {
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
