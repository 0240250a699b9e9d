//! The findings before any figure: failures, and facts that may mislead.
//!
//! Problems were judged when they were measured. Here they are put in order, with the objectives
//! that broke.

use crate::result::{Objective, RunResult, Severity};

use super::dedupe::once_each;
use super::finding::{Finding, NOTHING_OBSERVED};
use super::outcome::{breaks_on_purpose, nothing_came_of_it};

/// Returns failures before warnings. No sentence occurs twice, and a warning repeated by each round
/// or step with other numbers occurs once. Empty if the run was interrupted before it measured,
/// because there are no figures then.
pub fn findings(result: &RunResult) -> Vec<Finding> {
    if nothing_came_of_it(result) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut say = |severity, text: String| {
        let finding = Finding { severity, text };
        if !found.contains(&finding) {
            found.push(finding);
        }
    };
    for problem in &result.problems {
        say(problem.severity, sentence(&problem.text));
    }
    if !breaks_on_purpose(result) {
        for broken in result.objectives.iter().filter(|objective| !objective.held) {
            say(Severity::Failure, broke(broken));
        }
    }
    found.sort_by_key(|finding| finding.severity);
    once_each(found, result)
}

fn broke(
    Objective {
        objective,
        observed,
        ..
    }: &Objective,
) -> String {
    match observed.as_str() {
        NOTHING_OBSERVED => {
            format!("Objective {objective} could not be judged: {NOTHING_OBSERVED}.")
        }
        observed => format!("Objective {objective} did not hold: {observed} was observed."),
    }
}

/// Returns the text with a full stop, unless it ends with a mark of its own.
fn sentence(text: &str) -> String {
    match text.ends_with(['.', '!', '?', '\n']) {
        true => text.to_owned(),
        false => format!("{text}."),
    }
}
