//! Reports of sample results: what they say, how they look, and the files that they are kept in.

mod comparisons;
mod figures;
mod fixtures;
mod markup;
mod measurements;
mod pages;
mod result_files;
mod verdicts;

use lobbyd_loadtest::report::text;
use lobbyd_loadtest::result::{Ended, RunResult};
use lobbyd_loadtest::run::failure;

/// Returns every sample with its name.
fn samples() -> [(&'static str, RunResult); 7] {
    [
        ("healthy", fixtures::healthy()),
        ("failing", fixtures::failing()),
        ("ramp", fixtures::ramp()),
        ("floor", fixtures::with_floor()),
        ("joins", fixtures::joins()),
        ("restart", fixtures::restart()),
        ("not_started", not_started()),
    ]
}

fn not_started() -> RunResult {
    let mut result = fixtures::healthy();
    result.ended = Ended::NotStarted;
    result.held = false;
    result.objectives.clear();
    result.measurements.clear();
    let text = "connection refused: nothing listens there".to_owned();
    result.problems = vec![failure(text)];
    result
}

fn named(runs: [RunResult; 2]) -> Vec<(String, RunResult)> {
    ["a.json", "b.json"]
        .map(String::from)
        .into_iter()
        .zip(runs)
        .collect()
}

/// Returns a text in one line, without its line breaks.
fn words(shown: &str) -> String {
    shown.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn plain(result: &RunResult) -> String {
    text::render(result, None, false)
}
