//! Distributions of delays on an axis of percentiles, where the tail has as much room as the rest.

use crate::report::plot::{Axis, Lines, Series, percentile_of};
use crate::report::units::time_us;
use crate::result::{Bin, Latency, Measurement};

use super::picture::picture;
use crate::report::html::document::Picture;

/// The name of a distribution, and the distribution.
pub(in crate::report) type Curve<'a> = (String, &'a Latency);

/// Returns the plot of the delays of messages.
pub(super) fn of_messages(measurement: &Measurement) -> Option<Picture> {
    let delays = [
        ("delivery", &measurement.delivery_latency),
        ("delivery (prober)", &measurement.prober_latency),
        ("last subscriber", &measurement.last_subscriber),
        ("send delay of the load generator", &measurement.send_delay),
    ];
    distributions("Distribution of delays", &present(&delays))
}

/// Returns the plot of the times of connections until they had joined.
pub(super) fn of_joins(measurement: &Measurement) -> Option<Picture> {
    let connections = &measurement.connections;
    let times = [
        ("joined", &connections.time_to_joined),
        ("upgraded", &connections.time_to_upgraded),
        ("connected", &connections.time_to_connected),
    ];
    distributions("Distribution of times to join", &present(&times))
}

fn present<'a>(all: &[(&str, &'a Option<Latency>)]) -> Vec<Curve<'a>> {
    let present = all
        .iter()
        .filter_map(|(name, latency)| Some(((*name).to_owned(), latency.as_ref()?)));
    present.collect()
}

/// Returns a plot of several distributions. `None` if there are none.
pub(in crate::report) fn distributions(title: &str, curves: &[Curve]) -> Option<Picture> {
    let count = curves.iter().map(|(_, latency)| latency.count).max()?;
    let least = curves.iter().map(|(_, latency)| latency.min_us).min()?;
    let most = curves.iter().map(|(_, latency)| latency.max_us).max()?;
    let x = Axis::percentiles(count);
    let lines = Lines {
        series: curves
            .iter()
            .map(|(_, latency)| Series::whole(curve(latency, x.to)))
            .collect(),
        x,
        x_name: "percentile",
        y: Axis::times(least, most),
        limits: Vec::new(),
    };
    let words: Vec<String> = curves
        .iter()
        .map(|(name, latency)| told(name, latency))
        .collect();
    let keys = curves.iter().map(|(name, _)| name.clone()).collect();
    picture(title, words.join(" "), keys, &lines)
}

fn told(name: &str, latency: &Latency) -> String {
    let [median, p99, largest] = [latency.p50_us, latency.p99_us, latency.max_us].map(time_us);
    format!("{name}: median {median}, 99th percentile {p99}, largest {largest}.")
}

/// Returns a point for each bin, at the percentile that its values reach. The last point is at the
/// end of the axis, because the axis has no percentile 100.
fn curve(latency: &Latency, end: f64) -> Vec<(f64, f64)> {
    let mut points = vec![(0.0, Axis::time(latency.min_us))];
    let mut reached: u64 = 0;
    for Bin { up_to_us, count } in &latency.distribution {
        reached = reached.saturating_add(*count);
        let part = reached as f64 / latency.count.max(1) as f64;
        points.push((percentile_of(part).min(end), Axis::time(*up_to_us)));
    }
    points
}
