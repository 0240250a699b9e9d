//! Axes of plots: their ends, and the places of their numbers.
//!
//! Axes map values to logarithms and percentiles, so the plots themselves are linear.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

use crate::report::units;

/// An axis, in the coordinates that are drawn.
#[derive(Clone)]
pub(in crate::report) struct Axis {
    /// The start of the axis.
    pub from: f64,
    /// The end of the axis, which is more than `from`.
    pub to: f64,
    /// The places of numbers on the axis, with their texts.
    pub ticks: Vec<(f64, String)>,
}

/// Most decades of percentiles: for more decades a run has too few values.
const DECADES_MAX: f64 = 7.0;

impl Axis {
    /// Returns an axis from zero to `most`, with at most `count` numbers.
    pub fn linear(most: f64, count: usize, write: fn(f64) -> String) -> Axis {
        Axis::between(0.0, most, count, write)
    }

    /// Returns an axis from `least` to `most`. If both are equal, its length is one.
    pub fn between(least: f64, most: f64, count: usize, write: fn(f64) -> String) -> Axis {
        let to = if most > least { most } else { least + 1.0 };
        let step = round_step((to - least) / count.max(1) as f64);
        let first = (least / step).ceil() as i64;
        let last = (to / step).floor() as i64;
        let ticks = (first..=last).map(|tick| tick as f64 * step);
        Axis {
            from: least,
            to,
            ticks: ticks.map(|tick| (tick, write(tick))).collect(),
        }
    }

    /// Returns an axis of bytes from zero to `most`. Its numbers are whole MiB, and their step is a
    /// power of two.
    pub fn sizes(most: f64, count: usize) -> Axis {
        let mut step = 1_048_576.0;
        while step * (count.max(1) as f64) < most {
            step *= 2.0;
        }
        let to = most.max(step);
        let ticks = (0..).map(|tick| f64::from(tick) * step);
        let ticks = ticks.take_while(|tick| *tick <= to);
        Axis {
            from: 0.0,
            to,
            ticks: ticks.map(|tick| (tick, units::size_tick(tick))).collect(),
        }
    }

    /// Returns an axis of values that grow by a factor, with a number at each value. A value is
    /// drawn at its [`Axis::logarithm`].
    pub fn geometric(values: &[f64], write: fn(f64) -> String) -> Axis {
        let at = |value: Option<&f64>| value.map_or(0.0, |value| Axis::logarithm(*value));
        let (from, to) = (at(values.first()), at(values.last()));
        let ticks = values.iter();
        Axis {
            from,
            to: if to > from { to } else { from + 1.0 },
            ticks: ticks
                .map(|value| (Axis::logarithm(*value), write(*value)))
                .collect(),
        }
    }

    /// Returns the place of a value on a [`geometric`](Axis::geometric) axis.
    pub fn logarithm(value: f64) -> f64 {
        value.max(f64::MIN_POSITIVE).log10()
    }

    /// Returns a logarithmic axis of times. A time is drawn at its [`Axis::time`].
    pub fn times(least_us: u64, most_us: u64) -> Axis {
        let (least, most) = (Axis::time(least_us), Axis::time(most_us));
        let air = (most - least).max(0.5) * 0.05;
        let (from, to) = (least - air, most.max(least + 0.5) + air);
        let steps: &[f64] = if to - from < 3.0 {
            &[1.0, 2.0, 5.0]
        } else {
            &[1.0]
        };
        let decades = from.floor() as i32..=to.ceil() as i32;
        let ticks =
            decades.flat_map(|decade| steps.iter().map(move |step| step * 10_f64.powi(decade)));
        let within = ticks.filter(|us| (from - 1e-9..=to + 1e-9).contains(&us.log10()));
        Axis {
            from,
            to,
            ticks: within.map(|us| (us.log10(), units::tick(us))).collect(),
        }
    }

    /// Returns the place of a time on a logarithmic axis. No time is below one microsecond.
    pub fn time(us: u64) -> f64 {
        (us.max(1) as f64).log10()
    }

    /// Returns an axis of percentiles for `count` values. All decades are equally wide.
    pub fn percentiles(count: u64) -> Axis {
        let to = (count.max(10) as f64 * 2.0).log10().min(DECADES_MAX);
        let nines = |decades: i32| match decades {
            0 => "0".to_owned(),
            1 => "90".to_owned(),
            2 => "99".to_owned(),
            more => format!("99.{}", "9".repeat(more as usize - 2)),
        };
        let mut ticks: Vec<_> = (0..=to.floor() as i32)
            .map(|tick| (f64::from(tick), nines(tick)))
            .collect();
        ticks.insert(1, (2_f64.log10(), "50".to_owned()));
        Axis {
            from: 0.0,
            to,
            ticks,
        }
    }

