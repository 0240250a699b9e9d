//! Runs that cannot begin report the reason at once and legibly.
//!
//! The reason is a server that refuses, or flags that make no sense.

mod misbehaving;
mod support;

use std::time::{Duration, Instant};

use lobbyd_loadtest::result::Ended;
use misbehaving::{Fault, Misbehaving};
use support::{Run, run, run_at};

/// Longest time of a refusal here. Only a connection without any answer is given up after 10 s.
const AT_ONCE: Duration = Duration::from_secs(5);

fn refused_by(fault: Fault) -> Run {
    let server = Misbehaving::start(fault);
    let url = format!("ws://{}/socket/websocket", server.address);
    let began = Instant::now();
    let run = run_at(&url, "fanout --clients 2 --duration 1s").ends_with(3);
    let took = began.elapsed();
    assert!(took < AT_ONCE, "it took {took:?}\n{}", run.seen);
    assert_eq!(run.result().ended, Ended::NotStarted);
    run
}

/// The half answer and the end of the connection are one segment, and so one event.
#[test]
fn half_answer_to_the_upgrade_is_a_refusal_at_once() {
    refused_by(Fault::Answers("HTTP/1.1 101 Switching Protocols\r\nUpgr"))
        .says("1006 (no Close frame)");
}

#[test]
fn channel_that_crashes_at_the_join_is_a_refusal_at_once() {
    refused_by(Fault::CrashesJoins).says("the channel crashed (phx_error)");
}

/// The reason has escape and bell, and the one character that stands for escape and bracket.
#[test]
fn reason_from_the_server_cannot_send_escape_codes_to_the_terminal() {
    let reason = "\u{1b}[2Jgone\u{7}\u{9b}31m red\r\n";
    let refused = refused_by(Fault::RefusesJoins { but: 0, reason }).says("was refused: [2Jgone");
    let drives = |character: &char| character.is_control() && *character != '\n';
    let driving: String = refused.seen.chars().filter(drives).collect();
    assert_eq!(driving, "", "{:?}", refused.seen);
    let [problem] = &refused.result().problems[..] else {
        panic!("not one problem: {}", refused.seen);
    };
    assert!(!problem.text.contains(char::is_control), "{problem:?}");
}

/// Nothing listens at the URL of these runs, and no connection to it is tried.
#[test]
fn flags_for_what_cannot_be_bound_or_observed_are_refused_before_a_start() {
    for (line, words) in [
        ("fanout --server-cores 0", "--spawn is missing"),
        (
            "fanout --slo cpu-us=1",
            "--slo cpu-us=1 needs the server's process",
        ),
        ("fanout --slo cores=1", "needs the server's process"),
        ("joins --slo rss=1000", "needs the server's process"),
        ("joins --slo p99=1ms", "nothing is published here"),
        ("idle --slo last-p99=1ms", "nothing is published here"),
        ("idle --slo cpu-us=1", "nothing is published here"),
    ] {
        let words_of_line: Vec<&str> = line.split(' ').collect();
        let url = ["--url", "ws://127.0.0.1:9/socket/websocket"];
        run(&[&words_of_line[..], &url].concat())
            .ends_with(2)
            .says(words);
    }
}
