//! What a reader must know before any figure: what failed, what may mislead, and which side was at its limit. What is wrong
//! was judged when it was measured; here it is put in order, with the objectives that broke.

use crate::result::{Ended, Measurement, Ramp, RunResult, Saturated, Severity};

use super::standing::Standing;
use super::units::{counted, integer, plain};

/// Something to say before any figure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// A sentence.
    pub text: String,
}

/// What is wrong or may mislead: failures before warnings. No sentence comes twice, and a warning that each round or step
/// repeats with other numbers comes once.
pub fn findings(result: &RunResult) -> Vec<Finding> {
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
            let text = format!(
                "Objective {} did not hold: {} was observed.",
                broken.objective, broken.observed
            );
            say(Severity::Failure, text);
        }
    }
    found.sort_by_key(|finding| finding.severity);
    once_each(found, result)
}

/// Nine rounds on a busy machine say the same nine times: the first says it for all.
fn once_each(found: Vec<Finding>, result: &RunResult) -> Vec<Finding> {
    let mut told: Vec<(String, u64, Finding)> = Vec::new();
    for finding in found {
        let sense = sense(&finding.text, result);
        let same = told
            .iter_mut()
            .find(|(other, ..)| *other == sense && finding.severity == Severity::Warning);
        match same {
            Some((_, more, _)) => *more += 1,
            None => told.push((sense, 0, finding)),
        }
    }
    let counted_in = |(_, more, mut finding): (String, u64, Finding)| {
        if more > 0 {
            let text = finding.text.trim_end_matches('.');
            finding.text = format!("{text} (and {} more like it).", integer(more));
        }
        finding
    };
    told.into_iter().map(counted_in).collect()
}

/// A sentence without the measurement it is about, and without its numbers.
fn sense(text: &str, result: &RunResult) -> String {
    let labels = result
        .measurements
        .iter()
        .map(|measurement| measurement.label.as_str());
    let about = labels
        .filter(|label| !label.is_empty())
        .find_map(|label| text.strip_prefix(label));
    about
        .unwrap_or(text)
        .chars()
        .filter(|letter| !letter.is_ascii_digit())
        .collect()
}

/// With a full stop, if it ends in none of its own.
fn sentence(text: &str) -> String {
    match text.ends_with(['.', '!', '?', '\n']) {
        true => text.to_owned(),
        false => format!("{text}."),
    }
}

/// The word for the run, and the sentence behind it.
pub fn verdict(result: &RunResult) -> (&'static str, String) {
    let failures = findings(result)
        .iter()
        .filter(|finding| finding.severity == Severity::Failure)
        .count();
    match (result.held, result.ended) {
        (true, _) => ("HELD", held(result)),
        (false, Ended::Interrupted) => (
            "INTERRUPTED",
            "What was measured until then follows.".to_owned(),
        ),
        (false, _) if failures == 0 => (
            "FAILED",
            "The run was marked as failed; no reason was kept.".to_owned(),
        ),
        (false, _) => (
            "FAILED",
            format!(
                "{} found.",
                counted(failures as u64, "failure was", "failures were")
            ),
        ),
    }
}

/// What a run that held has shown.
fn held(result: &RunResult) -> String {
    let expected: u64 = judged(result)
        .map(|measurement| measurement.deliveries.expected)
        .sum();
    let delivered = match expected {
        0 => "Every connection stayed as it should.".to_owned(),
        1 => "The one delivery came, as it was published.".to_owned(),
        many => format!(
            "All {} deliveries came once, in order, as they were published.",
            integer(many)
        ),
    };
    let objectives = result.objectives.len() as u64;
    match result.ramp.as_ref() {
        Some(Ramp {
            last_held: Some(held),
            raised,
            ..
        }) => format!("Up to {}. {delivered}", step(*held, raised)),
        _ if objectives == 0 => delivered,
        _ => format!(
            "{delivered} {} held.",
            counted(objectives, "objective", "objectives")
        ),
    }
}

/// A ramp goes on until something breaks: what broke is its finding, not its failure, unless nothing held before.
fn breaks_on_purpose(result: &RunResult) -> bool {
    result
        .ramp
        .as_ref()
        .is_some_and(|ramp| ramp.last_held.is_some())
}

/// The measurements in which a fault is a fault of the run.
fn judged(result: &RunResult) -> impl Iterator<Item = &Measurement> {
    let on_purpose = breaks_on_purpose(result);
    result
        .measurements
        .iter()
        .filter(move |measurement| measurement.held || !on_purpose)
}

/// Which side was at its limit, in words: at the step that broke, if one did.
pub(super) fn bottleneck(result: &RunResult) -> Option<String> {
    let broke = result.ramp.as_ref().and_then(|ramp| ramp.broke_at);
    let broken = result
        .measurements
        .iter()
        .find(|measurement| broke.is_some() && measurement.step == broke);
    match broken {
        Some(broken) => Some(format!("When it broke: {}", saturated(broken))),
        None => {
            let middle = Standing::of(result)?.middle()?;
            Some(saturated(middle).to_owned())
        }
    }
}

fn saturated(measurement: &Measurement) -> &'static str {
    match measurement.saturated {
        Saturated::Server => {
            "The server was the bottleneck: it used all the CPU it could, and the figures are its ceiling."
        }
        Saturated::LoadGenerator => {
            "The load generator was the bottleneck: the figures are its ceiling, not the server's. Give it a core of its \
             own (--load-cores), or ask for less."
        }
        Saturated::Both => "Both sides used all the CPU they could: either may be the ceiling.",
        Saturated::Neither if measurement.throughput.deliveries == 0 => {
            "Neither side was at its limit."
        }
        Saturated::Neither => {
            "Neither side was at its limit: the rate or the window that was asked for was."
        }
        Saturated::Unknown => {
            "The load generator was not the bottleneck. Whether the server was is not known: name its process with --pid, \
             or start it with --spawn."
        }
    }
}

/// What a ramp found, in words.
pub(super) fn ramp(ramp: &Ramp) -> String {
    let step = |value| step(value, &ramp.raised);
    let because = match ramp.because.is_empty() {
        true => String::new(),
        false => format!(": {}", ramp.because.join("; ")),
    };
    match (ramp.last_held, ramp.broke_at) {
        (Some(held), Some(broke)) => {
            format!(
                "The last step that held was {}. At {} it broke{because}.",
                step(held),
                step(broke)
            )
        }
        (Some(held), None) => format!(
            "Every step held, up to {}: the limit lies higher.",
            step(held)
        ),
        (None, Some(broke)) => format!("No step held: the first, {}, broke{because}.", step(broke)),
        (None, None) => "No step was completed.".to_owned(),
    }
}

/// A step in words.
fn step(value: f64, raised: &str) -> String {
    match raised {
        "rate" => format!("{} messages a second", plain(value)),
        raised => format!("{} {raised}", plain(value)),
    }
}
