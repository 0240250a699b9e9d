//! Runs side by side, each figure as a multiple of the first run's. Where a run measured several times, what stands for it is
//! said; where runs were not asked for the same, that is said too.

mod html;
mod rows;
mod text;

use std::collections::BTreeSet;

use crate::result::{Measurement, RunResult, Severity};

use super::findings::{findings, verdict};
use super::standing::Standing;
use rows::Row;

pub use html::html;
pub use text::text;

/// Runs, ready to be told beside each other.
struct Comparison<'a> {
    runs: Vec<Run<'a>>,
    rows: Vec<Row>,
    /// What differs in what was asked for, in sentences.
    differences: Vec<String>,
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
        let differences = differences(&runs);
        Comparison {
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
        let mut told = format!(
            "{name}: {word}, {} at {}",
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

/// What was not the same for all: the scenario, what was asked for, the machine, the tool.
fn differences(runs: &[Run]) -> Vec<String> {
    let mut found = Vec::new();
    let mut look = |name: &str, value: &dyn Fn(&RunResult) -> String| {
        let values: Vec<String> = runs.iter().map(|run| value(run.result)).collect();
        if values.iter().collect::<BTreeSet<_>>().len() > 1 {
            let each = runs
                .iter()
                .zip(&values)
                .map(|(run, value)| format!("{} {value}", run.letter));
            found.push(format!("{name}: {}", each.collect::<Vec<_>>().join(", ")));
        }
    };
    look("scenario", &|result| result.scenario.clone());
    for name in names(runs) {
        look(name, &|result| asked(result, name));
    }
    let bound = |cores: &Option<String>| cores.clone().unwrap_or_else(|| "any".to_owned());
    look("processor", &|result| result.machine.cpu_model.clone());
    look("cores", &|result| result.machine.cores.to_string());
    look("server bound to cores", &|result| {
        bound(&result.machine.server_cores)
    });
    look("load bound to cores", &|result| {
        bound(&result.machine.load_cores)
    });
    look("system", &|result| result.machine.kernel.clone());
    look("lobbyd-loadtest", &|result| result.tool_version.clone());
    found
}

/// What any of the runs was asked for, in the order of the first that was.
fn names<'a>(runs: &[Run<'a>]) -> Vec<&'a str> {
    let mut names: Vec<&str> = Vec::new();
    for parameter in runs.iter().flat_map(|run| &run.result.parameters) {
        if !names.contains(&parameter.name.as_str()) {
            names.push(&parameter.name);
        }
    }
    names
}

fn asked(result: &RunResult, name: &str) -> String {
    let values: Vec<&str> = result
        .parameters
        .iter()
        .filter(|each| each.name == name)
        .map(|each| each.value.as_str())
        .collect();
    match values.is_empty() {
        true => "not given".to_owned(),
        false => values.join(" and "),
    }
}
