//! The scenarios: each brings up its connections, lets them do what it is about, and says what it has found.

mod churn;
mod compare;
mod fanout;
mod floor;
mod idle;
mod joins;
mod parameters;
mod probe;
mod ramp;
mod restart;
mod slow;

use crate::arguments::Command;
use crate::load::clock::now_ns;
use crate::result::{Ended, Measurement, Objective, Problem, RunResult};
use crate::run::interrupt::Interrupt;
use crate::run::trial::{Trial, failure, nanoseconds, problems};
use crate::run::{CannotRun, Found};

/// What a command has come to.
#[derive(Debug)]
pub enum Outcome {
    /// A run with its result.
    Run(Box<RunResult>),
    /// Text for a person, and nothing that could fail.
    Text(String),
}

/// Does what `command` says.
///
/// # Errors
/// If it could not begin.
pub fn perform(command: Command, interrupt: Interrupt) -> Result<Outcome, CannotRun> {
    let result = match command {
        Command::Fanout(fanout) => fanout::run(fanout, interrupt)?,
        Command::Joins(joins) => joins::run(joins, interrupt)?,
        Command::Idle(idle) => idle::run(idle, interrupt)?,
        Command::Churn(churn) => churn::run(churn, interrupt)?,
        Command::Slow(slow) => slow::run(slow, interrupt)?,
        Command::Restart(restart) => restart::run(restart, interrupt)?,
        Command::Ramp(ramp) => ramp::run(ramp, interrupt)?,
        Command::Floor(floor) if floor.serve => {
            return floor::serve(&floor, &interrupt).map(Outcome::Text);
        }
        Command::Floor(floor) => floor::run(floor, interrupt)?,
        Command::Probe(probe) => return probe::run(probe, interrupt).map(Outcome::Text),
        Command::Compare(compare) => return compare::run(&compare).map(Outcome::Text),
    };
    Ok(Outcome::Run(Box::new(result)))
}

/// A measurement with what is to be said about it.
#[derive(Debug)]
pub(crate) struct Judged {
    pub measurement: Measurement,
    pub problems: Vec<Problem>,
    pub objectives: Vec<Objective>,
    pub ended: Ended,
}

/// Makes a measurement of `trial`, and holds it to the objectives of its run.
pub(crate) fn judge(trial: &mut Trial<'_>, label: &str, round: u32, open_loop: bool) -> Judged {
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

/// Heartbeats that the server leaves unanswered, for which clients take it for dead.
fn silent_heartbeats(trial: &Trial<'_>) -> Option<Problem> {
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
    /// Holds the measurement to the objectives, and tells how the trial ended.
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

    /// How much of it has failed, objectives aside.
    pub fn failures(&self) -> usize {
        let fails = |problem: &&Problem| problem.severity == crate::result::Severity::Failure;
        self.problems.iter().filter(fails).count()
    }

    /// What a run with nothing else has found.
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

/// A figure that only one scenario has.
pub(crate) fn figure(name: &str, value: f64, unit: &str) -> crate::result::Figure {
    crate::result::Figure {
        name: name.to_owned(),
        value,
        unit: unit.to_owned(),
    }
}
