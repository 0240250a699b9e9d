//! The key figures of a run, large, at the top of the page.

use crate::report::representative::{Reading, Representative, above_zero};
use crate::report::tables::mostly_fixed;
use crate::report::units::{bytes, rate, time};

use super::document::Document;

/// A figure's name, its format, and its place in a measurement.
type Tile = (&'static str, fn(f64) -> String, Reading);

/// The name of a figure that is shown with a note if it is mostly fixed cost.
const MEMORY: &str = "server memory a connection";

/// The key figures, in the order of reading. The time to join and the CPU time of a join are shown
/// only if nothing was delivered.
const TILES: [Tile; 9] = [
    ("deliveries", rate, |measurement| {
        above_zero(measurement.throughput.deliveries_per_second)
    }),
    ("delivery p50", time, |measurement| {
        Some(measurement.delivery_latency.as_ref()?.p50_us as f64)
    }),
    ("delivery p99", time, |measurement| {
        Some(measurement.delivery_latency.as_ref()?.p99_us as f64)
    }),
    ("last subscriber p99", time, |measurement| {
        Some(measurement.last_subscriber.as_ref()?.p99_us as f64)
    }),
    ("server CPU a delivery", time, |measurement| {
        measurement.server.as_ref()?.us_per_delivery
    }),
    ("time to joined p99", time, |measurement| {
        let joined = measurement.connections.time_to_joined.as_ref();
        let joined = joined.filter(|_| measurement.delivery_latency.is_none());
        Some(joined?.p99_us as f64)
    }),
    ("server CPU a join", time, |measurement| {
        let server = measurement.server.as_ref();
        let server = server.filter(|_| measurement.delivery_latency.is_none());
        server?.us_per_join
    }),
    (MEMORY, bytes, |measurement| {
        measurement.server.as_ref()?.rss_per_connection_bytes
    }),
    ("joins", rate, |measurement| {
        above_zero(measurement.connections.joins_per_second)
    }),
];

/// Adds the key figures that the measurements have.
pub(super) fn tiles(page: &mut Document, representative: &Representative) {
    page.open("ul", "tiles");
    for (name, write, reading) in TILES {
        if let Some(value) = representative.median(reading) {
            page.open("li", "");
            page.element("span", "quiet", name);
            page.element("strong", "", &write(value));
            if let Some(doubt) = doubt(name, representative) {
                page.element("span", "quiet", doubt);
            }
            page.close("li");
        }
    }
    page.close("ul");
}

fn doubt(name: &str, representative: &Representative) -> Option<&'static str> {
    let memory = representative.middle().filter(|_| name == MEMORY)?;
    mostly_fixed(memory)
}
