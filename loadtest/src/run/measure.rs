//! The counts and samples of a trial as one measurement.

use super::saturation::saturated;
use super::trial::Trial;
use crate::load::meter::Measured;
use crate::observe::watch::Used;
use crate::result::{Connections, LoadUsage, Measurement, ServerUsage, Throughput};

/// Least CPU time that is divided by deliveries or joins: the system counts in steps of 10 ms.
const CPU_SECONDS_MIN: f64 = 0.05;

impl Trial<'_> {
    /// Returns the measurement of the trial, whose meter ends with this call.
    pub fn measurement(&mut self, label: &str, round: u32) -> Measurement {
        let measured = self.fleet.meter.finish();
        let used = self
            .end
            .zip(self.begin)
            .map(|(end, begin)| end.since(&begin));
        let connections = self.fleet.connections();
        let deliveries = self.fleet.ledger.deliveries();
        let server = used.and_then(|used| server_usage(self, &used, &measured, &connections));
        let load = used
            .map(|used| load_usage(&used, &measured))
            .unwrap_or_default();
        let seconds = measured.seconds.max(1e-9);
        Measurement {
            label: label.to_owned(),
            side: self.subject.side,
            round,
            step: None,
            held: deliveries.whole(),
            seconds: measured.seconds,
            connections,
            deliveries,
            replies: self.fleet.replies(),
            throughput: Throughput {
                published: measured.counts.published,
                deliveries: measured.counts.deliveries,
                bytes: measured.counts.bytes,
                published_per_second: measured.counts.published as f64 / seconds,
                deliveries_per_second: measured.counts.deliveries as f64 / seconds,
            },
            delivery_latency: measured.delivery,
            prober_latency: self.probed.take(),
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
