//! Which plots a result has, and what they say to those who do not see them.

use crate::report::plot::{Axis, Bar, Lines, Series, bars, percentile_of};
use crate::report::standing::{Standing, floors, side_name};
use crate::report::units::{self, plain, ratio, time_us};
use crate::result::{Bin, Interval, Latency, Measurement, RunResult};

use super::Picture;

/// A distribution and its name.
pub(in crate::report) type Curve<'a> = (String, &'a Latency);

/// All that there is something to draw of.
pub(super) fn all(result: &RunResult) -> Vec<Picture> {
    let mut pictures = Vec::new();
    pictures.extend(steps(result));
    pictures.extend(against_floor(result));
    if let Some(measurement) = Standing::of(result).and_then(|standing| standing.middle()) {
        pictures.extend(own_distributions(measurement));
        pictures.extend(over_time(&measurement.intervals));
    }
    pictures
}

/// The delays of one measurement, those of a message and those of a connection apart.
fn own_distributions(measurement: &Measurement) -> Vec<Picture> {
    let connections = &measurement.connections;
    let named = |name: &str, latency: &'_ Option<Latency>| {
        latency.clone().map(|latency| (name.to_owned(), latency))
    };
    let messages = [
        named("delivery", &measurement.delivery_latency),
        named("delivery (prober)", &measurement.prober_latency),
        named("last subscriber", &measurement.last_subscriber),
        named("send delay of the load generator", &measurement.send_delay),
    ];
    let joining = [
        named("joined", &connections.time_to_joined),
        named("upgraded", &connections.time_to_upgraded),
        named("connected", &connections.time_to_connected),
    ];
    let draw = |title: &str, all: &[Option<(String, Latency)>]| {
        let all: Vec<_> = all.iter().flatten().collect();
        let curves: Vec<Curve> = all
            .iter()
            .map(|(name, latency)| (name.clone(), latency))
            .collect();
        distributions(title, &curves)
    };
    [
        draw("Distribution of delays", &messages),
        draw("Distribution of times to join", &joining),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Distributions over each other, on an axis of percentiles.
pub(in crate::report) fn distributions(title: &str, curves: &[Curve]) -> Option<Picture> {
    let count = curves.iter().map(|(_, latency)| latency.count).max()?;
    let least = curves.iter().map(|(_, latency)| latency.min_us).min()?;
    let most = curves.iter().map(|(_, latency)| latency.max_us).max()?;
    let x = Axis::percentiles(count);
    let series = curves
        .iter()
        .map(|(_, latency)| Series::whole(curve(latency, x.to)))
        .collect();
    let lines = Lines {
        x_name: "percentile",
        x,
        y: Axis::times(least, most),
        series,
        limits: Vec::new(),
    };
    let words: Vec<String> = curves
        .iter()
        .map(|(name, latency)| told(name, latency))
        .collect();
    let keys = curves.iter().map(|(name, _)| name.clone()).collect();
    Some(Picture {
        title: title.to_owned(),
        words: words.join(" "),
        keys,
        limits: Vec::new(),
        drawn: lines.draw()?,
    })
}

fn told(name: &str, latency: &Latency) -> String {
    let Latency {
        p50_us,
        p99_us,
        max_us,
        ..
    } = *latency;
    format!(
        "{name}: median {}, 99th percentile {}, largest {}.",
        time_us(p50_us),
        time_us(p99_us),
        time_us(max_us)
    )
}

/// Each bin at the percentile up to which its values reach. The last one stands at the end: there is no percentile 100.
fn curve(latency: &Latency, end: f64) -> Vec<(f64, f64)> {
    let mut points = vec![(0.0, Axis::time(latency.min_us))];
    let mut reached = 0;
    for Bin { up_to_us, count } in &latency.distribution {
        reached += count;
        let part = reached as f64 / latency.count.max(1) as f64;
        points.push((percentile_of(part).min(end), Axis::time(*up_to_us)));
    }
    points
}

fn over_time(intervals: &[Interval]) -> Vec<Picture> {
    if intervals.len() < 2 {
        return Vec::new();
    }
    let per_second = |interval: &Interval| interval.deliveries as f64 / interval.seconds.max(1e-9);
    let delivered = timeline(
        "Deliveries a second",
        intervals,
        &[("", &|each| Some(per_second(each)))],
        plain,
    );
    let cpu = timeline(
        "CPU of both sides, in cores",
        intervals,
        &[
            ("server", &|each| each.server_cores),
            ("load generator", &|each| Some(each.load_cores)),
        ],
        plain,
    );
    let joined = timeline(
        "Joined connections",
        intervals,
        &[("", &|each| Some(each.joined as f64))],
        plain,
    );
    let memory = timeline(
        "Server memory (RSS)",
        intervals,
        &[("", &|each| Some(each.server_rss_bytes? as f64))],
        units::bytes,
    );
    let changes = |of: &dyn Fn(&Interval) -> u64| {
        let values = || intervals.iter().map(of);
        values().max() > values().min().map(|least| least + least / 10)
    };
    [
        delivered.filter(|_| intervals.iter().any(|each| each.deliveries > 0)),
        delay(intervals),
        joined.filter(|_| changes(&|each| each.joined)),
        cpu,
        memory.filter(|_| changes(&|each| each.server_rss_bytes.unwrap_or(0))),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A figure of an interval, if it has it.
type Reading<'a> = &'a dyn Fn(&Interval) -> Option<f64>;

fn seconds(intervals: &[Interval]) -> Axis {
    Axis::linear(
        intervals.last().map_or(1.0, |last| last.at_seconds),
        10,
        plain,
    )
}

fn timeline(
    title: &str,
    intervals: &[Interval],
    readings: &[(&str, Reading)],
    write: fn(f64) -> String,
) -> Option<Picture> {
    let all = || {
        readings
            .iter()
            .flat_map(|(_, reading)| intervals.iter().filter_map(reading))
    };
    let most = all().fold(0.0, f64::max);
    let least = all().fold(f64::INFINITY, f64::min);
    if !least.is_finite() {
        return None;
    }
    let points = |reading: Reading| {
        Series::with_gaps(
            intervals
                .iter()
                .map(|each| (each.at_seconds, reading(each))),
        )
    };
    let series = readings
        .iter()
        .map(|(_, reading)| points(*reading))
        .collect();
    let y = Axis::linear(most * 1.08, 4, write);
    let lines = Lines {
        x: seconds(intervals),
        x_name: "seconds",
        y,
        series,
        limits: Vec::new(),
    };
    let named = readings.iter().filter(|(name, _)| !name.is_empty());
    let keys = named.map(|(name, _)| (*name).to_owned()).collect();
    let words = format!(
        "Between {} and {} over {} intervals.",
        write(least),
        write(most),
        intervals.len()
    );
    Some(Picture {
        title: title.to_owned(),
        words,
        keys,
        limits: Vec::new(),
        drawn: lines.draw()?,
    })
}

/// Delay over time, on a logarithmic axis: a stall shows without flattening the rest.
fn delay(intervals: &[Interval]) -> Option<Picture> {
    let least = intervals.iter().filter_map(|each| each.p50_us).min()?;
    let most = intervals.iter().filter_map(|each| each.max_us).max()?;
    let readings: [fn(&Interval) -> Option<u64>; 3] =
        [|each| each.p50_us, |each| each.p99_us, |each| each.max_us];
    let points = |reading: fn(&Interval) -> Option<u64>| {
        Series::with_gaps(
            intervals
                .iter()
                .map(move |each| (each.at_seconds, reading(each).map(Axis::time))),
        )
    };
    let lines = Lines {
        x: seconds(intervals),
        x_name: "seconds",
        y: Axis::times(least, most),
        series: readings.map(points).into(),
        limits: Vec::new(),
    };
    let words = format!(
        "Medians from {} up, largest {}.",
        time_us(least),
        time_us(most)
    );
    let keys = ["p50", "p99", "max"].map(str::to_owned).to_vec();
    Some(Picture {
        title: "Delay over time".to_owned(),
        words,
        keys,
        limits: Vec::new(),
        drawn: lines.draw()?,
    })
}

/// The delays of a ramp's steps, with the limits that were asked for.
fn steps(result: &RunResult) -> Option<Picture> {
    let ramp = result.ramp.as_ref()?;
    let latency = |measurement: &Measurement| {
        measurement
            .delivery_latency
            .clone()
            .or_else(|| measurement.connections.time_to_joined.clone())
    };
    let steps: Vec<(f64, Latency)> = result
        .measurements
        .iter()
        .filter_map(|each| Some((each.step?, latency(each)?)))
        .collect();
    let (first, last) = (steps.first()?.0, steps.last()?.0);
    let limits = limits(result);
    let limit_most = limits.iter().map(|(us, _)| *us).max().unwrap_or(0);
    let least = steps.iter().map(|(_, latency)| latency.p50_us).min()?;
    let most = steps
        .iter()
        .map(|(_, latency)| latency.max_us)
        .max()?
        .max(limit_most * 2);
    let of = |at: fn(&Latency) -> u64| {
        let points = steps
            .iter()
            .map(|(step, latency)| (*step, Axis::time(at(latency))))
            .collect();
        Series {
            pieces: vec![points],
            dots: true,
        }
    };
    let series = vec![
        of(|each| each.p50_us),
        of(|each| each.p99_us),
        of(|each| each.max_us),
    ];
    let mut x = Axis::between(first, last, 8, plain);
    x.ticks = steps
        .iter()
        .map(|(step, _)| (*step, plain(*step)))
        .collect();
    let x_name = if ramp.raised == "rate" {
        "messages a second"
    } else {
        &ramp.raised
    };
    let across = limits.iter().map(|(us, _)| Axis::time(*us)).collect();
    let lines = Lines {
        x,
        x_name,
        y: Axis::times(least, most),
        series,
        limits: across,
    };
    let told = steps
        .iter()
        .map(|(step, latency)| format!("At {}: p99 {}.", plain(*step), time_us(latency.p99_us)));
    let words = told.collect::<Vec<_>>().join(" ");
    let keys = ["p50", "p99", "max"].map(str::to_owned).to_vec();
    Some(Picture {
        title: "Delay at each step".to_owned(),
        words,
        keys,
        limits: limits.into_iter().map(|(_, name)| name).collect(),
        drawn: lines.draw()?,
    })
}

/// The objectives that are times, as "p99=20ms": how long in microseconds, and as they were given.
fn limits(result: &RunResult) -> Vec<(u64, String)> {
    let times = result.objectives.iter().filter_map(|each| {
        let (_, limit) = each.objective.split_once('=')?;
        let us = humantime::parse_duration(limit).ok()?.as_micros();
        Some((u64::try_from(us).ok()?, each.objective.clone()))
    });
    times.collect()
}

/// The server and the floors: their delays over each other, and the ratios as bars.
fn against_floor(result: &RunResult) -> Vec<Picture> {
    let Some(own) = Standing::of(result).and_then(|standing| standing.middle()) else {
        return Vec::new();
    };
    let others = floors(result)
        .into_iter()
        .filter(|floor| floor.side != own.side);
    let curves: Vec<Curve> = std::iter::once(own)
        .chain(others)
        .filter_map(|each| {
            Some((
                side_name(each.side).to_owned(),
                each.delivery_latency.as_ref()?,
            ))
        })
        .collect();
    let overlaid = if curves.len() > 1 {
        distributions("Delay of server and floor", &curves)
    } else {
        None
    };
    [ratio_bars(result), overlaid]
        .into_iter()
        .flatten()
        .collect()
}

fn ratio_bars(result: &RunResult) -> Option<Picture> {
    let bar = |each: &crate::result::Ratio| Bar {
        name: format!("{} ÷ {}", each.figure, side_name(each.floor)),
        value: each.median,
        written: ratio(each.median),
        spread: Some((each.min, each.max)),
        series: 0,
    };
    let all: Vec<Bar> = result.ratios.iter().map(bar).collect();
    let drawn = bars(&all, Some(1.0))?;
    let words: Vec<String> = all
        .iter()
        .map(|bar| format!("{}: {}.", bar.name, bar.written))
        .collect();
    let title = "The server as a multiple of the floor; the line is the floor".to_owned();
    Some(Picture {
        title,
        words: words.join(" "),
        keys: Vec::new(),
        limits: Vec::new(),
        drawn,
    })
}
