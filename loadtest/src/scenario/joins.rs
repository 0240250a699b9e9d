//! `joins`: a storm of connects and joins.

use super::judge;
use super::parameters::Parameters;
use crate::arguments::Joins;
use crate::interrupt::Interrupt;
use crate::result::RunResult;
use crate::run::{CannotRun, Run, Starts};
use crate::stand::Stand;
use crate::trial::Trial;

pub(super) fn run(joins: Joins, interrupt: Interrupt) -> Result<RunResult, CannotRun> {
    let Joins {
        clients,
        topics,
        common,
    } = joins;
    let parameters = Parameters::default()
        .with("clients", clients)
        .with("topics", topics)
        .common(&common);
    let run = Run::new(common, (clients.0, topics.0), Starts::Nothing, interrupt)?;
    run.conclude("joins", parameters, |run| {
        let stand = Stand::server(run)?;
        let mut trial = Trial::new(run, stand, clients.0)?;
        trial.open_lobbies(topics.0, 0, |_| 0);
        let enlisted = trial.enlist(0..clients.0, clients.0, true);
        trial.begin_measuring();
        trial.gather(&enlisted)?;
        trial.end_measuring();
        let judged = judge(&mut trial, "", 1, false);
        trial.close()?;
        Ok(judged.found())
    })
}
