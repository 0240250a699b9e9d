//! The measurements that represent a run when there are several.
//!
//! The server's measurements are chosen rather than the floor's, and of a ramp the last step that
//! held. Figures are medians over the rounds; distributions are those of the middle round.

use crate::result::{Measurement, RunResult, Side};

/// Reads a figure from a measurement, if it has that figure.
pub(super) type Reading = fn(&Measurement) -> Option<f64>;

/// The measurements that represent a run. All are of one kind, so that their medians mean
/// something.
pub(super) struct Representative<'a> {
    /// One measurement, or one for each round.
    pub measurements: Vec<&'a Measurement>,
    /// How the measurements were chosen, in words. `None` if there was only one.
    pub how: Option<String>,
}

impl<'a> Representative<'a> {
    /// Chooses the measurements. `None` if nothing was measured.
    pub fn of(result: &'a RunResult) -> Option<Representative<'a>> {
        let all = &result.measurements;
        if all.len() == 1 {
            return Some(Representative {
                measurements: all.iter().collect(),
                how: None,
            });
        }
        if all.iter().any(|measurement| measurement.step.is_some()) {
            return step(result);
        }
        let side = [Side::Server, Side::FloorBatch, Side::FloorSingle]
            .into_iter()
            .find(|side| all.iter().any(|measurement| measurement.side == *side))?;
        let measurements: Vec<_> = all
            .iter()
            .filter(|measurement| measurement.side == side)
            .collect();
        let how = match measurements.len() {
            1 => format!("the {}", side_name(side)),
            rounds => format!("the {}, medians over {rounds} rounds", side_name(side)),
        };
        Some(Representative {
            measurements,
            how: Some(how),
        })
    }

    /// Returns the measurement with the middle throughput, because distributions have no median.
    pub fn middle(&self) -> Option<&'a Measurement> {
        let mut sorted = self.measurements.clone();
        sorted.sort_by(|a, b| {
            let rate = |measurement: &Measurement| measurement.throughput.deliveries_per_second;
            rate(a).total_cmp(&rate(b))
        });
        sorted.get(sorted.len().saturating_sub(1) / 2).copied()
    }

    /// Returns, in words, which measurement is shown in full. `None` if there was only one.
    pub fn in_full(&self) -> Option<String> {
        let how = self.how.as_ref()?;
        match self.measurements.len() {
            1 => Some(how.clone()),
            _ => Some(format!(
                "the round whose throughput is in the middle ({})",
                self.middle()?.label
            )),
        }
    }

    /// Returns the median of a figure over the measurements that have it.
    pub fn median(&self, figure: impl Fn(&Measurement) -> Option<f64>) -> Option<f64> {
        let mut values: Vec<f64> = self
            .measurements
            .iter()
            .filter_map(|measurement| figure(measurement))
            .collect();
        values.sort_by(f64::total_cmp);
        median(&values)
    }

    /// Returns the sum of a count over the measurements.
    pub fn sum(&self, count: impl Fn(&Measurement) -> u64) -> u64 {
        self.measurements
            .iter()
            .map(|measurement| count(measurement))
            .sum()
    }
}

/// Returns a value, unless it is zero: a figure that nothing was used for is not shown.
pub(super) fn above_zero(value: f64) -> Option<f64> {
    (value > 0.0).then_some(value)
}

/// Returns the median of sorted values. `None` if there are none.
pub fn median(sorted: &[f64]) -> Option<f64> {
    let upper = sorted.get(sorted.len() / 2)?;
    let lower = sorted[(sorted.len() - 1) / 2];
    Some((lower + upper) / 2.0)
}

/// Returns the last step of a ramp that held, or the first step if none held.
fn step(result: &RunResult) -> Option<Representative<'_>> {
    let held = result.ramp.as_ref().and_then(|ramp| ramp.last_held);
    let last = result
        .measurements
        .iter()
        .find(|measurement| held.is_some() && measurement.step == held);
    let (measurement, what) = match last {
        Some(measurement) => (measurement, "the last step that held"),
        None => (
            result.measurements.first()?,
            "the first step, since none held",
        ),
    };
    let how = Some(format!("{what} ({})", measurement.label));
    Some(Representative {
        measurements: vec![measurement],
        how,
    })
}

/// Returns the middle round of each floor that was measured in the same run as the server.
pub(super) fn floors(result: &RunResult) -> Vec<&Measurement> {
    let of_side = |side| {
        let measurements: Vec<_> = result
            .measurements
            .iter()
            .filter(|measurement| measurement.side == side)
            .collect();
        Representative {
            measurements,
            how: None,
        }
        .middle()
    };
    [Side::FloorBatch, Side::FloorSingle]
        .into_iter()
        .filter_map(of_side)
        .collect()
}

/// Returns the name of a side.
pub(super) fn side_name(side: Side) -> &'static str {
    match side {
        Side::Server => "server",
        Side::FloorBatch => "floor (batch)",
        Side::FloorSingle => "floor (single)",
    }
}
