//! The verdict in sentences: whether a run held, how far a ramp got, the side at its limit.
//!
//! A sentence says how far its figure can be trusted if that is in doubt.

use crate::result::{Ended, Measurement, Ramp, Restart, RunResult, Saturated, Severity};

use super::collect_findings::findings;
use super::outcome::{breaks_on_purpose, nothing_came_of_it};
use super::representative::Representative;
use super::setup;
use super::units::{counted, integer, plain, time};

/// If the load generator waited for a core for more than this share of the time, it was other
/// programs that slowed it, and not its own work.
const WAITING_MUCH: f64 = 0.2;

/// Returns the word for the run, and the sentence after the word.
pub fn verdict(result: &RunResult) -> (&'static str, String) {
    let failures = findings(result)
        .iter()
        .filter(|finding| finding.severity == Severity::Failure)
        .count();
    match (result.held, result.ended) {
        _ if nothing_came_of_it(result) => ("INTERRUPTED", "Nothing was measured.".to_owned()),
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

/// Returns the sentence of a run that held.
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
    let delivered = match result.restart.as_ref() {
        Some(restart) => format!("{} {delivered}", everybody_back(restart)),
        None => delivered,
    };
    let objectives = result.objectives.len() as u64;
    match result.ramp.as_ref() {
        Some(Ramp {
            last_held: Some(held),
            raised,
            ..
        }) => format!(
            "up to {}{}. {delivered}",
            step(*held, raised),
            doubt(result)
        ),
        _ if objectives == 0 => delivered,
        _ => format!(
            "{delivered} {} held.",
            counted(objectives, "objective", "objectives")
        ),
    }
}

/// Returns the sentence about the clients of a restart. It is for restarts that held, in which no
/// client was refused.
fn everybody_back(restart: &Restart) -> String {
    let last = restart.back_seconds.last.unwrap_or_default();
    format!(
        "{} were back {} after the signal, and no server refused any.",
        counted(restart.back, "client", "clients"),
        time(last * 1e6)
    )
}

/// Returns which side limited a ramp, in brackets. Empty if neither did.
fn doubt(result: &RunResult) -> &'static str {
    let summit = broken(result).or_else(|| Representative::of(result)?.middle());
    match summit.map(|summit| summit.saturated) {
        Some(Saturated::LoadGenerator) => " (the load generator was the limit)",
        Some(Saturated::Both) => " (server and load generator were at their limit)",
        Some(Saturated::Server) => " (the server was the limit)",
        Some(Saturated::Neither | Saturated::Unknown) | None => "",
    }
}

/// Returns the measurements whose faults are faults of the run.
fn judged(result: &RunResult) -> impl Iterator<Item = &Measurement> {
    let on_purpose = breaks_on_purpose(result);
    let all = result.measurements.iter();
    all.filter(move |measurement| measurement.held || !on_purpose)
}

/// Returns the step that broke, if any.
fn broken(result: &RunResult) -> Option<&Measurement> {
    let broke = result.ramp.as_ref()?.broke_at?;
    let mut steps = result.measurements.iter();
    steps.find(|measurement| measurement.step == Some(broke))
}

/// Returns which side was at its limit, in words. For a ramp that broke, at the step that broke.
pub(super) fn bottleneck(result: &RunResult) -> Option<String> {
    match broken(result) {
        Some(broken) => Some(format!("When it broke: {}", saturated(result, broken)?)),
        None => saturated(result, Representative::of(result)?.middle()?),
    }
}

/// Returns the sentence about the side at its limit. `None` if no limit could be reached.
fn saturated(result: &RunResult, measurement: &Measurement) -> Option<String> {
    if !measurement.connections.unopened.is_empty() {
        let told = "The machine of the load generator was the bottleneck: it could open no more connections.";
        return Some(told.to_owned());
    }
    let told = match measurement.saturated {
        Saturated::Server => {
            "The server was the bottleneck: it used all the CPU it could, and the figures are its ceiling.".to_owned()
        }
        Saturated::LoadGenerator => format!(
            "The load generator was the bottleneck: the figures are its ceiling, not the server's. {}",
            remedy(measurement)
        ),
        Saturated::Both if measurement.load.waiting > WAITING_MUCH => {
            "Both sides used all the CPU they could. Other programs took the load's core: repeat on a quieter machine.".to_owned()
        }
        Saturated::Both => "Both sides used all the CPU they could: either may be the ceiling.".to_owned(),
        Saturated::Neither => neither(result)?,
        Saturated::Unknown => {
            "The load generator was not the bottleneck. Whether the server was is not known: name its process with --pid, \
             or start it with --spawn."
                .to_owned()
        }
    };
    Some(told)
}

/// Returns advice against a load generator at its limit. A core of its own does not help if other
/// programs run on that core.
fn remedy(measurement: &Measurement) -> &'static str {
    match measurement.load.waiting > WAITING_MUCH {
        true => "Other programs took the load's core: repeat on a quieter machine.",
        false => "Give it a core of its own (--load-cores), or ask for less.",
    }
}

fn neither(result: &RunResult) -> Option<String> {
    if result.restart.is_some() {
        return None; // the length of a restart is set by the schedule of reconnects
    }
    let limit = match setup::open_loop(result) {
        true => "rate",
        false => setup::value(result, "window").map(|_| "window")?,
    };
    Some(format!(
        "Neither side was at its limit: the {limit} that was asked for was."
    ))
}

/// Returns the result of a ramp, in words.
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
