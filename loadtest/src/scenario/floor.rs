//! The cheapest fan-out, measured by itself or only served.

use std::io::Write;
use std::net::TcpListener;

use super::fanout::{check_floor, measure, read_measured};
use super::parameters::Parameters;
use crate::arguments::{Common, FloorArgs};
use crate::floor;
use crate::result::{Ended, RunResult};
use crate::run::interrupt::Interrupt;
use crate::run::subject::Subject;
use crate::run::{CannotRun, Found, Run, Starts};

pub(super) fn run(asked: FloorArgs, interrupt: Interrupt) -> Result<RunResult, CannotRun> {
    let FloorArgs {
        traffic,
        writes,
        mut common,
        ..
    } = asked;
    check_floor(&common)?;
    if common.spawn.is_some() || common.pid.is_some() || common.url != Common::URL {
        let text =
            "floor is a server itself: --url, --spawn and --pid belong to fanout --against-floor";
        return Err(CannotRun::Usage(text.to_owned()));
    }
    if traffic.topics.0 > 1 && !common.topic.contains("{lobby}") {
        common.topic = "room:{lobby}".to_owned(); // the floor accepts any topic
    }
    let (traffic, clients) = read_measured(traffic, &common)?;
    let parameters = Parameters::default()
        .traffic(&traffic)
        .with("writes", format!("{writes:?}").to_lowercase())
        .common(&common)
        .into_iter()
        .filter(|parameter| parameter.name != "url")
        .collect();
    let messages = traffic.messages.clone();
    let run = Run::new(common, messages, clients, Starts::Floor, interrupt)?;
    run.conclude("floor", parameters, |run| {
        let mut found = Found::default();
        for writes in writes.writes() {
            if found.ended == Ended::Complete {
                let name = format!("floor ({writes})");
                let judged = Subject::floor(run, *writes)
                    .and_then(|subject| measure(run, subject, &traffic, &name, 1));
                found.take_or_end(judged)?;
            }
        }
        Ok(found)
    })
}

/// Serves the floor until a signal asks for the end.
pub(super) fn serve(asked: &FloorArgs, interrupt: &Interrupt) -> Result<String, CannotRun> {
    let [writes] = asked.writes.writes() else {
        return Err(CannotRun::Usage(
            "--serve takes one of --writes batch and single".to_owned(),
        ));
    };
    let listener = TcpListener::bind(asked.listen).map_err(|error| {
        CannotRun::NoConnection(format!("cannot listen on {}: {error}", asked.listen))
    })?;
    crate::observe::host::raise_descriptors()?;
    if asked.with_parent {
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM))
            .map_err(std::io::Error::from)?;
    }
    let address = listener.local_addr()?;
    let mut stdout = std::io::stdout();
    let _ = match asked.with_parent {
        true => writeln!(stdout, "{address}"),
        false => writeln!(
            stdout,
            "floor ({writes}) serves ws://{address}/socket/websocket until Ctrl-C"
        ),
    };
    floor::serve(listener, *writes, interrupt.flag())?;
    Ok(String::new())
}
