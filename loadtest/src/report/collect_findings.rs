//! Collects the findings of a result: problems and broken objectives, failures first, each once.
//!
//! Whether a problem is a failure or a warning was decided when it was measured.

use crate::result::{Objective, RunResult, Severity};

use super::dedupe::once_each;
use super::finding::Finding;
use super::outcome::{breaks_on_purpose, nothing_came_of_it};

/// Returns failures before warnings. No sentence occurs twice, and a warning repeated by each round
/// or step with other numbers occurs once. Empty if the run was interrupted before it measured,
/// because there are no figures then.
pub fn findings(result: &RunResult) -> Vec<Finding> {
    if nothing_came_of_it(result) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut say = |severity, text: String, measurement: Option<String>| {
        let finding = Finding {
            severity,
            text,
            measurement,
        };
        if !found.contains(&finding) {
            found.push(finding);
        }
    };
    for problem in &result.problems {
        let measurement = problem.measurement.clone();
        say(problem.severity, sentence(&problem.text), measurement);
    }
    if !breaks_on_purpose(result) {
        for broken in result.objectives.iter().filter(|objective| !objective.held) {
            say(Severity::Failure, broke(broken), None);
        }
    }
    found.sort_by_key(|finding| finding.severity);
    once_each(found, result)
}

fn broke(broken: &Objective) -> String {
    let (objective, observed) = (&broken.objective, &broken.observed);
    match broken.was_observed() {
        true => format!("Objective {objective} did not hold: {observed} was observed."),
        false => format!("Objective {objective} could not be judged: {observed}."),
    }
}

/// Returns the text with a full stop, unless it ends with a mark of its own.
fn sentence(text: &str) -> String {
    match text.ends_with(['.', '!', '?', '\n']) {
        true => text.to_owned(),
        false => format!("{text}."),
    }
}
