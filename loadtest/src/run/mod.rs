//! The run of a scenario: its checked parameters, its shared state, and its result.

mod assess;
mod error;
pub mod interrupt;
mod join;
mod measure;
pub mod prober;
pub mod progress;
mod publisher;
mod restart_subject;
mod saturation;
pub mod subject;
pub mod target;
pub mod trial;

use std::net::SocketAddr;
use std::time::SystemTime;

use crate::arguments::{Common, Messages};
use crate::load::fleet::{FleetSettings, Script, Words};
use crate::observe::host::{Cores, Room, machine, raise_descriptors};
use crate::result::{
    Ended, Measurement, Objective, Parameter, Problem, Ramp, Ratio, Restart, RunResult,
    SCHEMA_VERSION, Severity,
};
use interrupt::Interrupt;
use progress::Progress;
use target::Target;

pub use assess::{failure, problems, warning};
pub use error::CannotRun;
pub(crate) use publisher::publisher;

/// Connections that may be on their way at once by default.
const CONNECTING_MAX: u32 = 128;

/// Which servers a run starts beside one that --spawn names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Starts {
    /// None.
    Nothing,
    /// The floor, and that alone.
    Floor,
}

/// A run under way.
#[derive(Debug)]
pub struct Run {
    /// The flags.
    pub common: Common,
    /// What is published, and for how long.
    pub messages: Messages,
    /// Where the load goes.
    pub target: Target,
    /// What is said.
    pub script: Script,
    /// Whether a signal asks for the end.
    pub interrupt: Interrupt,
    /// The live line.
    pub progress: Progress,
    /// Where random choices start.
    pub seed: u64,
    /// The cores that a spawned server is bound to.
    server_cores: Option<Cores>,
    /// The cores that this process had before it was bound: those of a spawned server that is not.
    all_cores: Option<Cores>,
    load_cores: Option<Cores>,
    started: SystemTime,
}

impl Run {
    /// Checks what was asked for, for a `size` of so many clients in so many lobbies.
    ///
    /// # Errors
    /// What makes no sense or will not be enough, before anything is started.
    pub fn new(
        common: Common,
        messages: Messages,
        size: (u32, u32),
        starts: Starts,
        interrupt: Interrupt,
    ) -> Result<Run, CannotRun> {
        let (clients, topics) = size;
        let params: Vec<(String, String)> = common
            .param
            .iter()
            .map(|pair| (pair.0.clone(), pair.1.clone()))
            .collect();
        let target = Target::new(&common.url, common.vsn, &params)?;
        let script = Script::new(words(&common, &messages), topics)?;
        if topics > clients {
            return Err(CannotRun::Usage(format!(
                "--topics {topics} for --clients {clients}: some lobbies would be empty"
            )));
        }
        for objective in common
            .slo
            .iter()
            .filter(|objective| objective.needs_process())
        {
            if common.spawn.is_none() && common.pid.is_none() && starts == Starts::Nothing {
                return Err(CannotRun::Usage(format!(
                    "--slo {objective} needs the server's process: --pid or --spawn"
                )));
            }
        }
        if common.server_cores.is_some() && common.spawn.is_none() && starts == Starts::Nothing {
            let text = "--server-cores binds a server that is started here: --spawn is missing";
            return Err(CannotRun::Usage(text.to_owned()));
        }
        let seed = common.seed.unwrap_or_else(|| fastrand::u64(..1 << 32));
        let (server_cores, load_cores) = cores(&common, starts);
        let run = Run {
            progress: Progress::new(common.quiet),
            common,
            messages,
            target,
            script,
            interrupt,
            seed,
            server_cores,
            all_cores: Cores::allowed().ok(),
            load_cores,
            started: SystemTime::now(),
        };
        run.bind()?;
        raise_descriptors()?;
        Ok(run)
    }

    /// This process goes to the load's cores. Servers are started from a process that is not bound.
    fn bind(&self) -> Result<(), CannotRun> {
        if let Some(cores) = &self.load_cores {
            cores
                .bind_self()
                .map_err(|error| CannotRun::Usage(format!("--load-cores {cores}: {error}")))?;
        }
        Ok(())
    }

    /// The cores of a server that is started for this run.
    pub fn spawn_cores(&self) -> Option<&Cores> {
        self.server_cores.as_ref().or(self.all_cores.as_ref())
    }

    /// Refuses objectives about messages where none are published.
    ///
    /// # Errors
    /// The first one of them.
    pub fn without_messages(common: &Common) -> Result<(), CannotRun> {
        match common
            .slo
            .iter()
            .find(|objective| objective.needs_messages())
        {
            Some(objective) => Err(CannotRun::Usage(format!(
                "--slo {objective}: nothing is published here; joined-p99, refused, lost and rss can be asked for"
            ))),
            None => Ok(()),
        }
    }

    /// Checks that the system lets this process have that many connections to `address`.
    ///
    /// # Errors
    /// What is missing, and how to get it.
    pub fn check_room(&self, connections: u32, address: SocketAddr) -> Result<(), CannotRun> {
        Room::for_connections(connections.into(), address)
            .map_err(|error| CannotRun::NoConnection(error.to_string()))
    }

