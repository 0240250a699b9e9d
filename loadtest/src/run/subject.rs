//! The server under test: one that runs already, one that is started for it, or the floor.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::process::ExitStatus;
use std::thread;
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use super::Run;
use super::error::CannotRun;
use super::target::Target;
use crate::floor::Writes;
use crate::observe::host::ProcessTree;
use crate::observe::host::{Server, SpawnError, listens};
use crate::result::Side;

/// A server to connect to. A server that was started for the run ends with this value.
#[derive(Debug)]
pub struct Subject {
    /// Whether the server is the one under test or a floor.
    pub side: Side,
    /// The URL of the server, and the request of an upgrade.
    pub target: Target,
    /// The address that connections go to, one of the host's.
    pub address: SocketAddr,
    server: Option<Server>,
    /// The listening socket that each started server inherits, if any.
    listener: Option<TcpListener>,
}

/// Longest time from the start of a server to its first answer at its port.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// Pause between two tries to reach a started server.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Lines of a server's output that are shown when it fails.
const OUTPUT_LINES: usize = 15;

impl Subject {
    /// Returns the server under test. It is started if the run has --spawn and there is room for
    /// `connections` to it.
    ///
    /// # Errors
    /// If the address or the --pid is unknown, or a server that is started does not come up.
    pub fn server(run: &mut Run, connections: u32) -> Result<Subject, CannotRun> {
        Subject::with(run, connections, false)
    }

    /// Returns the server under test. If `inherits`, it is started with a listening socket that
    /// this program holds, so that it can be started again while the socket stays.
    ///
    /// # Errors
    /// Those of [`server`](Subject::server), or if the address cannot be listened at.
    pub fn with(run: &mut Run, connections: u32, inherits: bool) -> Result<Subject, CannotRun> {
        let (target, common) = (run.target.clone(), &run.common);
        let addresses = target
            .addresses()
            .map_err(|error| CannotRun::NoConnection(format!("--url: {error}")))?;
        run.check_room(connections, addresses[0])?;
        let mut listener = None;
        let server = match (&common.spawn, common.pid) {
            (Some(command), _) if inherits => {
                let held = listener.insert(listen(addresses[0])?);
                let spawned = Server::spawn_inheriting(command, run.spawn_cores(), held);
                Some(spawned.map_err(not_started)?)
            }
            (Some(command), _) => {
                if addresses.iter().any(listens) {
                    return Err(CannotRun::NoConnection(format!(
                        "--spawn: something listens at {} already, and would be measured instead",
                        target.host
                    )));
                }
                let spawned = Server::spawn(command, run.spawn_cores());
                Some(spawned.map_err(not_started)?)
            }
            (None, Some(pid)) => {
                let attached = Server::attach(pid);
                Some(attached.map_err(|error| CannotRun::Usage(format!("--pid {pid}: {error}")))?)
            }
            (None, None) => None,
        };
        let spawned = common.spawn.is_some();
        let mut subject = Subject {
            side: Side::Server,
            target,
            address: addresses[0],
            server,
            listener,
        };
        subject.address = if subject.listener.is_some() {
            addresses[0]
        } else if spawned {
            subject.wait_for_port(run, &addresses)?
        } else {
            answering(&addresses)
        };
        Ok(subject)
    }

    /// Starts the floor: this program, in another process.
    ///
    /// # Errors
    /// If the floor does not come up.
    pub fn floor(run: &Run, writes: Writes) -> Result<Subject, CannotRun> {
        let own = std::env::current_exe()?;
        let own = own.to_string_lossy().replace('\'', r"'\''");
        let command = format!(
            "exec '{own}' floor --serve --with-parent --writes {writes} --listen 127.0.0.1:0"
        );
        let failed =
            |text: String| CannotRun::NoConnection(format!("the floor did not start: {text}"));
        let server = Server::spawn(&command, run.spawn_cores())
            .map_err(|error| failed(error.to_string()))?;
        let address =
            floor_address(&server).ok_or_else(|| failed(server.output_tail(OUTPUT_LINES)))?;
        let target = Target::new(
            &format!("ws://{address}/socket/websocket"),
            run.common.vsn,
            &[],
        )?;
        let side = match writes {
            Writes::Batch => Side::FloorBatch,
            Writes::Single => Side::FloorSingle,
        };
        Ok(Subject {
            side,
            target,
            address,
            server: Some(server),
            listener: None,
        })
    }

