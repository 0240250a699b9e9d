//! What a trial's counts and samples mean: the measurement, and what a reader must be told about it.

use super::trial::Trial;
use crate::load::meter::Measured;
use crate::observe::watch::Used;
use crate::report::units::{counted, integer, share_of};
use crate::result::{
    Connections, Count, Deliveries, LoadUsage, Measurement, Problem, Saturated, ServerUsage,
    Severity, Side, Throughput,
};

/// With fewer messages than this, one that is late is more than one in a hundred.
const MESSAGES_MIN: u64 = 100;
/// Less CPU time than this is not divided: the system counts it in steps of 10 ms.
const CPU_SECONDS_MIN: f64 = 0.05;
/// A side that is busy for this share of the time is at its limit. What is missing goes to waiting for the other side.
const SATURATED: f64 = 0.9;

pub(super) fn measurement(trial: &mut Trial<'_>, label: &str, round: u32) -> Measurement {
    let measured = trial.fleet.meter.finish();
    let used = trial
        .end
        .zip(trial.begin)
        .map(|(end, begin)| end.since(&begin));
    let connections = trial.fleet.connections();
    let deliveries = trial.fleet.ledger.deliveries();
    let server = used.and_then(|used| server_usage(trial, &used, &measured, &connections));
    let load = used
        .map(|used| load_usage(&used, &measured))
        .unwrap_or_default();
    let seconds = measured.seconds.max(1e-9);
    Measurement {
        label: label.to_owned(),
        side: trial.stand.side,
        round,
        step: None,
        held: deliveries.whole(),
        seconds: measured.seconds,
        connections,
        deliveries,
        replies: trial.fleet.replies(),
        throughput: Throughput {
            published: measured.counts.published,
            deliveries: measured.counts.deliveries,
            bytes: measured.counts.bytes,
            published_per_second: measured.counts.published as f64 / seconds,
            deliveries_per_second: measured.counts.deliveries as f64 / seconds,
        },
        delivery_latency: measured.delivery,
        prober_latency: trial.probed.take(),
        last_subscriber: measured.last,
        send_delay: measured.send_delay,
        reply_latency: measured.reply,
        heartbeat_latency: measured.heartbeat,
        saturated: saturated(&server, &load),
        server,
        load,
        intervals: measured.intervals,
        figures: Vec::new(),
    }
}

fn server_usage(
    trial: &Trial<'_>,
    used: &Used,
    measured: &Measured,
    connections: &Connections,
) -> Option<ServerUsage> {
    let process = trial.fleet.watch.server()?;
    let (cpu_seconds, system_seconds) = used.server_cpu?;
    let (before, joined, end) = (
        trial.before.server?,
        trial.joined?.server?,
        trial.end?.server?,
    );
    let per = |total: f64, count: u64| (count > 0).then(|| total / count as f64);
    let told = |cpu: f64, count| (cpu >= CPU_SECONDS_MIN).then(|| per(cpu * 1e6, count))?;
    let joining = trial.joined?.since(&trial.before).server_cpu?.0;
    let grown = joined.rss_bytes as f64 - before.rss_bytes as f64;
    Some(ServerUsage {
        pid: process.pid(),
        cpu_seconds,
        system_seconds,
        cores_used: cpu_seconds / used.seconds.max(1e-9),
        cores_available: process.cores_available().unwrap_or(1.0),
        us_per_delivery: told(cpu_seconds, measured.counts.deliveries),
        us_per_join: told(joining, connections.joined),
        rss_before_bytes: before.rss_bytes,
        rss_joined_bytes: joined.rss_bytes,
        rss_after_bytes: end.rss_bytes,
        rss_per_connection_bytes: per(grown.max(0.0), connections.joined),
    })
}

