//! The judgement of a trial: its measurement, its faults, and whether it held.

use crate::clock::now_ns;
use crate::result::{Ended, Figure, Measurement, Objective, Problem, Severity};
use crate::run::trial::{Trial, nanoseconds};
use crate::run::{Found, failure, problems};

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