    fn wait_for_port(
        &mut self,
        run: &mut Run,
        addresses: &[SocketAddr],
    ) -> Result<SocketAddr, CannotRun> {
        let deadline = Instant::now() + START_TIMEOUT;
        run.progress.phase("starting");
        loop {
            run.progress.show(0, 0, || {
                format!("waiting for {} to answer", self.target.host)
            });
            if let Some(address) = addresses.iter().find(|address| listens(address)) {
                return Ok(*address);
            }
            if self.has_ended() {
                let output = self.output_tail();
                return Err(CannotRun::NoConnection(format!(
                    "--spawn: the server ended before {} answered. It said:\n{output}",
                    self.target.host,
                )));
            }
            if run.interrupt.asked() {
                return Err(CannotRun::Interrupted);
            }
            if Instant::now() >= deadline {
                let output = self.output_tail();
                return Err(CannotRun::NoConnection(format!(
                    "--spawn: nothing answered at {} within {} s. Does the command listen there? --url says where. It said:\n{output}",
                    self.target.host,
                    START_TIMEOUT.as_secs(),
                )));
            }
            thread::sleep(LOOK_EVERY);
        }
    }

    /// Returns the server's process tree, if it is known.
    pub fn process(&self) -> Option<ProcessTree> {
        self.server
            .as_ref()
            .map(|server| ProcessTree::of(server.pid()))
    }

    /// Signals a server that was started here to end, and does not wait.
    pub fn tell_to_end(&self) {
        if let Some(server) = &self.server {
            server.tell_to_end();
        }
    }

    /// Returns the exit status of a server that was started here, if it has ended.
    pub fn how_it_ended(&mut self) -> Option<ExitStatus> {
        self.server.as_mut()?.has_ended()
    }

    /// Kills a server that was started here and has not ended in time.
    pub fn kill(&self) {
        if let Some(server) = &self.server {
            server.kill();
        }
    }

    /// Starts the server again that was started here and has ended. Does not wait until it answers.
    ///
    /// # Errors
    /// If the server's process cannot be started.
    pub fn start_again(&mut self, run: &Run) -> Result<(), CannotRun> {
        let command = run.common.spawn.as_deref().unwrap_or_default();
        let cores = run.spawn_cores();
        let spawned = match &self.listener {
            Some(listener) => Server::spawn_inheriting(command, cores, listener),
            None => Server::spawn(command, cores),
        };
        self.server = Some(spawned.map_err(not_started)?);
        Ok(())
    }

    /// Returns the last lines of a server that was started here.
    pub fn output_tail(&self) -> String {
        self.server
            .as_ref()
            .map_or(String::new(), |server| server.output_tail(OUTPUT_LINES))
    }

    /// True if the server's process is known and has ended.
    pub fn has_ended(&mut self) -> bool {
        self.server
            .as_mut()
            .is_some_and(|server| !server.is_running())
    }
}

fn not_started(error: SpawnError) -> CannotRun {
    CannotRun::NoConnection(format!("--spawn: {error}"))
}

/// Opens a listening socket as a service manager does.
fn listen(address: SocketAddr) -> Result<TcpListener, CannotRun> {
    let listen = || -> io::Result<TcpListener> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        Ok(socket.into())
    };
    listen().map_err(|error| {
        CannotRun::NoConnection(format!("--inherit: cannot listen at {address}: {error}"))
    })
}

/// Most connections that wait to be accepted, the number that lobbyd asks for. The kernel takes at
/// most net.core.somaxconn.
const BACKLOG: i32 = 65_535;

/// Returns the first of several addresses that answers, or the first if none does.
fn answering(addresses: &[SocketAddr]) -> SocketAddr {
    match addresses {
        [only] => *only,
        several => {
            let found = several.iter().find(|address| listens(address));
            *found.unwrap_or(&several[0])
        }
    }
}

/// Returns the address that the floor prints when it serves. With --with-parent it prints the
/// address alone.
fn floor_address(server: &Server) -> Option<SocketAddr> {
    let deadline = Instant::now() + START_TIMEOUT;
    while Instant::now() < deadline {
        let output = server.output_tail(OUTPUT_LINES);
        if let Some(address) = output.lines().find_map(|line| line.parse().ok()) {
            return Some(address);
        }
        thread::sleep(LOOK_EVERY);
    }
    None
}
