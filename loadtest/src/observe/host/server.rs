//! The program under test as a process: started and stopped by the run, or found running.

use std::fs::File;
use std::io;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::cores::{Cores, bound_to};
use super::process::Process;
use super::process_tree::ProcessTree;

/// How long a server may take to end after SIGTERM before it is killed.
const STOP_TIME_MAX: Duration = Duration::from_secs(15);

/// Pause between two checks whether the server has ended.
const STOP_LOOK: Duration = Duration::from_millis(5);

/// Bytes at the end of the output that are searched for the last lines.
const TAIL_BYTES: u64 = 64 << 10;

/// A running server. A server that the run started ends with the run; an attached server stays.
#[derive(Debug)]
pub enum Server {
    /// A server started by this run, in a process group of its own.
    Spawned {
        /// The shell that runs the command, or the program that the shell became by exec.
        child: Child,
        /// Stdout and stderr, in a file without a name.
        output: File,
    },
    /// A server that was running already.
    Attached {
        /// The server's process.
        pid: u32,
        /// The start of the process in clock ticks since boot: a pid may be used again.
        started: u64,
    },
}

/// The reason why a server could not be started or attached.
#[derive(Debug, thiserror::Error)]
pub enum SpawnError {
    /// The cores to bind the server to cannot be used.
    #[error("the server cannot be bound to cores: {0}")]
    Cores(io::Error),
    /// The file for the server's output cannot be made.
    #[error("no temporary file for the server's output: {0}; TMPDIR names another directory")]
    Output(io::Error),
    /// The listening socket cannot be handed over.
    #[error("the listening socket cannot be handed to the server: {0}")]
    Listener(io::Error),
    /// The shell cannot be started.
    #[error("the server cannot be started with sh -c {command:?}: {source}")]
    Start {
        /// The command as it was given.
        command: String,
        /// The system's error.
        source: io::Error,
    },
    /// No process has the given pid.
    #[error("there is no process {0} to be watched; --pid wants the server's")]
    NoProcess(u32),
}

/// The end of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// The server ended by itself, or after the signal; holds the shell's status.
    Ended(ExitStatus),
    /// The server did not end within 15 s and was killed.
    Killed,
    /// The server was attached, and still runs.
    LeftRunning,
}