    /// Returns the axis for a width of `pixels`. Numbers without room next to the earlier number
    /// are left out; their grid lines stay.
    pub fn thinned(mut self, pixels: u32) -> Axis {
        let scale = f64::from(pixels) / (self.to - self.from);
        let mut free = f64::NEG_INFINITY;
        for (at, text) in &mut self.ticks {
            let half = text.chars().count() as f64 * 3.6 + 4.0;
            let middle = (*at - self.from) * scale;
            match middle - half >= free {
                true => free = middle + half,
                false => text.clear(),
            }
        }
        self
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (begin, end): (i32, i32)) -> i32 {
        let part = (value - self.from) / (self.to - self.from);
        begin + (part * f64::from(end - begin)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        match hint.weight().allow_light_points() {
            true => Vec::new(),
            false => self.ticks.iter().map(|(at, _)| *at).collect(),
        }
    }

    fn range(&self) -> Range<f64> {
        self.from..self.to
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        let tick = self.ticks.iter().find(|(at, _)| at == value);
        tick.map(|(_, text)| text.clone()).unwrap_or_default()
    }
}

/// Returns the place of a percentile, given as a part of one: 0.9 lies at 1, 0.99 at 2. One lies
/// beyond the end of every axis.
pub(in crate::report) fn percentile_of(part: f64) -> f64 {
    -(1.0 - part).max(1e-9).log10()
}

/// Returns the next of 1, 2, 2.5, 5, 10, 20 … above `step`. Neighbours differ by at most a factor
/// of two, so an axis has at least half of its largest number of ticks.
fn round_step(step: f64) -> f64 {
    let decade = 10_f64.powf(step.max(f64::MIN_POSITIVE).log10().floor());
    let times = [1.0, 2.0, 2.5, 5.0, 10.0]
        .into_iter()
        .find(|times| times * decade >= step * 0.999);
    times.unwrap_or(10.0) * decade
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, text)| text.as_str()).collect()
    }

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(
            written(&Axis::linear(10.0, 5, units::plain)),
            ["0", "2", "4", "6", "8", "10"]
        );
        assert_eq!(
            written(&Axis::linear(1_070_000.0, 4, units::plain)),
            ["0", "500,000", "1M"]
        );
        assert_eq!(
            written(&Axis::times(90, 12_000)),
            [
                "100 µs", "200 µs", "500 µs", "1 ms", "2 ms", "5 ms", "10 ms"
            ]
        );
        assert_eq!(
            written(&Axis::times(90, 1_200_000)),
            ["100 µs", "1 ms", "10 ms", "100 ms", "1 s"]
        );
        assert_eq!(
            written(&Axis::percentiles(20_000)),
            ["0", "50", "90", "99", "99.9", "99.99"]
        );
    }

    #[test]
    fn axis_has_several_numbers_however_long_it_is() {
        for tenths in 10..1000 {
            let ticks = Axis::linear(f64::from(tenths) / 10.0, 5, units::plain).ticks;
            assert!((3..=6).contains(&ticks.len()), "{tenths}: {ticks:?}");
        }
    }

    #[test]
    fn sizes_have_numbers_at_whole_mebibytes() {
        let mib = 1_048_576.0;
        assert_eq!(
            written(&Axis::sizes(9.9 * mib, 5)),
            ["0", "2 MiB", "4 MiB", "6 MiB", "8 MiB"]
        );
        assert_eq!(written(&Axis::sizes(0.3 * mib, 5)), ["0", "1 MiB"]);
        assert_eq!(
            written(&Axis::sizes(2100.0 * mib, 5)),
            ["0", "512 MiB", "1 GiB", "1.5 GiB", "2 GiB"]
        );
    }

    #[test]
    fn steps_that_grow_by_a_factor_are_equally_far_apart() {
        let ticks = Axis::geometric(&[10.0, 100.0, 1000.0], units::plain).ticks;
        let places: Vec<i64> = ticks
            .iter()
            .map(|(at, _)| (at * 1e6).round() as i64)
            .collect();
        assert_eq!(places, [1_000_000, 2_000_000, 3_000_000]);
    }

    #[test]
    fn axis_of_one_value_has_a_length() {
        assert_eq!(
            written(&Axis::linear(0.0, 2, units::plain)),
            ["0", "0.5", "1"]
        );
        assert!(Axis::times(500, 500).to > Axis::times(500, 500).from);
    }
}
