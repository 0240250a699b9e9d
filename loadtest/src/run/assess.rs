//! The assessment of a measurement: its failures, and facts that may mislead a reader.

use crate::report::units::{counted, integer, share_of};
use crate::result::{
    Connections, Count, Deliveries, Measurement, Problem, Saturated, Severity, Side,
};

/// Least number of messages for a p99: with fewer, one late message is more than one in a hundred.
const MESSAGES_MIN: u64 = 100;

/// Returns failures of `measurement`, and facts that may mislead. `open_loop`: a rate was given.
pub fn problems(measurement: &Measurement, open_loop: bool) -> Vec<Problem> {
    let mut problems = Vec::new();
    if measurement.side == Side::Server || !measurement.deliveries.whole() {
        let refused = !measurement.replies.error.is_empty();
        problems.extend(delivery_failures(&measurement.deliveries, refused));
        problems.extend(connection_failures(measurement));
    }
    problems.extend(misleading(measurement, open_loop));
    let about = |problem: Problem| match measurement.label.as_str() {
        "" => problem,
        label => problem.about(label),
    };
    problems.into_iter().map(about).collect()
}

fn delivery_failures(deliveries: &Deliveries, refused: bool) -> Vec<Problem> {
    let Deliveries {
        published,
        expected,
        received,
        ..
    } = *deliveries;
    if published > 0 && expected == 0 && !refused {
        let text = "nobody was owed what was published: more --clients, or no --no-echo";
        return vec![failure(text.to_owned())];
    }
    if published > 0 && expected > 0 && received == 0 {
        let text = "nothing that was published came back. Does the server broadcast the text of this --event and --payload \
            to the topic?";
        return vec![failure(text.to_owned())];
    }
    let found = faults(deliveries).into_iter();
    let found = found.filter(|(count, _)| *count > 0);
    found.map(|(_, text)| failure(text)).collect()
}

/// Returns all faults of deliveries: the count of each, and its sentence.
fn faults(deliveries: &Deliveries) -> [(u64, String); 6] {
    let Deliveries {
        unsent,
        expected,
        received,
        missing,
        duplicated,
        out_of_order,
        altered,
        strayed,
        ..
    } = *deliveries;
    let many = |count| counted(count, "delivery", "deliveries");
    let share = share_of(missing, expected);
    let messages = counted(unsent, "message was", "messages were");
    [
        (
            missing,
            format!(
                "{} missing of {} expected ({share})",
                many(missing),
                integer(expected)
            ),
        ),
        (
            duplicated,
            format!(
                "{} duplicated: a subscriber got a message again",
                many(duplicated)
            ),
        ),
        (
            out_of_order,
            format!(
                "{} out of order, of {} received",
                many(out_of_order),
                integer(received)
            ),
        ),
        (
            altered,
            format!(
                "{} altered: the text is not what was published",
                many(altered)
            ),
        ),
        (
            strayed,
            format!(
                "{} strayed: in a lobby that the message was not published to",
                many(strayed)
            ),
        ),
        (
            unsent,
            format!(
                "{messages} due but not sent: the load generator could not keep the rate, or the server read nothing of a publisher"
            ),
        ),
    ]
}

fn connection_failures(measurement: &Measurement) -> Vec<Problem> {
    let Connections {
        wanted,
        joined,
        refused,
        unopened,
        lost,
        ..
    } = &measurement.connections;
    let errors = &measurement.replies.error;
    let mut failures = Vec::new();
    if Count::total(lost) > 0 {
        let many = counted(Count::total(lost), "connection", "connections");
        let rate = lost.iter().any(|count| count.what.starts_with("1008"));
        let advice = match rate {
            true => {
                ". lobbyd closes a client that exceeds limits.messages_per_second with 1008: raise --publishers, or let it \
                 only observe that limit"
            }
            false => "",
        };
        failures.push(format!(
            "{many} lost of {}: {}{advice}",
            integer(*joined),
            reasons(lost)
        ));
    }
    if Count::total(refused) > 0 {
        let many = counted(
            Count::total(refused),
            "connection or join",
            "connections or joins",
        );
        failures.push(format!(
            "{many} refused of {}: {}",
            integer(*wanted),
            reasons(refused)
        ));
    }
    if Count::total(unopened) > 0 {
        let many = counted(Count::total(unopened), "connection", "connections");
        failures.push(format!(
            "{many} of {} could not be opened by this machine, and the server was not asked: {}. Ask for fewer at once or \
             in a second; a port is free again a minute after its connection",
            integer(*wanted),
            reasons(unopened)
        ));
    }
    // If nothing is published, pushes are only there to be answered, and an error is an answer.
    if Count::total(errors) > 0 && measurement.deliveries.published > 0 {
        let many = counted(Count::total(errors), "push", "pushes");
        failures.push(format!(
            "{many} answered with an error: {}. See --event and --payload",
            reasons(errors)
        ));
    }
    failures.into_iter().map(failure).collect()
}

fn reasons(counts: &[Count]) -> String {
    let each = counts
        .iter()
        .map(|count| format!("{} ({})", count.what, integer(count.count)));
    each.collect::<Vec<_>>().join(", ")
}

fn misleading(measurement: &Measurement, open_loop: bool) -> Vec<Problem> {
    let mut warnings = Vec::new();
    let load_is = matches!(
        measurement.saturated,
        Saturated::LoadGenerator | Saturated::Both
    );
    if load_is && open_loop {
        warnings.push(
            "the load generator was busy all the time: the delays are partly its own".to_owned(),
        );
    }
    let late = measurement
        .send_delay
        .as_ref()
        .map_or(0, |delay| delay.p99_us);
    let delay = measurement
        .delivery_latency
        .as_ref()
        .map_or(u64::MAX, |delay| delay.p99_us);
    if open_loop && late > 2_000 && late > delay / 4 {
        warnings.push(format!(
            "the load generator sent late (p99 {:.1} ms after the intended time); that is part of all delays",
            late as f64 / 1e3
        ));
    }
    let few = measurement.throughput.published;
    if open_loop && (1..MESSAGES_MIN).contains(&few) {
        warnings.push(format!(
            "{few} messages are few: one pause of the machine decides their 99th percentile. Raise --duration"
        ));
    }
    if measurement.load.waiting > 0.1 {
        warnings.push(format!(
            "the load generator waited for a core {:.0} % of the time: something else runs on its core",
            measurement.load.waiting * 100.0
        ));
    }
    warnings.into_iter().map(warning).collect()
}

/// Returns a problem by which a run has failed.
pub fn failure(text: String) -> Problem {
    Problem {
        severity: Severity::Failure,
        text,
        measurement: None,
    }
}

/// Returns a problem by which figures may mislead.
pub fn warning(text: String) -> Problem {
    Problem {
        severity: Severity::Warning,
        text,
        measurement: None,
    }
}
