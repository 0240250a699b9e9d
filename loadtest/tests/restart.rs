//! Restarts of a real lobbyd, and of servers that do one thing wrong during a restart.

mod misbehaving;
mod support;

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;

use lobbyd_loadtest::result::{Count, Restart};
use misbehaving::process::{Passing, command, serve_if_told};
use support::{Run, start};

/// Serves in the process that [`command`] starts, which is this binary with this test alone.
/// Otherwise the test does nothing.
#[test]
fn server_for_the_other_tests_runs_when_they_start_it() {
    serve_if_told();
}

/// Returns an address whose port was free a moment ago.
fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
}

fn restart(spawn: &str, address: SocketAddr, line: &str) -> Run {
    let url = format!("ws://{address}/socket/websocket");
    let words: Vec<&str> = line.split_whitespace().collect();
    let rest = [
        "--url", &url, "--spawn", spawn, "--json", "{json}", "--report", "{html}",
    ];
    start(&[&["restart"], &words[..], &rest].concat()).end()
}

/// Restarts a misbehaving server with five clients in one lobby and one client in each of three
/// others.
fn restart_of(passing: Passing, line: &str) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let address = free();
    let test = "server_for_the_other_tests_runs_when_they_start_it";
    let command = command(passing, address, &folder.path().join("lives"), test);
    let command = match line.contains("--inherit") {
        true => format!("{command} 0<&3"),
        false => command,
    };
    let size = "--lobby 5 --lobbies 3 --publishers 2 --duration 500ms --settle 3s";
    let warmup = match passing {
        Passing::Drops => "2s", // the fault is at message number 100 of a process, counted from 0
        _ => "300ms",
    };
    restart(
        &command,
        address,
        &format!("{size} --warmup {warmup} {line}"),
    )
}

fn told(run: &Run) -> Restart {
    run.result().restart.unwrap()
}

fn count(counts: &[Count], words: &str) -> u64 {
    let matching = counts.iter().filter(|count| count.what.contains(words));
    matching.map(|count| count.count).sum()
}

/// Returns the path of the lobbies example: a lobbyd in which every room may be joined.
fn lobbies() -> PathBuf {
    built("examples/lobbies", ["--example", "lobbies"])
}

/// Returns the path of lobbyd's binary.
fn lobbyd() -> PathBuf {
    built("lobbyd", ["--bin", "lobbyd"])
}

/// Returns the built file at `path`. It is built here if needed, because `cargo test --test …`
/// alone does not build it.
fn built(path: &str, target: [&str; 2]) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.ancestors().nth(2).unwrap();
    let binary = profile.join(path);
    if !binary.exists() {
        build(profile, target);
    }
    binary
}

fn build(profile: &Path, target: [&str; 2]) {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.arg("build").args(target).arg("--manifest-path");
    cargo.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"));
    cargo.arg("--target-dir").arg(profile.parent().unwrap());
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    assert!(cargo.status().is_ok_and(|status| status.success()));
}

#[test]
fn restarted_lobbyd_has_all_clients_back() {
    let address = free();
    let spawn = format!("exec {} {address} 2", lobbies().display());
    let line =
        "--lobby 50 --lobbies 10 --members 2 --warmup 500ms --duration 500ms --lobby-rate 20";
    let run = restart(&spawn, address, line).ends_with(0);
    let run = run
        .says("70 clients were back")
        .says("the last one was back");
    run.keeps_to_the_schema();
    let restart = told(&run);
    assert_eq!((restart.clients, restart.back), (70, 70));
    assert_eq!(count(&restart.ends, "1012 (restart)"), 70);
    assert_eq!(restart.ended_how, "exit status: 0");
    assert!(restart.before.large.is_some() && restart.before.small.is_some());
    let times = [
        restart.ended_seconds,
        restart.answered_seconds,
        restart.back_seconds.half,
        restart.back_seconds.p90,
        restart.back_seconds.p99,
        restart.back_seconds.last,
    ];
    assert!(
        times.iter().all(Option::is_some) && times.is_sorted(),
        "{times:?}"
    );
    assert!(run.page().contains("Who was back when"));
    let measured = run.measurement();
    assert_eq!(
        (measured.connections.joined, measured.connections.refused),
        (70, vec![])
    );
    assert!(measured.deliveries.expected > 50 * 10);
}

/// Restarts lobbyd's binary, with a file in which every room may be joined, and with one lobby of
/// 50 clients and ten lobbies of two.
fn restart_of_the_binary(line: &str) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lobbyd.toml");
    let rooms = "[[room]]\ntopic = \"room:*\"\n[[room.event]]\nname = \"new_msg\"\n\
        [drain]\nwindow_ms = 500\n";
    std::fs::write(&file, rooms).unwrap();
    let address = free();
    let (binary, file) = (lobbyd(), file.display());
    let spawn = format!(
        "exec {} --config {file} --listen {address} --shards 2",
        binary.display()
    );
    let size =
        "--lobby 50 --lobbies 10 --members 2 --warmup 500ms --duration 500ms --lobby-rate 20";
    let run = restart(&spawn, address, &format!("{size} {line}")).ends_with(0);
    run.keeps_to_the_schema();
    let restart = told(&run);
    assert_eq!((restart.clients, restart.back), (70, 70), "{}", run.seen);
    assert_eq!(count(&restart.ends, "1012 (restart)"), 70, "{}", run.seen);
    assert_eq!(restart.ended_how, "exit status: 0");
    assert_eq!(run.measurement().connections.refused, vec![]);
    run
}

