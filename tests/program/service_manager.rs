//! Messages to a service manager. The test holds the socket that systemd would hold.

use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;

use testkit::{DEADLINE, Process, connect_to};

use crate::fixture::lobbyd;

/// A service manager's socket, under a path of its own that is removed with it.
struct Manager {
    socket: UnixDatagram,
    path: PathBuf,
}

impl Manager {
    fn new(name: &str) -> Manager {
        let name = format!("lobbyd-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let socket = UnixDatagram::bind(&path).expect("a name of its own");
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        Manager { socket, path }
    }

    /// Waits until lobbyd sends `line`; other lines may come before. Returns all lines of that
    /// message.
    fn hears(&self, line: &str) -> String {
        let mut bytes = [0; 4096];
        let mut before = Vec::new();
        loop {
            let Ok(len) = self.socket.recv(&mut bytes) else {
                panic!("{line} did not come within {DEADLINE:?}, but {before:?}");
            };
            let told = String::from_utf8_lossy(&bytes[..len]).into_owned();
            if told.lines().any(|told| told == line) {
                return told;
            }
            before.push(told);
        }
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

#[test]
fn service_manager_is_told_of_ready_connections_and_the_end() {
    let manager = Manager::new("told");
    let mut command = lobbyd();
    command.env("NOTIFY_SOCKET", &manager.path);
    command.env("WATCHDOG_USEC", "8000000");
    let lobbyd = Process::start(command);
    manager.hears("READY=1");
    manager.hears("WATCHDOG=1");
    manager.hears("STATUS=0 connections");
    let client = connect_to(lobbyd.address(), "/socket/websocket?vsn=2.0.0");
    manager.hears("WATCHDOG=1");
    manager.hears("STATUS=1 connection");
    lobbyd.signal("TERM");
    manager.hears("STOPPING=1");
    drop(client);
    assert_eq!(lobbyd.ended().code, Some(0));
}

#[test]
fn service_manager_is_told_when_each_reload_begins_and_is_over() {
    let manager = Manager::new("reload");
    let file = std::env::temp_dir().join(format!("lobbyd-reload-{}.toml", std::process::id()));
    std::fs::write(&file, "").unwrap();
    let mut command = lobbyd();
    command.arg("--config").arg(&file);
    command.env("NOTIFY_SOCKET", &manager.path);
    let lobbyd = Process::start(command);
    manager.hears("READY=1");
    let client = connect_to(lobbyd.address(), "/socket/websocket?vsn=2.0.0");
    // A right file, and a wrong one, whose reload ends as well.
    for text in ["[limits]\nconnections.max = 9\n", "[limits]\nnone = 1\n"] {
        std::fs::write(&file, text).unwrap();
        lobbyd.signal("HUP");
        let told = manager.hears("RELOADING=1");
        let began = told.lines().find_map(|l| l.strip_prefix("MONOTONIC_USEC="));
        // systemd accepts the message only with the time, by its own clock.
        let began: u64 = began.expect(&told).parse().unwrap();
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        let now = now.tv_sec as u64 * 1_000_000 + now.tv_nsec as u64 / 1_000;
        assert!(began <= now && began + DEADLINE.as_micros() as u64 > now);
        manager.hears("READY=1");
    }
    lobbyd.signal("TERM");
    manager.hears("STOPPING=1");
    drop(client);
    let ended = lobbyd.ended();
    std::fs::remove_file(&file).unwrap();
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    assert!(
        ended.log.contains("limits.none: no such setting"),
        "{}",
        ended.log
    );
}

#[test]
fn watchdog_is_fed_during_a_drain_as_well() {
    let manager = Manager::new("fed");
    let mut command = lobbyd();
    command.env("NOTIFY_SOCKET", &manager.path);
    command.env("WATCHDOG_USEC", "8000000");
    let lobbyd = Process::start(command);
    // The client gets 1012 and does not answer: the drain waits 5 s for it.
    let mut silent = connect_to(lobbyd.address(), "/socket/websocket?vsn=2.0.0");
    lobbyd.signal("TERM");
    manager.hears("STOPPING=1");
    assert_eq!(silent.close_code(), 1012);
    manager.hears("WATCHDOG=1");
    drop(silent);
    assert_eq!(lobbyd.ended().code, Some(0));
}
