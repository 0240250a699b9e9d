//! The server is ended and started again under load.
//!
//! Every client reconnects as phoenix.js would.

mod phases;
mod problems;
mod traffic;

use super::judge::judge;
use super::parameters::Parameters;
use crate::arguments::{Common, RestartArgs};
use crate::clock::now_ns;
use crate::load::fleet::LobbyRecorders;
use crate::load::lobby_plan::LobbyPlan;
use crate::result::{LobbyDelays, RunResult};
use crate::run::interrupt::Interrupt;
use crate::run::subject::Subject;
use crate::run::trial::{Trial, nanoseconds};
use crate::run::{CannotRun, Clients, Found, Run, Starts, publisher};
use phases::Phases;
use traffic::SteadyTraffic;

pub(super) fn run(restart: RestartArgs, interrupt: Interrupt) -> Result<RunResult, CannotRun> {
    let (common, messages) = (&restart.common, &restart.messages);
    check(&restart)?;
    let time = |duration| humantime::format_duration(duration).to_string();
    let parameters = Parameters::default()
        .with("lobby", restart.lobby)
        .with("lobbies", restart.lobbies)
        .with("members", restart.members)
        .with("lobby-topic", &restart.lobby_topic)
        .with("publishers", restart.publishers)
        .with("rate", restart.rate)
        .with("lobby-rate", restart.lobby_rate)
        .maybe("inherit", restart.inherit.then_some("yes"))
        .maybe("no-echo", restart.no_echo.then_some("yes"))
        .with("back-within", time(restart.back_within))
        .with("end-within", time(restart.end_within))
        .messages(messages)
        .common(common);
    // The template of the run's topics is that of the small lobbies.
    let words = Common {
        topic: restart.lobby_topic.clone(),
        ..common.clone()
    };
    let clients = clients(&restart, &words)?;
    let mut run = Run::new(words, messages.clone(), clients, Starts::Nothing, interrupt)?;
    run.script = run.script.with_first_topic(&common.topic);
    run.conclude("restart", parameters, |run| go(run, &restart))
}

/// Reads the clients. Their lobbies are those of the flags, so no topic has values of clients.
fn clients(restart: &RestartArgs, words: &Common) -> Result<Clients, CannotRun> {
    let size = (restart.clients(), 1 + restart.lobbies.0);
    let large = Clients::read(&restart.common, (size.0, 1), 0)?;
    match (large.lobbies, Clients::read(words, size, 0)) {
        (LobbyPlan::Even(_), Ok(clients)) if matches!(clients.lobbies, LobbyPlan::Even(_)) => Ok(clients),
        (LobbyPlan::Even(_), Err(error)) => Err(error),
        _ => Err(CannotRun::Usage(
            "--topic and --lobby-topic have no columns here: --lobby and --lobbies say who is in which lobby".to_owned(),
        )),
    }
}

fn check(restart: &RestartArgs) -> Result<(), CannotRun> {
    let (lobby, lobbies, publishers) = (restart.lobby, restart.lobbies, restart.publishers);
    let wrong = if restart.common.spawn.is_none() {
        "--spawn is missing: this ends the server and starts it again".to_owned()
    } else if lobbies.0 > 1 && !restart.lobby_topic.contains("{lobby}") {
        format!(
            "--lobbies {lobbies} needs a --lobby-topic with {{lobby}} in it, as in room:{{lobby}}"
        )
    } else if publishers.0 > lobby.0 {
        format!(
            "--publishers {publishers} in a --lobby of {lobby}: publishers are among its clients"
        )
    } else {
        return super::fanout::check_places(lobby.0, publishers.0);
    };
    Err(CannotRun::Usage(wrong))
}

impl RestartArgs {
    fn clients(&self) -> u32 {
        let small = self.lobbies.0.saturating_mul(self.members.0);
        self.lobby.0.saturating_add(small)
    }
}

fn go(run: &mut Run, asked: &RestartArgs) -> Result<Found, CannotRun> {
    let clients = asked.clients();
    let subject = Subject::with(run, clients, asked.inherit)?;
    let mut trial = Trial::new(run, subject, clients)?;
    let mut traffic = bring_up(&mut trial, asked)?;
    let before = talk_before(&mut trial, &mut traffic)?;
    let mut phases = Phases::begin(&mut trial, asked);
    let until_ns = now_ns() + nanoseconds(asked.back_within);
    trial.until(until_ns, |trial| {
        let due_ns = say(trial, &mut traffic);
        phases.turn(trial);
        trial.fleet.wake_ns = Some(due_ns.min(phases.look_next_ns()));
        phases.is_over(trial)
    })?;
    phases.end(&mut trial);
    talk_after(&mut trial, &mut traffic, &mut phases)?;
    trial.settle(|_| true)?;
    let mut judged = judge(&mut trial, "", 1, false);
    // Most of the CPU went into joins, so CPU divided by the few deliveries would mean nothing.
    judged.measurement.load.us_per_delivery = None;
    if let Some(server) = &mut judged.measurement.server {
        server.us_per_delivery = None;
    }
    let restart = phases.tell(&mut trial, before, &judged.measurement.connections);
    judged
        .problems
        .extend(problems::problems(&restart, &phases, asked));
    judged
        .problems
        .extend(problems::doubts(&restart, &judged.measurement));
    judged.hold(&mut trial);
    trial.fleet.stop_coming_back();
    trial.close()?;
    Ok(Found {
        restart: Some(restart),
        ..judged.found()
    })
}

