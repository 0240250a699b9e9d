//! A ramp: the delays of its steps against the limits of its objectives.

use crate::report::plot::{Axis, Lines, Series};
use crate::report::units::{plain, time_us};
use crate::result::{Latency, Measurement, Ramp, RunResult};

use super::picture::picture;
use crate::report::html::document::Picture;

/// A step's value and its delays.
type RampStep<'a> = (f64, &'a Latency);

/// Maps a step to its place on the axis.
type Place = fn(f64) -> f64;

/// Returns the plot of the delays at each step. `None` if the run was no ramp, or measured nothing.
pub(super) fn steps(result: &RunResult) -> Option<Picture> {
    let ramp = result.ramp.as_ref()?;
    let steps: Vec<RampStep> = result
        .measurements
        .iter()
        .filter_map(|each| Some((each.step?, latency(each)?)))
        .collect();
    let limits = limits(result);
    let across: Vec<u64> = limits.iter().map(|(us, _)| *us).collect();
    let lines = lines(ramp, &steps, &across)?;
    let told = steps
        .iter()
        .map(|(step, latency)| format!("At {}: p99 {}.", plain(*step), time_us(latency.p99_us)));
    let words = told.collect::<Vec<_>>().join(" ");
    let keys = ["p50", "p99", "max"].map(str::to_owned).to_vec();
    let mut picture = picture("Delay at each step", words, keys, &lines)?;
    picture.limits = limits.into_iter().map(|(_, name)| name).collect();
    Some(picture)
}

/// Returns the delays that a step is judged by: those of its joins if nothing was delivered.
fn latency(measurement: &Measurement) -> Option<&Latency> {
    let joined = &measurement.connections.time_to_joined;
    measurement.delivery_latency.as_ref().or(joined.as_ref())
}

fn lines<'a>(ramp: &'a Ramp, steps: &[RampStep], limits_us: &[u64]) -> Option<Lines<'a>> {
    let all = steps
        .iter()
        .flat_map(|(_, latency)| [latency.p50_us, latency.max_us]);
    let all: Vec<u64> = all.chain(limits_us.iter().copied()).collect();
    let values: Vec<f64> = steps.iter().map(|(step, _)| *step).collect();
    let (x, place) = across(&values)?;
    let of = |at: fn(&Latency) -> u64| {
        let points = steps
            .iter()
            .map(|(step, latency)| (place(*step), Axis::time(at(latency))));
        Series {
            pieces: vec![points.collect()],
            dots: true,
        }
    };
    Some(Lines {
        x,
        x_name: match ramp.raised.as_str() {
            "rate" => "messages a second",
            raised => raised,
        },
        y: Axis::times(*all.iter().min()?, *all.iter().max()?),
        series: vec![
            of(|each| each.p50_us),
            of(|each| each.p99_us),
            of(|each| each.max_us),
        ],
        limits: limits_us.iter().map(|us| Axis::time(*us)).collect(),
    })
}

/// Returns the axis of the steps, with a number at each, and the place of a step on it. The axis is
/// logarithmic if steps grow by a factor, because they would crowd at its start.
fn across(steps: &[f64]) -> Option<(Axis, Place)> {
    let (first, last) = (*steps.first()?, *steps.last()?);
    if first > 0.0 && widening(steps) {
        return Some((Axis::geometric(steps, plain), Axis::logarithm));
    }
    let mut x = Axis::between(first, last, 8, plain);
    x.ticks = steps.iter().map(|step| (*step, plain(*step))).collect();
    Some((x, |step| step))
}

/// True if the last two steps are much further apart than the first two.
fn widening(steps: &[f64]) -> bool {
    match steps {
        [first, second, .., before, last] => last - before > 2.0 * (second - first),
        [first, second, third] => third - second > 1.2 * (second - first),
        _ => false,
    }
}

/// Returns the objectives of times, as "p99=20ms": each in microseconds, and as typed.
fn limits(result: &RunResult) -> Vec<(u64, String)> {
    let times = result.objectives.iter().filter_map(|each| {
        let (_, limit) = each.objective.split_once('=')?;
        let us = humantime::parse_duration(limit).ok()?.as_micros();
        Some((
            u64::try_from(us).ok().filter(|us| *us > 0)?,
            each.objective.clone(),
        ))
    });
    times.collect()
}
