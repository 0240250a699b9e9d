//! A storm of connects and joins.

use super::judge::{figure, judge};
use super::parameters::Parameters;
use crate::arguments::{AtLeastOne, JoinsArgs, Messages};
use crate::result::RunResult;
use crate::run::interrupt::Interrupt;
use crate::run::subject::Subject;
use crate::run::trial::Trial;
use crate::run::{CannotRun, Clients, Run, Starts};

pub(super) fn run(joins: JoinsArgs, interrupt: Interrupt) -> Result<RunResult, CannotRun> {
    let JoinsArgs {
        clients,
        topics,
        mut common,
    } = joins;
    let of_run = Clients::read(&common, (clients.0, topics.0), 0)?;
    let topics = of_run.lobbies.count();
    let parameters = Parameters::default()
        .with("clients", clients)
        .with("topics", topics)
        .common(&common);
    Run::without_messages(&common)?;
    let at_once = common.connect_rate.is_none();
    common.connecting_max.get_or_insert(AtLeastOne(u32::MAX));
    let messages = Messages::default();
    let run = Run::new(common, messages, of_run, Starts::Nothing, interrupt)?;
    run.conclude("joins", parameters, |run| {
        let subject = Subject::server(run, clients.0)?;
        let mut trial = Trial::new(run, subject, clients.0)?;
        trial.open_lobbies(0, 0..0);
        let enlisted = trial.enlist(0..clients.0, clients.0, true);
        trial.begin_measuring_without_end();
        trial.storm(&enlisted)?;
        trial.end_measuring();
        let mut judged = judge(&mut trial, "", 1, false);
        let joined = &judged.measurement.connections.time_to_joined;
        if let Some(joined) = joined.as_ref().filter(|_| at_once) {
            let all = figure("the last one had joined after", joined.max_us as f64, "us");
            judged.measurement.figures.push(all);
        }
        trial.close()?;
        Ok(judged.found())
    })
}