impl Server {
    /// Starts a command line as `sh -c` understands it, with an empty input, bound to `cores`.
    /// Without `cores` the server has those of this thread. The server inherits this process's
    /// limits. `Ok` does not mean that the server listens, or even that the command exists.
    ///
    /// # Errors
    ///
    /// When no process can be started, or a core does not exist.
    pub fn spawn(command: &str, cores: Option<&Cores>) -> Result<Server, SpawnError> {
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).stdin(Stdio::null());
        Server::start(shell, command, cores)
    }

    /// Starts a command line with `listener` handed over as systemd does for a socket unit
    /// (sd_listen_fds(3)): as descriptor 3, with LISTEN_FDS and LISTEN_PID. The command must be one
    /// that a shell can run with `exec`, because LISTEN_PID must be its process.
    ///
    /// # Errors
    ///
    /// As in [`spawn`](Server::spawn).
    pub fn spawn_inheriting(
        command: &str,
        cores: Option<&Cores>,
        listener: &TcpListener,
    ) -> Result<Server, SpawnError> {
        let listener = listener.try_clone().map_err(SpawnError::Listener)?;
        let bare = command.trim_start();
        let bare = bare.strip_prefix("exec ").unwrap_or(bare);
        // The listener is handed over as the input, which is the only descriptor besides the
        // outputs that a child can be given.
        let script = format!(
            "exec 3<&0 </dev/null; LISTEN_PID=$$ LISTEN_FDS=1; export LISTEN_PID LISTEN_FDS; exec {bare}"
        );
        let mut shell = Command::new("sh");
        shell.args(["-c", &script]).stdin(OwnedFd::from(listener));
        Server::start(shell, command, cores)
    }

    fn start(
        mut shell: Command,
        command: &str,
        cores: Option<&Cores>,
    ) -> Result<Server, SpawnError> {
        let output = tempfile::tempfile().map_err(SpawnError::Output)?;
        let stdout = output.try_clone().map_err(SpawnError::Output)?;
        let stderr = output.try_clone().map_err(SpawnError::Output)?;
        shell.process_group(0).stdout(stdout).stderr(stderr);
        // A child inherits the cores of the thread that starts it.
        let spawned = bound_to(cores, || shell.spawn()).map_err(SpawnError::Cores)?;
        let child = spawned.map_err(|source| SpawnError::Start {
            command: command.to_owned(),
            source,
        })?;
        remember(child.id());
        Ok(Server::Spawned { child, output })
    }

    /// Watches a server that runs already. The server is not stopped at the end.
    ///
    /// # Errors
    ///
    /// When no process has this pid.
    pub fn attach(pid: u32) -> Result<Server, SpawnError> {
        match Process::of(pid) {
            Some(Process { started, .. }) => Ok(Server::Attached { pid, started }),
            None => Err(SpawnError::NoProcess(pid)),
        }
    }

    /// Returns the process at the root of the server's process tree.
    pub fn pid(&self) -> u32 {
        match self {
            Server::Spawned { child, .. } => child.id(),
            Server::Attached { pid, .. } => *pid,
        }
    }

    /// True if the server's root process runs.
    pub fn is_running(&mut self) -> bool {
        match self {
            Server::Spawned { child, .. } => matches!(child.try_wait(), Ok(None)),
            Server::Attached { pid, started } => Process::of(*pid)
                .is_some_and(|process| process.started == *started && !process.is_zombie),
        }
    }

    /// Returns the last lines of both outputs, in order. Empty for an attached server.
    pub fn output_tail(&self, lines: usize) -> String {
        let Server::Spawned { output, .. } = self else {
            return String::new();
        };
        let bytes = tail(output).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let all: Vec<&str> = text.lines().collect();
        all[all.len().saturating_sub(lines)..].join("\n")
    }

    /// Ends a server that this run started, with all processes of its group: SIGTERM, 15 s to end,
    /// SIGKILL. A second call only returns the end.
    pub fn stop(&mut self) -> Stopped {
        self.stop_within(STOP_TIME_MAX)
    }

    /// Sends SIGTERM to a server that this run started, without waiting.
    /// [`has_ended`](Server::has_ended) reports the end.
    pub fn tell_to_end(&self) {
        if let Server::Spawned { child, .. } = self {
            let strays = strays(child.id());
            signal(child.id(), Signal::TERM);
            strays.iter().for_each(|pid| signal_one(*pid, Signal::TERM));
        }
    }

    /// Kills a server that this run started, without waiting.
    pub fn kill(&self) {
        if let Server::Spawned { child, .. } = self {
            let strays = strays(child.id());
            signal(child.id(), Signal::KILL);
            strays.iter().for_each(|pid| signal_one(*pid, Signal::KILL));
        }
    }

    /// Returns the shell's status once the server and all processes of its group have ended. The
    /// cost is a look at every process of the machine.
    pub fn has_ended(&mut self) -> Option<ExitStatus> {
        let Server::Spawned { child, .. } = self else {
            return None;
        };
        let status = child.try_wait().ok().flatten()?;
        let ended = !alive_in(child.id());
        if ended {
            forget(child.id());
        }
        ended.then_some(status)
    }

    fn stop_within(&mut self, time: Duration) -> Stopped {
        let Server::Spawned { child, .. } = self else {
            return Stopped::LeftRunning;
        };
        // Processes that have left the group are found below the shell, as long as the shell lives.
        let strays = strays(child.id());
        signal(child.id(), Signal::TERM);
        strays.iter().for_each(|pid| signal_one(*pid, Signal::TERM));
        let ended = ended_within(child, time);
        strays.iter().for_each(|pid| signal_one(*pid, Signal::KILL));
        if let Some(status) = ended {
            forget(child.id());
            return Stopped::Ended(status);
        }
        signal(child.id(), Signal::KILL);
        forget(child.id());
        // This wait is short: only the kernel's own work can hold up SIGKILL.
        let _ = child.wait();
        Stopped::Killed
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Reads the end of the output, without a seek: the server writes at the file's position.
fn tail(output: &File) -> io::Result<Vec<u8>> {
    let length = output.metadata()?.len();
    let begin = length.saturating_sub(TAIL_BYTES);
    let mut bytes = vec![0; (length - begin) as usize];
    output.read_exact_at(&mut bytes, begin)?;
    Ok(bytes)
}

/// The process groups of servers that run, for [`kill_servers`].
static GROUPS: Mutex<Vec<u32>> = Mutex::new(Vec::new());

fn groups() -> MutexGuard<'static, Vec<u32>> {
    GROUPS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn remember(group: u32) {
    groups().push(group);
}

fn forget(group: u32) {
    groups().retain(|other| *other != group);
}

/// Kills all servers that this program has started, and does not wait for their ends.
pub fn kill_servers() {
    for group in groups().drain(..) {
        let strays = strays(group);
        signal(group, Signal::KILL);
        strays.iter().for_each(|pid| signal_one(*pid, Signal::KILL));
    }
}

/// Returns the processes below `root` that are in other groups than `root`.
fn strays(root: u32) -> Vec<u32> {
    let members = ProcessTree::of(root).members().unwrap_or_default();
    let elsewhere = |pid: &u32| Process::of(*pid).is_some_and(|process| process.group != root);
    members.into_iter().filter(elsewhere).collect()
}

fn signal_one(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, signal); // the process may have ended just now
    }
}

fn signal(group: u32, signal: Signal) {
    if let Some(group) = i32::try_from(group).ok().and_then(Pid::from_raw)
        && alive_in(group.as_raw_nonzero().get() as u32)
    {
        let _ = kill_process_group(group, signal); // the group may have ended just now
    }
}

/// Returns the shell's status once the shell and all processes of its group have ended. The shell
/// is waited for first, because it may end before the server does.
fn ended_within(child: &mut Child, time: Duration) -> Option<ExitStatus> {
    let group = child.id();
    let deadline = Instant::now() + time;
    loop {
        let status = child.try_wait().ok().flatten();
        if let Some(status) = status
            && !alive_in(group)
        {
            return Some(status);
        }
        if Instant::now() >= deadline {
            return None;
        }
        std::thread::sleep(STOP_LOOK);
    }
}

/// True if any process of the group runs; a zombie does not.
fn alive_in(group: u32) -> bool {
    let all = Process::all().unwrap_or_default();
    all.iter()
        .any(|process| process.group == group && !process.is_zombie)
}

#[cfg(test)]
mod tests;