    /// What the connections to `address` are to do.
    pub fn fleet_settings(&self, address: SocketAddr, target: &Target) -> FleetSettings {
        let common = &self.common;
        FleetSettings {
            address,
            host: target.host.clone(),
            path_and_query: target.path_and_query.clone(),
            headers: common.header.clone(),
            script: self.script.clone(),
            heartbeat_ns: common.heartbeat.as_nanos().max(1) as u64,
            connecting_max: common.connecting_max.map_or(CONNECTING_MAX, |most| most.0) as usize,
            connect_rate: common.connect_rate,
            connect_timeout_ns: common.connect_timeout.as_nanos() as u64,
            settle_ns: self.messages.settle.as_nanos() as u64,
            seed: self.seed,
        }
    }

    /// Lets `go` measure, and makes a result of its findings. A run without any connection is a
    /// result too, so that a reader of the file learns of it.
    ///
    /// # Errors
    /// If something that was asked for turned out to make no sense, or the system failed.
    pub fn conclude(
        mut self,
        scenario: &str,
        parameters: Vec<Parameter>,
        go: impl FnOnce(&mut Run) -> Result<Found, CannotRun>,
    ) -> Result<RunResult, CannotRun> {
        let found = match go(&mut self) {
            Err(CannotRun::NoConnection(text)) => Found {
                problems: vec![failure(text)],
                ended: Ended::NotStarted,
                ..Found::default()
            },
            Err(error @ CannotRun::Interrupted) => Found {
                problems: vec![failure(error.to_string())],
                ended: Ended::Interrupted,
                ..Found::default()
            },
            found => found?,
        };
        self.progress.end();
        Ok(self.result(scenario, parameters, found))
    }

    fn result(&self, scenario: &str, parameters: Vec<Parameter>, found: Found) -> RunResult {
        let Found {
            measurements,
            mut problems,
            objectives,
            ratios,
            ramp,
            restart,
            ended,
        } = found;
        problems.sort_by_key(|problem| problem.severity);
        let failed = problems
            .iter()
            .any(|problem| problem.severity == Severity::Failure);
        let objectives_held = objectives.iter().all(|objective| objective.held);
        let held = match &ramp {
            Some(ramp) => ended == Ended::Complete && ramp.last_held.is_some(),
            None => {
                ended == Ended::Complete && !failed && objectives_held && !measurements.is_empty()
            }
        };
        let machine = machine(self.server_cores.as_ref(), self.load_cores.as_ref());
        RunResult {
            schema_version: SCHEMA_VERSION,
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            scenario: scenario.to_owned(),
            command_line: masked(std::env::args()),
            started_at: humantime::format_rfc3339_seconds(self.started).to_string(),
            seed: self.seed,
            parameters,
            machine,
            ended,
            problems,
            objectives,
            measurements,
            ratios,
            ramp,
            restart,
            held,
        }
    }
}

/// What a scenario has found.
#[derive(Debug, Default)]
pub struct Found {
    /// In order.
    pub measurements: Vec<Measurement>,
    /// In any order.
    pub problems: Vec<Problem>,
    /// What became of the objectives.
    pub objectives: Vec<Objective>,
    /// Against the floor.
    pub ratios: Vec<Ratio>,
    /// What a ramp found.
    pub ramp: Option<Ramp>,
    /// The outcome of a restart for its clients.
    pub restart: Option<Restart>,
    /// How it ended.
    pub ended: Ended,
}

/// The command line without what may be secret: values of parameters and headers.
fn masked(arguments: impl Iterator<Item = String>) -> Vec<String> {
    let mut secret = false;
    let mask = |argument: String| {
        let (flag, value) = match argument.split_once('=') {
            Some((flag, value)) if flag.starts_with("--") => (flag.to_owned(), Some(value)),
            _ => (argument.clone(), None),
        };
        let names_a_secret = matches!(flag.as_str(), "--param" | "--header");
        let hidden = |text: &str| match text.find(['=', ':']) {
            Some(at) => format!("{}…", &text[..=at]),
            None => "…".to_owned(),
        };
        match value {
            Some(value) if names_a_secret => format!("{flag}={}", hidden(value)),
            None if std::mem::replace(&mut secret, names_a_secret) => hidden(&argument),
            _ => argument,
        }
    };
    arguments.map(mask).collect()
}

fn words<'a>(common: &'a Common, messages: &'a Messages) -> Words<'a> {
    Words {
        version: common.vsn,
        topic: &common.topic,
        join_payload: &common.join_payload,
        event: &messages.event,
        payload: &messages.payload,
        text_len: messages.bytes.0 as usize,
    }
}

/// The cores of a server that is started here, and of the load. By default they share none. Where
/// the server runs already, its cores are not known and nothing is bound.
fn cores(common: &Common, starts: Starts) -> (Option<Cores>, Option<Cores>) {
    let (server, load) = (common.server_cores.clone(), common.load_cores.clone());
    if server.is_some() || load.is_some() {
        return (server.and_then(|bind| bind.0), load.and_then(|bind| bind.0));
    }
    if starts == Starts::Nothing && common.spawn.is_none() {
        return (None, None);
    }
    match Cores::allowed().ok().and_then(|cores| cores.split_last()) {
        Some((others, last)) => (Some(others), Some(last)),
        None => (None, None),
    }
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn command_line_is_kept_without_its_secrets() {
        let line = "x fanout --param token=abc --header Authorization:b --param=key=c --rate 5";
        let kept = masked(line.split(' ').map(str::to_owned)).join(" ");
        let expected = "x fanout --param token=… --header Authorization:… --param=key=… --rate 5";
        assert_eq!(kept, expected);
    }
}
