//! The judgement of a trial: its measurement, its faults, and whether it held.

use crate::clock::now_ns;
use crate::report::units::counted;
use crate::result::{Ended, Figure, Measurement, Objective, Problem, Saturated, Severity};
use crate::run::trial::{Trial, nanoseconds};
use crate::run::{Found, failure, problems, warning};

/// A measurement, with its problems, the outcome of its objectives, and its end.
#[derive(Debug)]
pub(super) struct Judged {
    pub measurement: Measurement,
    pub problems: Vec<Problem>,
    pub objectives: Vec<Objective>,
    pub ended: Ended,
}

/// Makes a measurement of `trial`, and compares it with the objectives of the run.
pub(super) fn judge(trial: &mut Trial<'_>, label: &str, round: u32, open_loop: bool) -> Judged {
    let measurement = trial.measurement(label, round);
    let mut problems = problems(&measurement, open_loop);
    problems.extend(silent_heartbeats(trial));
    if !open_loop {
        problems.extend(limit_of_a_client(&measurement, trial.streams().len()));
    }
    let mut judged = Judged {
        measurement,
        problems,
        objectives: Vec::new(),
        ended: Ended::Complete,
    };
    judged.hold(trial);
    judged
}

/// Returns a failure if heartbeats are unanswered, for which clients take the server for dead.
pub(super) fn silent_heartbeats(trial: &Trial<'_>) -> Option<Problem> {
    let patience_ns = nanoseconds(trial.run.messages.settle);
    let before_ns = now_ns().saturating_sub(patience_ns);
    let unanswered = trial.fleet.unanswered_heartbeats(before_ns);
    (unanswered > 0 && trial.cut().is_none()).then(|| {
        failure(format!(
            "{unanswered} connections have waited for the answer to a heartbeat for longer than {}",
            humantime::format_duration(trial.run.messages.settle)
        ))
    })
}

/// Messages that lobbyd takes of one client in a second, by default.
const OF_A_CLIENT: f64 = 1000.0;

/// Returns a warning if each of the `publishers` of a closed loop published as much as lobbyd takes
/// of one client: then that limit was measured, and neither side's ceiling.
fn limit_of_a_client(measurement: &Measurement, publishers: usize) -> Option<Problem> {
    let each = measurement.throughput.published_per_second / publishers.max(1) as f64;
    is_limited(each, measurement.saturated).then(|| {
        warning(format!(
            "each of {} sent {each:.0} messages a second, as many as lobbyd takes of one client by default: that limit was \
             measured, and not the server's ceiling. Raise --publishers, or let lobbyd only observe \
             limits.messages_per_second",
            counted(publishers as u64, "publisher", "publishers"),
        ))
    })
}

/// True if a publisher that sent `each` messages a second was held at lobbyd's limit of a client.
fn is_limited(each: f64, saturated: Saturated) -> bool {
    let server_was_busy = matches!(saturated, Saturated::Server | Saturated::Both);
    (each / OF_A_CLIENT - 1.0).abs() < 0.05 && !server_was_busy
}

impl Judged {
    /// Compares the measurement with the objectives, and adds a failure if the trial was cut short.
    pub fn hold(&mut self, trial: &mut Trial<'_>) {
        self.ended = trial.cut().unwrap_or(Ended::Complete);
        let told = match self.ended {
            Ended::ServerLost => {
                let said = trial
                    .last_words()
                    .map_or(String::new(), |said| format!(" It said:\n{said}"));
                Some(failure(format!(
                    "the server went away: all connections are lost. The figures are those until then.{said}"
                )))
            }
            Ended::Interrupted => Some(failure(
                "interrupted: the figures are those until then".to_owned(),
            )),
            Ended::Complete | Ended::NotStarted => None,
        };
        self.problems
            .extend(told.filter(|problem| !self.problems.contains(problem)));
        let objectives = &trial.run.common.slo;
        self.objectives = objectives
            .iter()
            .map(|objective| objective.judge(&self.measurement))
            .collect();
        self.measurement.held =
            self.failures() == 0 && self.objectives.iter().all(|objective| objective.held);
    }

    /// Returns the number of failures, without broken objectives.
    pub fn failures(&self) -> usize {
        let fails = |problem: &&Problem| problem.severity == Severity::Failure;
        self.problems.iter().filter(fails).count()
    }

    /// Returns the findings of a run with this one measurement.
    pub fn found(self) -> Found {
        Found {
            measurements: vec![self.measurement],
            problems: self.problems,
            objectives: self.objectives,
            ratios: Vec::new(),
            ramp: None,
            restart: None,
            ended: self.ended,
        }
    }
}

/// Returns a figure that only one scenario has.
pub(super) fn figure(name: &str, value: f64, unit: &str) -> Figure {
    Figure {
        name: name.to_owned(),
        value,
        unit: unit.to_owned(),
        per_connection: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn publishers_at_the_limit_are_known_unless_the_server_was_busy() {
        for each in [960.0, 1000.0, 1040.0] {
            assert!(is_limited(each, Saturated::Neither) && is_limited(each, Saturated::Unknown));
            assert!(!is_limited(each, Saturated::Server) && !is_limited(each, Saturated::Both));
        }
        assert!(!is_limited(400.0, Saturated::Neither) && !is_limited(2600.0, Saturated::Unknown));
    }
}
