//! The differences between the settings of runs: the parameters, the machine, the tool.
//!
//! Figures of runs that differ may be compared, but the reader has to know.

use std::collections::BTreeSet;

use crate::report::table::{Cell, Form, Table};
use crate::result::RunResult;

use super::compared_run::ComparedRun;

/// A trait's name and its value in a run. The scenario is no trait, because the warning names it.
type Trait = (&'static str, fn(&RunResult) -> String);

const TRAITS: [Trait; 6] = [
    ("processor", |result| result.machine.cpu_model.clone()),
    ("cores", |result| result.machine.cores.to_string()),
    ("server bound to cores", |result| {
        bound(result.machine.server_cores.as_deref())
    }),
    ("load bound to cores", |result| {
        bound(result.machine.load_cores.as_deref())
    }),
    ("system", |result| result.machine.kernel.clone()),
    ("lobbyd-loadtest", |result| result.tool_version.clone()),
];

fn bound(cores: Option<&str>) -> String {
    cores.unwrap_or("any").to_owned()
}

/// Returns a sentence if the runs have different scenarios or different settings.
pub(super) fn warning(runs: &[ComparedRun], differences: &Table) -> Option<String> {
    let scenarios: Vec<&str> = runs
        .iter()
        .map(|run| run.result.scenario.as_str())
        .collect();
    if !same(&scenarios) {
        return Some(format!(
            "The runs are of different scenarios ({}): a figure may mean something else in each.",
            listed(&scenarios)
        ));
    }
    let differ = !differences.rows.is_empty();
    differ.then(|| "The runs had not the same setting: what differs stands below.".to_owned())
}

fn listed(all: &[&str]) -> String {
    let mut each: Vec<&str> = Vec::new();
    for one in all {
        if !each.contains(one) {
            each.push(one);
        }
    }
    each.join(", ")
}

/// Returns a table with a row for each setting that differs between the runs.
pub(super) fn differences(runs: &[ComparedRun]) -> Table {
    let mut table = Table::numbers("What differs", &[""]);
    table.form = Form::Texts;
    table
        .columns
        .extend(runs.iter().map(|run| run.letter.clone()));
    let mut look = |name: &str, value: &dyn Fn(&RunResult) -> String| {
        let values: Vec<String> = runs.iter().map(|run| value(run.result)).collect();
        if !same(&values) {
            let values = values.into_iter().map(Cell::plain);
            table
                .rows
                .push(std::iter::once(Cell::plain(name)).chain(values).collect());
        }
    };
    for name in names(runs) {
        look(name, &|result| asked(result, name));
    }
    for (name, value) in TRAITS {
        look(name, &value);
    }
    table
}

fn same<T: Ord>(values: &[T]) -> bool {
    values.iter().collect::<BTreeSet<_>>().len() < 2
}

/// Returns the names of all parameters of the runs, in the order of their first appearance.
fn names<'a>(runs: &[ComparedRun<'a>]) -> Vec<&'a str> {
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
