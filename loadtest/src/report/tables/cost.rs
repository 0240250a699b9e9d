//! Throughput and its cost: CPU of both sides, memory, joins.
//!
//! Figures that only one scenario has are in a table of their own.

use crate::result::{Figure, LoadUsage, Measurement, ServerUsage};

use crate::report::table::{Cell, Form, Table, title};
use crate::report::units::{bytes, cores, figure, integer, number, rate, share, time};

/// Below this number of connections, a server's fixed memory outweighs that of connections.
const CONNECTIONS_MANY: u64 = 1_000;

/// Returns the table of throughput and cost. Each figure has a detail in words.
pub(super) fn costs(measurement: &Measurement) -> Table {
    let name = title("Throughput and cost in the measured time", measurement);
    let mut table = Table::numbers(name, &["", "", ""]);
    table.form = Form::Words;
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
        server_memory(server, mostly_fixed(measurement), &mut row);
    }
    load(&measurement.load, measurement.seconds, &mut row);
    if measurement.server.is_some() {
        let note =
            "RSS is the memory of the process: what the kernel keeps for its sockets is not in it.";
        table.note = Some(note.to_owned());
    }
    table
}

/// Returns a note for memory per connection if it is mostly the server's fixed memory.
pub(in crate::report) fn mostly_fixed(measurement: &Measurement) -> Option<&'static str> {
    (measurement.connections.joined < CONNECTIONS_MANY).then_some("(mostly fixed cost)")
}

fn throughput(measurement: &Measurement, row: &mut impl FnMut(&str, String, String)) {
    let throughput = &measurement.throughput;
    if throughput.deliveries > 0 {
        let measured = time(measurement.seconds * 1e6);
        let detail = format!("{} in {measured}", integer(throughput.deliveries));
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
            format!(
                "{} joined, from the first connect to the last join",
                integer(connections.joined)
            ),
        );
    }
}

/// Adds the server's CPU, if the system counted any.
fn server_cpu(server: &ServerUsage, row: &mut impl FnMut(&str, String, String)) {
    if server.cpu_seconds > 0.0 {
        let of_cores = format!(
            "{} of {} cores used, {} of it in the kernel",
            cores(server.cores_used),
            cores(server.cores_available),
            share(server.system_seconds / server.cpu_seconds)
        );
        let value = match server.us_per_delivery {
            Some(us) => format!("{} a delivery", time(us)),
            None => time(server.cpu_seconds * 1e6),
        };
        row("server CPU", value, of_cores);
    }
    if let Some(us) = server.us_per_join.filter(|us| *us > 0.0) {
        row(
            "server CPU to join",
            format!("{} each", time(us)),
            "connect, upgrade and join".to_owned(),
        );
    }
}

fn server_memory(
    server: &ServerUsage,
    doubt: Option<&str>,
    row: &mut impl FnMut(&str, String, String),
) {
    let [before, joined, after] = [
        server.rss_before_bytes,
        server.rss_joined_bytes,
        server.rss_after_bytes,
    ]
    .map(|size| bytes(size as f64));
    let doubt = doubt.map_or_else(String::new, |doubt| format!("{doubt} "));
    let detail = format!("{doubt}{before} before, {joined} joined, {after} at the end");
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
    let value = match load.us_per_delivery {
        Some(us) => format!("{} a delivery", time(us)),
        None => format!(
            "{} cores",
            cores(load.cpu_seconds / seconds.max(f64::MIN_POSITIVE))
        ),
    };
    row("load generator CPU", value, busy);
    if let Some(each) = load.deliveries_per_read.filter(|each| *each > 0.0) {
        row(
            "deliveries a read",
            number(each),
            format!("{} reads", integer(load.reads)),
        );
    }
}

/// Returns the table of figures that only this scenario has.
pub(super) fn figures(measurement: &Measurement) -> Table {
    let mut table = Table::numbers(title("Of this scenario", measurement), &["", "value"]);
    let row = |each: &Figure| {
        let doubt = mostly_fixed(measurement).filter(|_| each.per_connection);
        let value = match doubt {
            Some(doubt) => format!("{} {doubt}", figure(each)),
            None => figure(each),
        };
        vec![Cell::plain(each.name.clone()), Cell::plain(value)]
    };
    table.rows = measurement.figures.iter().map(row).collect();
    table
}
