//! The ends of runs: compared, refused, interrupted, or with the server gone.
//!
//! Most tests also look at the figures that the run keeps.

mod support;

use std::time::Duration;

use lobbyd_loadtest::result::Ended;
use support::rooms::serve;
use support::{Started, run, start_at};

#[test]
fn two_results_are_compared_side_by_side() {
    let (_server, url) = serve();
    let one = |rate: &str| {
        run(&[
            "fanout",
            "--url",
            &url,
            "--clients",
            "5",
            "--rate",
            rate,
            "--warmup",
            "0s",
            "--duration",
            "300ms",
            "--json",
            "{json}",
        ])
        .ends_with(0)
    };
    let (first, second) = (one("50"), one("100"));
    let files = [first.json(), second.json()].map(|file| file.display().to_string());
    let compared = run(&["compare", &files[0], &files[1], "--report", "{html}"])
        .ends_with(0)
        .says("rate");
    assert!(compared.page().contains("<svg"));
}

#[test]
fn join_that_is_refused_ends_a_run_before_it_begins_with_the_reason() {
    let (_server, url) = serve();
    let ended = run(&[
        "fanout",
        "--url",
        &url,
        "--topic",
        "room:closed",
        "--json",
        "{json}",
    ])
    .ends_with(3)
    .says("the join of \"room:closed\" was refused: authorized");
    assert_eq!(ended.result().ended, Ended::NotStarted);
}

/// Starts a run of 50 s, and returns once it measures.
fn long_run(url: &str) -> Started {
    let line = "fanout --clients 10 --rate 200 --warmup 0s --duration 50s";
    let mut started = start_at(url, line);
    started.until_seen("deliveries/s");
    started
}

#[test]
fn server_that_goes_away_in_the_middle_leaves_what_was_measured() {
    let (server, url) = serve();
    let started = long_run(&url);
    server.stop().unwrap();
    let ended = started.end().ends_with(1).says("the server went away");
    assert_eq!(ended.result().ended, Ended::ServerLost);
    let measured = ended.measurement();
    assert!(measured.deliveries.received > 100 && measured.seconds > 0.2);
    assert_eq!(measured.connections.lost[0].what, "1012 (restart)");
    assert_eq!(measured.connections.lost[0].count, 10);
}

#[test]
fn interrupt_ends_a_run_with_what_was_measured() {
    let (_server, url) = serve();
    let started = long_run(&url);
    started.signal(rustix::process::Signal::INT);
    let ended = started.end().ends_with(1);
    assert_eq!(ended.result().ended, Ended::Interrupted);
    assert!(ended.measurement().deliveries.received > 100);
}

#[test]
fn spawned_server_is_measured_and_stopped() {
    let floor = env!("CARGO_BIN_EXE_lobbyd-loadtest");
    // The port was free a moment ago. It is needed in advance, for the server's command line.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let command = format!("exec '{floor}' floor --serve --listen 127.0.0.1:{port}");
    let url = format!("ws://127.0.0.1:{port}/socket/websocket");
    let ended = run(&[
        "fanout",
        "--url",
        &url,
        "--spawn",
        &command,
        "--clients",
        "20",
        "--window",
        "8",
        "--warmup",
        "0s",
        "--duration",
        "500ms",
        "--json",
        "{json}",
    ])
    .ends_with(0);
    assert!(ended.measurement().server.unwrap().cpu_seconds > 0.0);
    let still_there = std::net::TcpStream::connect_timeout(
        &([127, 0, 0, 1], port).into(),
        Duration::from_secs(2),
    );
    assert!(still_there.is_err(), "the server was left running");
}
