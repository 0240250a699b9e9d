//! The scenarios, one for each subcommand: each brings up connections and reports findings.

mod churn;
mod compare;
mod fanout;
mod floor;
mod idle;
mod joins;
mod judge;
mod parameters;
mod probe;
mod ramp;
mod restart;
mod slow;

use crate::arguments::Command;
use crate::result::RunResult;
use crate::run::CannotRun;
use crate::run::interrupt::Interrupt;

/// The outcome of a command.
#[derive(Debug)]
pub enum Outcome {
    /// A run, with its result.
    Run(Box<RunResult>),
    /// A text to show, from a command that cannot fail afterwards.
    Text(String),
}

/// Performs `command`.
///
/// # Errors
/// If the command could not begin.
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
