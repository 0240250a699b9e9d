//! Runs that get a signal keep their figures, and all runs end the servers that they started.

mod support;

use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use lobbyd_loadtest::result::Ended;
use rustix::process::{Pid, Signal, kill_process};
use support::rooms::{serve, serve_at};
use support::{Started, start_at};

/// Longest wait for the end of a process.
const DEADLINE: Duration = Duration::from_secs(10);

/// A pause between two signals. Signals within 200 ms of each other count as one.
const APART: Duration = Duration::from_millis(400);

/// A process that a run has started. It is killed when the test ends, even by a panic.
struct Child(u32);

impl Child {
    /// Returns the only child process of a run.
    fn of(started: &Started) -> Child {
        let entries = std::fs::read_dir("/proc").unwrap().flatten();
        let mut pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let child = pids.find(|pid| parent_of(*pid) == Some(started.pid()));
        Child(child.expect("a run has started nothing"))
    }

    fn is_running(&self) -> bool {
        parent_of(self.0).is_some()
    }

    #[track_caller]
    fn ends(&self) {
        let deadline = Instant::now() + DEADLINE;
        while self.is_running() {
            assert!(Instant::now() < deadline, "it was left running");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if self.is_running() {
            let pid = Pid::from_raw(self.0 as i32).unwrap();
            let _ = kill_process(pid, Signal::KILL); // the process may have ended just now
        }
    }
}

/// Returns an address whose port was free a moment ago, for a server's command line.
fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

/// Returns the parent of a process (proc_pid_stat(5)). `None` if the process has ended, waited for
/// or not.
fn parent_of(pid: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    let state = fields.next()?;
    let parent = fields.next()?.parse().ok()?;
    (!matches!(state, "Z" | "X")).then_some(parent)
}

/// The spawned command and its child ignore SIGTERM. The measured server is another one, because a
/// floor would end with the first signal.
#[test]
fn second_signal_ends_the_run_at_once_and_a_server_that_will_not_end() {
    let command = "trap '' TERM; echo up; while :; do sleep 0.05; done";
    let address = free_address();
    let url = format!("ws://{address}/socket/websocket");
    let mut started = support::start(&[
        "fanout",
        "--url",
        &url,
        "--spawn",
        command,
        "--clients",
        "5",
        "--rate",
        "100",
        "--warmup",
        "0s",
        "--duration",
        "50s",
    ]);
    // The server starts only after the run has found that nothing listens at the address.
    started.until_seen("waiting for");
    let _server = serve_at(address);
    started.until_seen("deliveries/s");
    let stubborn = Child::of(&started);
    started.signal(Signal::TERM);
    std::thread::sleep(APART);
    assert!(stubborn.is_running(), "it ended by itself");
    let again = Instant::now();
    started.signal(Signal::TERM);
    started.end().ends_with(130);
    // A stop without a second signal waits 15 s before it kills.
    assert!(again.elapsed() < DEADLINE, "{:?}", again.elapsed());
    stubborn.ends();
}

#[test]
fn closed_terminal_ends_a_run_with_what_was_measured_and_its_server() {
    let address = free_address();
    let floor = env!("CARGO_BIN_EXE_lobbyd-loadtest");
    let command = format!("exec '{floor}' floor --serve --listen {address}");
    let url = format!("ws://{address}/socket/websocket");
    let mut started = support::start(&[
        "fanout",
        "--url",
        &url,
        "--spawn",
        &command,
        "--clients",
        "5",
        "--rate",
        "200",
        "--warmup",
        "0s",
        "--duration",
        "50s",
        "--json",
        "{json}",
    ]);
    started.until_seen("deliveries/s");
    let server = Child::of(&started);
    started.signal(Signal::HUP);
    let ended = started.end().ends_with(1);
    assert_eq!(ended.result().ended, Ended::Interrupted);
    assert!(ended.measurement().deliveries.received > 0);
    assert_eq!(ended.measurement().deliveries.missing, 0);
    server.ends();
}

#[test]
fn floor_ends_with_a_run_that_was_killed() {
    let mut started = support::start(&[
        "floor",
        "--clients",
        "5",
        "--rate",
        "100",
        "--duration",
        "50s",
    ]);
    started.until_seen("deliveries/s");
    let floor = Child::of(&started);
    started.signal(Signal::KILL);
    assert_eq!(started.end().status, None, "it was killed");
    floor.ends();
}

#[test]
fn interrupt_in_the_warm_up_says_that_nothing_was_measured() {
    let (_server, url) = serve();
    let line = "fanout --clients 5 --rate 200 --warmup 50s --duration 50s";
    let mut started = start_at(&url, line);
    started.until_seen("warming up: 5 joined");
    started.signal(Signal::INT);
    let ended = started
        .end()
        .ends_with(1)
        .says("interrupted before anything was measured");
    assert!(!ended.seen.contains("missing"), "{}", ended.seen);
    let result = ended.result();
    assert_eq!(result.ended, Ended::Interrupted);
    assert_eq!(result.measurements.len(), 0);
    assert!(!result.held);
}
