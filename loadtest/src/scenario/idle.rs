//! Connections that do nothing, and the memory that the server keeps for each.

use std::collections::HashMap;

use super::judge::{figure, judge};
use super::parameters::Parameters;
use crate::arguments::{IdleArgs, Messages};
use crate::clock::now_ns;
use crate::load::fleet::Event;
use crate::result::{Figure, RunResult};
use crate::run::interrupt::Interrupt;
use crate::run::subject::Subject;
use crate::run::trial::{Trial, nanoseconds};
use crate::run::{CannotRun, Clients, Found, Run, Starts, failure, warning};

/// Pushes that wait for an answer at once, over all connections, with at most one per connection.
const ASKING_MAX: usize = 64;

pub(super) fn run(idle: IdleArgs, interrupt: Interrupt) -> Result<RunResult, CannotRun> {
    let clients = Clients::read(&idle.common, (idle.clients.0, idle.topics.0), 0)?;
    let parameters = Parameters::default()
        .with("clients", idle.clients)
        .with("topics", clients.lobbies.count())
        .with("duration", humantime::format_duration(idle.duration))
        .with("pushes-each", idle.pushes_each)
        .maybe(
            "ping-event",
            (idle.pushes_each > 0).then_some(&idle.ping_event),
        )
        .common(&idle.common);
    Run::without_messages(&idle.common)?;
    let messages = Messages {
        duration: idle.duration,
        ..Messages::default()
    };
    let run = Run::new(
        idle.common.clone(),
        messages,
        clients,
        Starts::Nothing,
        interrupt,
    )?;
    run.conclude("idle", parameters, |run| go(run, &idle))
}

fn go(run: &mut Run, asked: &IdleArgs) -> Result<Found, CannotRun> {
    let (clients, pushes_each) = (asked.clients, asked.pushes_each);
    let ping_event = &asked.ping_event;
    let subject = Subject::server(run, clients.0)?;
    let mut trial = Trial::new(run, subject, clients.0)?;
    trial.open_lobbies(0, 0..0);
    let enlisted = trial.enlist(0..clients.0, clients.0, true);
    trial.gather(&enlisted)?;
    trial.begin_measuring_without_end();
    let until_ns = now_ns() + nanoseconds(trial.run.messages.duration);
    trial.until(until_ns, |_| false)?;
    let answered = ask_all(&mut trial, &enlisted, pushes_each, ping_event)?;
    trial.end_measuring();
    let mut judged = judge(&mut trial, "", 1, false);
    let asked = u64::from(pushes_each) * trial.fleet.joined();
    if answered < asked {
        judged.problems.push(failure(format!(
            "{} of {asked} pushes were not answered: --ping-event {ping_event} must be one that the channel replies to",
            asked - answered
        )));
    }
    match &judged.measurement.server {
        Some(server) => {
            let grown = |name: &str, rss: u64| {
                let all = rss as f64 - server.rss_before_bytes as f64;
                Figure {
                    per_connection: true,
                    ..figure(name, all / f64::from(clients.0), "bytes")
                }
            };
            let name = match pushes_each {
                0 => "RSS per connection at the end".to_owned(),
                each => format!("RSS per connection after {each} pushes and replies each"),
            };
            judged.measurement.figures = vec![
                grown(
                    "RSS per connection when all had joined",
                    server.rss_joined_bytes,
                ),
                grown(&name, server.rss_after_bytes),
            ];
        }
        None => judged.problems.push(warning(
            "the server's memory is not known: give --pid, or let it be started by --spawn"
                .to_owned(),
        )),
    }
    judged.hold(&mut trial);
    trial.close()?;
    Ok(judged.found())
}

/// Sends `each` pushes per connection, one after the other. Returns the number of answers, at the
/// latest when --settle has passed without one.
fn ask_all(
    trial: &mut Trial<'_>,
    connections: &[u32],
    each: u32,
    event: &str,
) -> Result<u64, CannotRun> {
    if each == 0 {
        return Ok(0);
    }
    trial.run.progress.phase("asking");
    trial.fleet.tells_replies = true;
    let event = serde_json::Value::from(event).to_string();
    let mut left: HashMap<u32, u32> = connections.iter().map(|number| (*number, each)).collect();
    let mut waiting = connections.iter().copied();
    let mut answered = 0;
    let ask = |trial: &mut Trial<'_>, number| {
        trial
            .fleet
            .push(number, Some(event.as_bytes()), b"{}", None, now_ns())
    };
    for number in waiting.by_ref().take(ASKING_MAX) {
        ask(trial, number);
    }
    let settle_ns = nanoseconds(trial.run.messages.settle);
    let mut patience_ns = now_ns() + settle_ns;
    trial.until(u64::MAX, |trial| {
        for event in trial.fleet.events() {
            let Event::Replied(number) = event else {
                continue;
            };
            answered += 1;
            patience_ns = now_ns() + settle_ns;
            let left = left.entry(number).or_default();
            *left -= 1;
            match *left {
                0 => {
                    if let Some(next) = waiting.next() {
                        ask(trial, next);
                    }
                }
                _ => ask(trial, number),
            }
        }
        answered == u64::from(each) * connections.len() as u64 || now_ns() > patience_ns
    })?;
    Ok(answered)
}
