//! The table of what went through and what it cost: throughput, CPU of both sides, memory, joins; and what one scenario alone
//! counts.

use crate::result::{LoadUsage, Measurement, ServerUsage};

use super::{Cell, Table, title};
use crate::report::units::{bytes, figure, integer, number, rate, share, time};

/// Throughput and cost, each figure with what stands behind it.
pub(super) fn costs(measurement: &Measurement) -> Table {
    let mut table = Table::numbers(title("Throughput and cost", measurement), &["", "", ""]);
    table.words = true;
    let mut row = |name: &str, value: String, detail: String| {
        table.rows.push(vec![
            Cell::plain(name),
            Cell::plain(value),
            Cell::plain(detail),
        ]);
    };
    throughput(measurement, &mut row);
    if let Some(server) = &measurement.server {
        server_cpu(server, &mut row);
        server_memory(server, &mut row);
    }
    load(&measurement.load, measurement.seconds, &mut row);
    table
}

fn throughput(measurement: &Measurement, row: &mut impl FnMut(&str, String, String)) {
    let throughput = &measurement.throughput;
    if throughput.deliveries > 0 {
        let seconds = number(measurement.seconds);
        let detail = format!("{} in {seconds} s", integer(throughput.deliveries));
        row("deliveries", rate(throughput.deliveries_per_second), detail);
        row(
            "messages",
            rate(throughput.published_per_second),
            format!("{} published", integer(throughput.published)),
        );
        let per_second = throughput.bytes as f64 / measurement.seconds.max(f64::MIN_POSITIVE);
        row(
            "bytes received",
            format!("{}/s", bytes(per_second)),
            format!("{} in all", bytes(throughput.bytes as f64)),
        );
    }
    let connections = &measurement.connections;
    if connections.joins_per_second > 0.0 {
        row(
            "joins",
            rate(connections.joins_per_second),
            format!("{} joined", integer(connections.joined)),
        );
    }
}

fn server_cpu(server: &ServerUsage, row: &mut impl FnMut(&str, String, String)) {
    let cores = format!(
        "{} of {} cores used, {} of it in the kernel",
        number(server.cores_used),
        number(server.cores_available),
        share(server.system_seconds / server.cpu_seconds)
    );
    match server.us_per_delivery {
        Some(us) => row("server CPU", format!("{} a delivery", time(us)), cores),
        None => row(
            "server CPU",
            format!("{} s", number(server.cpu_seconds)),
            cores,
        ),
    }
    if let Some(us) = server.us_per_join {
        row(
            "server CPU to join",
            format!("{} each", time(us)),
            "connect, upgrade and join".to_owned(),
        );
    }
}

fn server_memory(server: &ServerUsage, row: &mut impl FnMut(&str, String, String)) {
    let [before, joined, after] = [
        server.rss_before_bytes,
        server.rss_joined_bytes,
        server.rss_after_bytes,
    ]
    .map(|size| bytes(size as f64));
    let detail = format!("{before} before, {joined} joined, {after} at the end");
    let value = match server.rss_per_connection_bytes {
        Some(each) => format!("{} a connection", bytes(each)),
        None => after.clone(),
    };
    row("server memory (RSS)", value, detail);
}

fn load(load: &LoadUsage, seconds: f64, row: &mut impl FnMut(&str, String, String)) {
    let busy = format!(
        "{} busy, {} waiting for a core",
        share(load.busy),
        share(load.waiting)
    );
    let cores = load.cpu_seconds / seconds.max(f64::MIN_POSITIVE);
    match load.us_per_delivery {
        Some(us) => row(
            "load generator CPU",
            format!("{} a delivery", time(us)),
            busy,
        ),
        None => row(
            "load generator CPU",
            format!("{} cores", number(cores)),
            busy,
        ),
    }
    if let Some(each) = load.deliveries_per_read.filter(|each| *each > 0.0) {
        row(
            "deliveries a read",
            number(each),
            format!("{} reads", integer(load.reads)),
        );
    }
}

/// Figures that only this scenario has.
pub(super) fn figures(measurement: &Measurement) -> Table {
    let mut table = Table::numbers(title("Of this scenario", measurement), &["", "value"]);
    let rows = measurement.figures.iter();
    table.rows = rows
        .map(|each| vec![Cell::plain(each.name.clone()), Cell::plain(figure(each))])
        .collect();
    table
}