/// Opens the large lobby and the small lobbies, and joins all clients. Clients of small lobbies
/// join evenly among those of the large one. Returns the traffic of both kinds.
fn bring_up(trial: &mut Trial<'_>, asked: &RestartArgs) -> Result<[SteadyTraffic; 2], CannotRun> {
    let echo = !asked.no_echo;
    let (large, large_begin) = trial.fleet.open_lobby(asked.publishers.0);
    let small: Vec<(u32, u32)> = (0..asked.lobbies.0)
        .map(|_| trial.fleet.open_lobby(1))
        .collect();
    let (clients, crowd) = (
        u64::from(asked.clients()),
        u64::from(asked.clients() - asked.lobby.0),
    );
    let mut all = Vec::new();
    let (mut in_large, mut in_small) = (0, 0);
    for client in 0..clients {
        let small_by_then = ((client + 1) * crowd / clients) as u32;
        all.push(if in_small < small_by_then {
            let (lobby, begin) = small[(in_small % asked.lobbies.0) as usize];
            let stream = (in_small < asked.lobbies.0).then_some(begin);
            in_small += 1;
            trial.fleet.enlist(lobby, stream, echo)
        } else {
            let place = publisher(in_large, asked.publishers.0, asked.lobby.0);
            in_large += 1;
            trial
                .fleet
                .enlist(large, place.map(|place| large_begin + place), echo)
        });
    }
    trial.gather(&all)?;
    all_joined(trial, all.len())?;
    let of_large = (large_begin..large_begin + asked.publishers.0).collect();
    let of_small = small.iter().map(|(_, begin)| *begin).collect();
    Ok([
        SteadyTraffic::new(asked.lobby_rate, of_large),
        SteadyTraffic::new(asked.rate, of_small),
    ])
}

/// Returns an error if a client has not joined, because all must be there before a restart.
fn all_joined(trial: &Trial<'_>, wanted: usize) -> Result<(), CannotRun> {
    let joined = trial.fleet.joined() as usize;
    if joined == wanted {
        return Ok(());
    }
    let connections = trial.fleet.connections();
    let why = connections.refused.first().or(connections.lost.first());
    let why = why.map_or("unknown", |count| count.what.as_str());
    Err(CannotRun::NoConnection(format!(
        "cannot begin: {joined} of {wanted} clients are in their lobbies; the others were told: {why}. See --topic and \
         --lobby-topic; a server may admit one of them only"
    )))
}

/// Publishes due messages in both kinds of lobbies. Returns the time of the next message.
fn say(trial: &mut Trial<'_>, traffic: &mut [SteadyTraffic; 2]) -> u64 {
    let due = traffic.iter_mut().map(|each| each.turn(&mut trial.fleet));
    due.min().unwrap_or(u64::MAX)
}

fn talk_until(
    trial: &mut Trial<'_>,
    traffic: &mut [SteadyTraffic; 2],
    until_ns: u64,
    mut each: impl FnMut(&mut Trial<'_>),
) -> Result<(), CannotRun> {
    trial.until(until_ns, |trial| {
        trial.fleet.wake_ns = Some(say(trial, traffic));
        each(trial);
        false
    })?;
    trial.fleet.wake_ns = None;
    Ok(())
}

/// Runs the traffic for --warmup and --duration. Returns the delays of --duration.
fn talk_before(
    trial: &mut Trial<'_>,
    traffic: &mut [SteadyTraffic; 2],
) -> Result<LobbyDelays, CannotRun> {
    trial.run.progress.phase("warming up");
    let warm_ns = now_ns() + nanoseconds(trial.run.messages.warmup);
    talk_until(trial, traffic, warm_ns, |_| ())?;
    trial.run.progress.phase("before");
    trial.fleet.lobby_delays = Some(LobbyRecorders::from(now_ns()));
    let until_ns = now_ns() + nanoseconds(trial.run.messages.duration);
    talk_until(trial, traffic, until_ns, |_| ())?;
    match trial.cut() {
        Some(crate::result::Ended::Interrupted) => Err(CannotRun::Interrupted),
        _ => Ok(trial
            .fleet
            .lobby_delays
            .take()
            .map_or_else(LobbyDelays::default, |recorders| recorders.delays())),
    }
}

/// Runs the traffic on after all clients are back. A server that loses a client or a delivery now
/// has not recovered from its restart.
fn talk_after(
    trial: &mut Trial<'_>,
    traffic: &mut [SteadyTraffic; 2],
    phases: &mut Phases,
) -> Result<(), CannotRun> {
    trial.run.progress.phase("after");
    let until_ns = now_ns() + nanoseconds(trial.run.messages.warmup);
    talk_until(trial, traffic, until_ns, |trial| phases.turn(trial))
}