#[test]
fn restarted_binary_with_a_file_of_rooms_has_all_clients_back() {
    restart_of_the_binary("").says("70 clients were back");
}

#[test]
fn socket_that_both_binaries_inherit_has_clients_back_at_the_first_try() {
    let run = restart_of_the_binary("--inherit").says("70 clients were back");
    let restart = told(&run);
    assert!(restart.inherited);
    assert_eq!((restart.tries_max, restart.unanswered.len()), (1, 0));
}

/// There are 300 ms between the clients' end and the old server's end, which is time for two failed
/// tries and more.
#[test]
fn tries_while_nothing_listens_are_counted_and_are_no_refusals() {
    let run = restart_of(Passing::Well, "").ends_with(0);
    let restart = told(&run);
    let in_vain: u64 = restart.unanswered.iter().map(|each| each.count).sum();
    assert_eq!(restart.tries, in_vain + 8);
    assert!(restart.tries_max >= restart.tries_p50 && restart.tries_p50 >= 2);
    assert!(!run.seen.contains("refused of"), "{}", run.seen);
}

#[test]
fn clients_that_are_closed_with_1000_stay_away_and_the_run_fails_by_it() {
    let run = restart_of(Passing::SaysNormal, "").ends_with(1);
    let run = run.says("FAILED: 8 clients were closed with 1000 or told phx_close");
    assert_eq!((told(&run).stay_away, told(&run).back), (8, 0));
    assert_eq!(run.failures().len(), 1, "{}", run.seen);
    run.keeps_to_the_schema();
}

#[test]
fn clients_cut_off_without_a_close_frame_come_back_with_a_warning() {
    let run = restart_of(Passing::SaysNothing, "").ends_with(0);
    let run = run.says("Warning: 8 connections to the old server ended otherwise than with 1012");
    assert_eq!(count(&told(&run).ends, "1006"), 8);
}

#[test]
fn server_that_refuses_every_join_after_its_restart_has_no_client_back() {
    let run = restart_of(Passing::RefusesJoins, "--back-within 4s").ends_with(1);
    let run = run
        .says("FAILED: 8 of 8 clients were not back within 4s of the signal")
        .says("too many joins");
    // The clients keep their connections, and join again by the schedule of rejoins: at once, after
    // one second and after two more.
    let refused = count(&run.measurement().connections.refused, "too many joins");
    assert!((8..=3 * 8).contains(&refused), "{refused}");
    assert_eq!(run.measurement().connections.connected, 8);
}

#[test]
fn join_refused_once_is_sent_again_on_the_same_connection_and_counts() {
    let run = restart_of(Passing::RefusesOnce, "")
        .ends_with(1)
        .says("not now (1)");
    let restart = told(&run);
    assert_eq!(restart.back, 8);
    assert_eq!(run.measurement().connections.connected, 8);
    let [p90, last] = [restart.back_seconds.p90, restart.back_seconds.last].map(Option::unwrap);
    assert!(
        last >= restart.answered_seconds.unwrap() + 1.0,
        "{last} {p90}"
    );
}

#[test]
fn message_that_is_lost_after_the_restart_is_missing() {
    let line = "--lobby-rate 300 --rate 0.01";
    let run = restart_of(Passing::Drops, line).ends_with(1);
    let run = run.says("FAILED: 1 delivery missing");
    assert_eq!(told(&run).back, 8);
    assert_eq!(run.failures().len(), 1, "{}", run.seen);
}

#[test]
fn server_that_does_not_end_is_killed_and_the_run_fails_by_it() {
    let run = restart_of(Passing::Stays, "--end-within 1s").ends_with(1);
    let run = run.says("did not end within 1s of SIGTERM and was killed");
    assert_eq!(told(&run).back, 8);
}

#[test]
fn server_that_does_not_start_again_is_reported_with_its_output() {
    let run = restart_of(Passing::Dies, "").ends_with(1);
    run.says("the server that was started again has ended. It said: ")
        .says("no second life");
}

#[test]
fn listening_socket_that_both_servers_inherit_refuses_nobody() {
    let run = restart_of(Passing::Well, "--inherit").ends_with(0);
    let restart = told(&run);
    assert!(restart.inherited);
    assert_eq!((restart.back, restart.unanswered.len()), (8, 0));
    assert_eq!(
        restart.tries_max, 1,
        "the first try waits for the new server"
    );
}

#[test]
fn flags_that_make_no_sense_are_refused_before_anything_is_started() {
    let table = [
        ("--lobby 5", "--spawn is missing"),
        (
            "--spawn x --lobby-topic room:a",
            "--lobby-topic with {lobby}",
        ),
        ("--spawn x --lobby 5", "--publishers 10 in a --lobby of 5"),
    ];
    for (line, words) in table {
        let line: Vec<&str> = line.split(' ').collect();
        start(&[&["restart"], &line[..]].concat())
            .end()
            .ends_with(2)
            .says(words);
    }
}

#[test]
fn client_that_cannot_join_before_the_restart_ends_it_there() {
    let address = free();
    let spawn = format!("exec {} {address} 1", lobbies().display());
    let line = "--lobby 5 --publishers 1 --lobbies 3 --lobby-topic hall:{lobby}";
    let run = restart(&spawn, address, line).ends_with(3);
    run.says("cannot begin: 5 of 8 clients are in their lobbies")
        .says("--lobby-topic");
}