fn load_usage(used: &Used, measured: &Measured) -> LoadUsage {
    let (seconds, counts) = (used.seconds.max(1e-9), measured.counts);
    let per = |total: f64, count: u64| (count > 0).then(|| total / count as f64);
    LoadUsage {
        cpu_seconds: used.own_cpu,
        busy: ((used.own_cpu + used.own_waiting) / seconds).min(1.0),
        waiting: (used.own_waiting / seconds).min(1.0),
        us_per_delivery: per(used.own_cpu * 1e6, counts.deliveries),
        reads: counts.reads,
        deliveries_per_read: per(counts.deliveries as f64, counts.reads),
    }
}

fn saturated(server: &Option<ServerUsage>, load: &LoadUsage) -> Saturated {
    let load_is = load.busy >= SATURATED;
    let server_is = server
        .as_ref()
        .map(|server| server.cores_used >= SATURATED * server.cores_available);
    match (server_is, load_is) {
        (Some(true), true) => Saturated::Both,
        (Some(true), false) => Saturated::Server,
        (_, true) => Saturated::LoadGenerator,
        (Some(false), false) => Saturated::Neither,
        (None, false) => Saturated::Unknown,
    }
}

/// What has failed in `measurement`, and what may mislead. `open_loop`: messages came at a rate.
pub fn problems(measurement: &Measurement, open_loop: bool) -> Vec<Problem> {
    let mut problems = Vec::new();
    if measurement.side == Side::Server || !measurement.deliveries.whole() {
        let refused = !measurement.replies.error.is_empty();
        problems.extend(delivery_failures(&measurement.deliveries, refused));
        problems.extend(connection_failures(measurement));
    }
    problems.extend(misleading(measurement, open_loop));
    let name = |problem: Problem| match measurement.label.as_str() {
        "" => problem,
        label => Problem {
            text: format!("{label}: {}", problem.text),
            ..problem
        },
    };
    problems.into_iter().map(name).collect()
}

fn delivery_failures(deliveries: &Deliveries, refused: bool) -> Vec<Problem> {
    let Deliveries {
        published,
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
    if published > 0 && expected == 0 && !refused {
        let text = "nobody was owed what was published: more --clients, or no --no-echo";
        return vec![failure(text.to_owned())];
    }
    if published > 0 && expected > 0 && received == 0 {
        let text = "nothing that was published came back. Does the server broadcast the text of this --event and --payload \
            to the topic?";
        return vec![failure(text.to_owned())];
    }
    let many = |count| counted(count, "delivery", "deliveries");
    let share = share_of(missing, expected);
    let messages = counted(unsent, "message was", "messages were");
    let faults = [
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
    ];
    let found = faults.into_iter().filter(|(count, _)| *count > 0);
    found.map(|(_, text)| failure(text)).collect()
}

fn connection_failures(measurement: &Measurement) -> Vec<Problem> {
    let Connections {
        wanted,
        joined,
        refused,
        lost,
        ..
    } = &measurement.connections;
    let errors = &measurement.replies.error;
    let mut failures = Vec::new();
    if total(lost) > 0 {
        let many = counted(total(lost), "connection", "connections");
        failures.push(format!(
            "{many} lost of {}: {}",
            integer(*joined),
            reasons(lost)
        ));
    }
    if total(refused) > 0 {
        let many = counted(total(refused), "connection or join", "connections or joins");
        failures.push(format!(
            "{many} refused of {}: {}",
            integer(*wanted),
            reasons(refused)
        ));
    }
    // Where nothing is published, pushes are there to be answered, and an error is an answer.
    if total(errors) > 0 && measurement.deliveries.published > 0 {
        let many = counted(total(errors), "push", "pushes");
        failures.push(format!(
            "{many} answered with an error: {}. See --event and --payload",
            reasons(errors)
        ));
    }
    failures.into_iter().map(failure).collect()
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

/// A problem by which a run has failed.
pub fn failure(text: String) -> Problem {
    Problem {
        severity: Severity::Failure,
        text,
    }
}

/// A problem by which figures may mislead.
pub fn warning(text: String) -> Problem {
    Problem {
        severity: Severity::Warning,
        text,
    }
}
