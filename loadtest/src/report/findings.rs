//! What a reader must know before any figure: what failed, what may mislead, and which side was at its limit. The counts of
//! the result are judged here, so a problem is told even if the scenario that counted it said nothing.

use crate::result::{
    Connections, Count, Deliveries, Ended, Measurement, Ramp, RunResult, Saturated, Severity,
};

use super::standing::Standing;
use super::units::{counted, integer, plain, share_of};

/// Something to say before any figure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// A sentence.
    pub text: String,
}

/// What is wrong or may mislead: failures before warnings, counts before what the scenario noted. No sentence comes twice.
pub fn findings(result: &RunResult) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut say = |severity, text: String| {
        let finding = Finding { severity, text };
        if !found.contains(&finding) {
            found.push(finding);
        }
    };
    ended(result.ended, &mut say);
    for measurement in judged(result) {
        counts(measurement, &mut say);
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
    for problem in &result.problems {
        say(problem.severity, problem.text.clone());
    }
    found.sort_by_key(|finding| finding.severity);
    found
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

fn ended(ended: Ended, say: &mut impl FnMut(Severity, String)) {
    let (severity, text) = match ended {
        Ended::Complete => return,
        Ended::Interrupted => (
            Severity::Warning,
            "It was interrupted: the figures are of a part of the run.",
        ),
        Ended::ServerLost => (
            Severity::Failure,
            "The server went away: the figures end there.",
        ),
        Ended::NotStarted => (
            Severity::Failure,
            "It could not get under way: nothing was measured.",
        ),
    };
    say(severity, text.to_owned());
}

fn counts(measurement: &Measurement, say: &mut impl FnMut(Severity, String)) {
    let prefix = match measurement.label.as_str() {
        "" => String::new(),
        label => format!("{label}: "),
    };
    let mut tell = |severity, text| say(severity, format!("{prefix}{text}"));
    deliveries(&measurement.deliveries, &mut tell);
    connections(&measurement.connections, measurement.held, &mut tell);
    if !measurement.replies.error.is_empty() {
        let count = total(&measurement.replies.error);
        let many = counted(count, "push was", "pushes were");
        tell(
            severity(measurement.held),
            format!(
                "{many} answered with an error: {}.",
                reasons(&measurement.replies.error)
            ),
        );
    }
}

fn deliveries(deliveries: &Deliveries, tell: &mut impl FnMut(Severity, String)) {
    let failures = [
        (deliveries.missing, missing(deliveries)),
        (
            deliveries.duplicated,
            "duplicated: a subscriber got a message again".to_owned(),
        ),
        (
            deliveries.out_of_order,
            format!("out of order, of {} received", integer(deliveries.received)),
        ),
        (
            deliveries.altered,
            "altered: the text is not what was published".to_owned(),
        ),
    ];
    for (count, what) in failures {
        if count > 0 {
            tell(
                Severity::Failure,
                format!("{} {what}.", counted(count, "delivery", "deliveries")),
            );
        }
    }
    if deliveries.unsent > 0 {
        let many = counted(deliveries.unsent, "message was", "messages were");
        let why = "the server read nothing of the publisher for too long";
        tell(
            Severity::Failure,
            format!("{many} due but not sent: {why}."),
        );
    }
    if deliveries.early > 0 {
        let many = counted(deliveries.early, "delivery", "deliveries");
        tell(
            Severity::Warning,
            format!("{many} of messages from before the subscriber had joined."),
        );
    }
}

fn missing(deliveries: &Deliveries) -> String {
    let Deliveries {
        missing, expected, ..
    } = *deliveries;
    format!(
        "missing of {} expected ({})",
        integer(expected),
        share_of(missing, expected)
    )
}

/// Where connections are lost on purpose, as slow ones are, the measurement held, and it is told without alarm.
fn connections(connections: &Connections, held: bool, tell: &mut impl FnMut(Severity, String)) {
    let lost = total(&connections.lost);
    if lost > 0 {
        let many = counted(lost, "connection", "connections");
        tell(
            severity(held),
            format!("{many} lost: {}.", reasons(&connections.lost)),
        );
    }
    let refused = total(&connections.refused);
    if refused > 0 {
        let many = counted(refused, "connection or join", "connections or joins");
        let wanted = integer(connections.wanted);
        tell(
            severity(held),
            format!(
                "{many} refused of {wanted} wanted: {}.",
                reasons(&connections.refused)
            ),
        );
    }
}

fn severity(held: bool) -> Severity {
    if held {
        Severity::Warning
    } else {
        Severity::Failure
    }
}

fn total(counts: &[Count]) -> u64 {
    counts.iter().map(|count| count.count).sum()
}

fn reasons(counts: &[Count]) -> String {
    let each = counts
        .iter()
        .map(|count| format!("{} ({})", count.what, integer(count.count)));
    each.collect::<Vec<_>>().join(", ")
}

/// Which side was at its limit, in words: at the step that broke, if one did.
pub(super) fn bottleneck(result: &RunResult) -> Option<String> {
    let broke = result.ramp.as_ref().and_then(|ramp| ramp.broke_at);
    let broken = result
        .measurements
        .iter()
        .find(|measurement| broke.is_some() && measurement.step == broke);
    match broken {
        Some(broken) => Some(format!("When it broke: {}", saturated(broken.saturated))),
        None => {
            let middle = Standing::of(result)?.middle()?;
            Some(saturated(middle.saturated).to_owned())
        }
    }
}

fn saturated(saturated: Saturated) -> &'static str {
    match saturated {
        Saturated::Server => {
            "The server was the bottleneck: it used all the CPU it could, and the figures are its ceiling."
        }
        Saturated::LoadGenerator => {
            "The load generator was the bottleneck: the figures are its ceiling, not the server's. Give it a core of its \
             own (--load-cores), or ask for less."
        }
        Saturated::Both => "Both sides used all the CPU they could: either may be the ceiling.",
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
