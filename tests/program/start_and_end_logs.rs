//! Lines of the log for an operator when lobbyd starts and ends.

use std::process::Command;

use testkit::{Client, Ended, Process, connect_to, request};

use crate::fixture::lobbyd;

fn member(lobbyd: &Process) -> Client {
    let mut client = connect_to(lobbyd.address(), "/socket/websocket?vsn=2.0.0");
    client.join("room:lobby");
    client
}

/// Ends the server with SIGTERM, once it serves and so handles signals.
fn ended(lobbyd: Process) -> Ended {
    let head = "GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    request(lobbyd.address(), head);
    lobbyd.signal("TERM");
    lobbyd.ended()
}

/// Ends the server with SIGTERM, and again when `client`, which never answers, has its Close.
fn ended_twice(lobbyd: Process, mut client: Client) -> Ended {
    lobbyd.signal("TERM");
    assert_eq!(client.close_code(), 1012);
    lobbyd.signal("TERM");
    let ended = lobbyd.ended();
    drop(client);
    ended
}

#[test]
fn log_counts_clients_cut_after_their_close_and_that_is_no_failure() {
    let lobbyd = Process::start(lobbyd());
    let client = member(&lobbyd);
    let Ended { code, log, .. } = ended_twice(lobbyd, client);
    assert_eq!(code, Some(0), "{log}");
    let told = log
        .lines()
        .find(|line| line.contains("did not end in time"));
    assert!(told.expect(&log).contains("connections=1"), "{log}");
}

#[test]
fn log_tells_how_long_it_goes_on_accepting_and_a_window_of_nothing() {
    let mut command = lobbyd();
    command.env("LOBBYD_DRAIN_READY_DELAY_MS", "50");
    command.env("LOBBYD_DRAIN_WINDOW_MS", "0");
    let Ended { code, log, .. } = ended(Process::start(command));
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("still accepting for 50ms"), "{log}");
    assert!(log.contains("closing connections at once"), "{log}");
}

#[test]
fn log_warns_of_a_limit_of_open_files_below_that_of_connections() {
    for (connections_max, warns) in [("500", true), ("100", false)] {
        let mut command = Command::new("sh");
        let script = "ulimit -n 200; exec \"$0\" --listen 127.0.0.1:0 --shards 1";
        command.args(["-c", script, env!("CARGO_BIN_EXE_lobbyd")]);
        command.env("LOBBYD_LIMITS_CONNECTIONS_MAX", connections_max);
        let Ended { log, .. } = ended(Process::start(command));
        let has_warned = log.contains("WARN") && log.contains("open_files=200");
        assert_eq!(has_warned, warns, "{log}");
    }
}
