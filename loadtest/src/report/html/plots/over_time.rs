//! Plots over time: deliveries, delays, CPU.

use crate::report::plot::{Axis, Lines, Series};
use crate::report::units::{self, plain, time_us};
use crate::result::Interval;

use super::picture::picture;
use crate::report::html::document::Picture;

/// Reads a figure from an interval, if it has that figure.
type IntervalReading = fn(&Interval) -> Option<f64>;

/// A plot of figures over time.
struct Timeline {
    title: &'static str,
    /// The figures with their names; a single figure needs no name.
    readings: &'static [(&'static str, IntervalReading)],
    write: fn(f64) -> String,
    /// Makes the upward axis, from zero to the largest value.
    axis: fn(f64) -> Axis,
    /// True if a figure that changes by less than a tenth has no plot: a table shows it.
    if_it_moves: bool,
}

/// Most numbers of an upward axis.
const TICKS: usize = 5;

/// Least upper end of an axis of cores, because the system counts in hundredths of a core.
const CORES_MIN: f64 = 0.1;

const DELIVERIES: Timeline = Timeline {
    title: "Deliveries a second",
    readings: &[("", |each| {
        Some(each.deliveries as f64 / each.seconds.max(1e-9))
    })],
    write: plain,
    axis: counts,
    if_it_moves: false,
};

const JOINED: Timeline = Timeline {
    title: "Joined connections",
    readings: &[("", |each| Some(each.joined as f64))],
    write: plain,
    axis: counts,
    if_it_moves: true,
};

const CPU: Timeline = Timeline {
    title: "CPU of both sides, in cores",
    readings: &[
        ("server", |each| each.server_cores),
        ("load generator", |each| Some(each.load_cores)),
    ],
    write: units::cores,
    axis: |most| Axis::linear(most.max(CORES_MIN), TICKS, plain),
    if_it_moves: false,
};

const MEMORY: Timeline = Timeline {
    title: "Server memory (RSS)",
    readings: &[("", |each| Some(each.server_rss_bytes? as f64))],
    write: units::bytes,
    axis: |most| Axis::sizes(most, TICKS),
    if_it_moves: true,
};

/// Returns an axis of counts, whose numbers are all in millions if the largest is.
fn counts(most: f64) -> Axis {
    let write = if most >= 1e6 { units::millions } else { plain };
    Axis::linear(most, TICKS, write)
}

/// Returns the plots over time. Empty for a single interval.
pub(super) fn over_time(intervals: &[Interval]) -> Vec<Picture> {
    let intervals = without_remainder(intervals);
    if intervals.len() < 2 {
        return Vec::new();
    }
    let delivered = intervals.iter().any(|each| each.deliveries > 0);
    let deliveries = if delivered {
        DELIVERIES.picture(intervals)
    } else {
        None
    };
    let joined = JOINED.picture(intervals);
    let all = [
        deliveries,
        delay(intervals),
        joined,
        CPU.picture(intervals),
        MEMORY.picture(intervals),
    ];
    all.into_iter().flatten().collect()
}

/// Drops a short last interval, because rates over a few milliseconds mean nothing.
fn without_remainder(intervals: &[Interval]) -> &[Interval] {
    match intervals {
        [before @ .., last]
            if before
                .first()
                .is_some_and(|first| last.seconds < first.seconds / 2.0) =>
        {
            before
        }
        all => all,
    }
}

impl Timeline {
    /// Returns the plot. `None` if no interval has the figure, or if it must change and does not.
    fn picture(&self, intervals: &[Interval]) -> Option<Picture> {
        let readings = self.readings.iter();
        let all = readings.flat_map(|(_, reading)| intervals.iter().filter_map(reading));
        let (least, most) = all.fold((f64::INFINITY, 0.0), |(least, most), value| {
            (value.min(least), value.max(most))
        });
        if !least.is_finite() || (self.if_it_moves && most <= least * 1.1) {
            return None;
        }
        let series = self
            .readings
            .iter()
            .map(|(_, reading)| line(intervals, *reading));
        let lines = Lines {
            x: seconds(intervals),
            x_name: "seconds",
            y: (self.axis)(most * 1.08),
            series: series.collect(),
            limits: Vec::new(),
        };
        let named = self.readings.iter().filter(|(name, _)| !name.is_empty());
        let keys = named.map(|(name, _)| (*name).to_owned()).collect();
        let write = self.write;
        let words = format!(
            "Between {} and {} over {} intervals.",
            write(least),
            write(most),
            intervals.len()
        );
        picture(self.title, words, keys, &lines)
    }
}

/// Returns the plot of delays, on a logarithmic axis: a stall must not flatten the other delays.
fn delay(intervals: &[Interval]) -> Option<Picture> {
    let least = intervals.iter().filter_map(|each| each.p50_us).min()?;
    let most = intervals.iter().filter_map(|each| each.max_us).max()?;
    let readings: [IntervalReading; 3] = [
        |each| each.p50_us.map(Axis::time),
        |each| each.p99_us.map(Axis::time),
        |each| each.max_us.map(Axis::time),
    ];
    let lines = Lines {
        x: seconds(intervals),
        x_name: "seconds",
        y: Axis::times(least, most),
        series: readings.map(|reading| line(intervals, reading)).into(),
        limits: Vec::new(),
    };
    let words = format!(
        "Medians from {} up, largest {}.",
        time_us(least),
        time_us(most)
    );
    let keys = ["p50", "p99", "max"].map(str::to_owned).to_vec();
    picture("Delay over time", words, keys, &lines)
}

fn line(intervals: &[Interval], reading: IntervalReading) -> Series {
    Series::with_gaps(
        intervals
            .iter()
            .map(|each| (each.at_seconds, reading(each))),
    )
}

fn seconds(intervals: &[Interval]) -> Axis {
    Axis::linear(
        intervals.last().map_or(1.0, |last| last.at_seconds),
        10,
        plain,
    )
}
