//! The run of a scenario: its checked parameters, its shared state, and its result.

mod assess;
mod clients;
mod error;
pub mod interrupt;
mod join;
pub mod mask;
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
use crate::load::template::Template;
use crate::observe::host::{Cores, Room, machine, raise_descriptors};
use crate::result::{
    Ended, Measurement, Objective, Parameter, Problem, Ramp, Ratio, Restart, RunResult,
    SCHEMA_VERSION, Severity,
};
use interrupt::Interrupt;
use progress::Progress;
use target::Target;

pub use assess::{failure, problems, warning};
pub use clients::Clients;
pub use error::CannotRun;
pub(crate) use publisher::publisher;

/// Most connections that may be opening or joining at once, by default.
const CONNECTING_MAX: u32 = 128;

/// The servers that a run starts in addition to that of --spawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Starts {
    /// No server.
    Nothing,
    /// The floor and no other server.
    Floor,
}

/// A run in progress.
#[derive(Debug)]
pub struct Run {
    /// The flags of every scenario.
    pub common: Common,
    /// The flags about messages: their content, and the lengths of time.
    pub messages: Messages,
    /// The server's address, and the request of an upgrade.
    pub target: Target,
    /// The topics and payloads of the connections.
    pub script: Script,
    /// The clients: their lobbies and values.
    pub clients: Clients,
    /// The flag that a signal sets to end the run.
    pub interrupt: Interrupt,
    /// The line of progress.
    pub progress: Progress,
    /// The seed of random choices.
    pub seed: u64,
    /// The cores that a spawned server is bound to.
    server_cores: Option<Cores>,
    /// The cores before this process was bound, for a spawned server without cores of its own.
    all_cores: Option<Cores>,
    load_cores: Option<Cores>,
    started: SystemTime,
}

impl Run {
    /// Checks the flags, binds this process to the load's cores, raises its limit of open files.
    ///
    /// # Errors
    /// The first flag that makes no sense or a limit of the system, before a server is started.
    pub fn new(
        common: Common,
        messages: Messages,
        clients: Clients,
        starts: Starts,
        interrupt: Interrupt,
    ) -> Result<Run, CannotRun> {
        let mut target = Target::new(&common.url, common.vsn, &clients.params)?;
        target.query = clients.query.clone();
        let Clients {
            columns, lobbies, ..
        } = &clients;
        let words = words(&common, &messages);
        let script = Script::new(words, columns, lobbies, clients.count)?;
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
            clients,
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

    /// Binds this process to the load's cores.
    fn bind(&self) -> Result<(), CannotRun> {
        if let Some(cores) = &self.load_cores {
            cores
                .bind_self()
                .map_err(|error| CannotRun::Usage(format!("--load-cores {cores}: {error}")))?;
        }
        Ok(())
    }

    /// Returns the cores of a server that is started for this run.
    pub fn spawn_cores(&self) -> Option<&Cores> {
        self.server_cores.as_ref().or(self.all_cores.as_ref())
    }

    /// Refuses objectives about messages in scenarios that publish none.
    ///
    /// # Errors
    /// The first such objective.
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

    /// Checks that the system allows this process `connections` connections to `address`.
    ///
    /// # Errors
    /// The limit that is too low, and how to raise it.
    pub fn check_room(&self, connections: u32, address: SocketAddr) -> Result<(), CannotRun> {
        Room::for_connections(connections.into(), address)
            .map_err(|error| CannotRun::NoConnection(error.to_string()))
    }

    /// Returns the settings of a fleet whose connections go to `address`.
    pub fn fleet_settings(&self, address: SocketAddr, target: &Target) -> FleetSettings {
        let common = &self.common;
        FleetSettings {
            address,
            host: target.host.clone(),
            path_and_query: Template::text(&target.path_and_query).then(target.query.clone()),
            headers: self.clients.headers.clone(),
            script: self.script.clone(),
            heartbeat_ns: common.heartbeat.as_nanos().max(1) as u64,
            connecting_max: common.connecting_max.map_or(CONNECTING_MAX, |most| most.0) as usize,
            connect_rate: common.connect_rate,
            connect_timeout_ns: common.connect_timeout.as_nanos() as u64,
            settle_ns: self.messages.settle.as_nanos() as u64,
            seed: self.seed,
        }
    }

    /// Lets `go` measure, and makes a result of its findings. A run without any connection makes a
    /// result too, so that a reader of the file learns of the failure.
    ///
    /// # Errors
    /// If a flag turns out to make no sense, or the system refuses something.
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
            command_line: mask::command_line(std::env::args()),
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

/// The findings of a scenario.
#[derive(Debug, Default)]
pub struct Found {
    /// The measurements, in order.
    pub measurements: Vec<Measurement>,
    /// The problems, in any order.
    pub problems: Vec<Problem>,
    /// The objectives, with their outcomes.
    pub objectives: Vec<Objective>,
    /// The server's figures as multiples of the floor's.
    pub ratios: Vec<Ratio>,
    /// The outcome of a ramp.
    pub ramp: Option<Ramp>,
    /// The outcome of a restart for its clients.
    pub restart: Option<Restart>,
    /// The end of the run.
    pub ended: Ended,
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

/// Returns the cores of the server that is started here, and of the load. By default they share no
/// core. If the server runs already, its cores are unknown and nothing is bound.
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
