//! The tables of a result.
//!
//! Tables without rows and columns without content are left out.

mod cost;
mod deliveries;
mod reconnects;
mod rounds;

use crate::result::{Latency, Measurement, RunResult};

use super::representative::Representative;
use super::table::{Table, delay_row, title};

pub(super) use cost::mostly_fixed;

/// Returns all tables of a run, in the order of reading.
pub(super) fn all(result: &RunResult) -> Vec<Table> {
    let measurements: Vec<&Measurement> = result.measurements.iter().collect();
    let mut tables = Vec::new();
    if measurements.len() > 1 {
        tables.push(rounds::overview(result));
        tables.push(rounds::ratios(result));
    }
    if let Some(found) = &result.restart {
        tables.push(reconnects::times(found));
        tables.push(reconnects::delays(found));
    }
    tables.push(deliveries::objectives(&result.objectives));
    tables.push(deliveries::deliveries(&measurements));
    if let Some(representative) =
        Representative::of(result).and_then(|representative| representative.middle())
    {
        tables.push(latency(representative));
        tables.push(cost::costs(representative));
        tables.push(cost::figures(representative));
        tables.push(deliveries::connections(representative));
    }
    tables.extend(broken(result).map(latency));
    tables.retain(|table| !table.rows.is_empty());
    tables
}

/// Returns the step that ended a ramp. Its delays are shown after those of the last step that held.
fn broken(result: &RunResult) -> Option<&Measurement> {
    let broke = result
        .ramp
        .as_ref()
        .filter(|ramp| ramp.last_held.is_some())?
        .broke_at?;
    result
        .measurements
        .iter()
        .find(|measurement| measurement.step == Some(broke))
}

/// Returns the distributions of a measurement, with their names.
pub(super) fn latencies(measurement: &Measurement) -> Vec<(&'static str, &Latency)> {
    let connections = &measurement.connections;
    let all = [
        ("delivery", &measurement.delivery_latency),
        ("delivery (prober)", &measurement.prober_latency),
        ("last subscriber", &measurement.last_subscriber),
        ("send delay", &measurement.send_delay),
        ("reply", &measurement.reply_latency),
        ("heartbeat", &measurement.heartbeat_latency),
        ("connected", &connections.time_to_connected),
        ("upgraded", &connections.time_to_upgraded),
        ("joined", &connections.time_to_joined),
    ];
    all.into_iter()
        .filter_map(|(name, latency)| Some((name, latency.as_ref()?)))
        .collect()
}

fn latency(measurement: &Measurement) -> Table {
    let columns = ["time to", "p50", "p90", "p99", "p99.9", "max", "count"];
    let mut table = Table::numbers(title("Latency in the measured time", measurement), &columns);
    for (name, of) in latencies(measurement) {
        let times_us = [of.p50_us, of.p90_us, of.p99_us, of.p999_us, of.max_us];
        table.rows.push(delay_row(name, &times_us, of.count));
    }
    table.note = latency_note(measurement);
    table
}

fn latency_note(measurement: &Measurement) -> Option<String> {
    let due = "Counted from the time at which a message was due, so a server that stalls cannot hide it. Send delay: how \
               late the load generator itself was.";
    let joined = "Connected, upgraded, joined: of all connections, also before the measured time.";
    let notes = [
        measurement.send_delay.as_ref().map(|_| due),
        measurement
            .connections
            .time_to_joined
            .as_ref()
            .map(|_| joined),
    ];
    let notes: Vec<&str> = notes.into_iter().flatten().collect();
    (!notes.is_empty()).then(|| notes.join(" "))
}
