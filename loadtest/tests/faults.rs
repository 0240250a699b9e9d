//! Each fault of a server is reported for what it is, and for nothing else: the binary against small servers that do one
//! thing wrong.

mod misbehaving;

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use lobbyd_loadtest::result::{Count, Deliveries, Ended, Measurement, RunResult, Severity};
use misbehaving::{Fault, Misbehaving};

/// Longest time of a run. It asks for 3 s of load and 1 s to settle.
const RUN_TIME_MAX: Duration = Duration::from_secs(40);

const FORBIDDEN: &str = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
const NOT_FOUND: &str = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
const A_PAGE: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n\
    <html>hi</html>";

/// What came of a run.
struct Run {
    status: Option<i32>,
    result: RunResult,
    /// What a person saw, both outputs.
    seen: String,
}

/// Four clients, one publisher, 200 messages a second for three seconds.
fn run_against(fault: Fault) -> Run {
    let server = Misbehaving::start(fault);
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("result.json");
    let seen = folder.path().join("seen");
    let status = run(server.address.to_string(), &json, &seen);
    let text = |path| {
        let mut text = String::new();
        let read = File::open(path).and_then(|mut file: File| file.read_to_string(&mut text));
        read.map(|_| text)
    };
    let seen = text(&seen).unwrap();
    let json = text(&json).unwrap_or_else(|error| panic!("no result: {error}\n{seen}"));
    Run {
        status,
        result: serde_json::from_str(&json).unwrap(),
        seen,
    }
}

fn run(address: String, json: &Path, seen: &Path) -> Option<i32> {
    let seen = File::create(seen).unwrap();
    let url = format!("ws://{address}/socket/websocket");
    let mut child = Command::new(env!("CARGO_BIN_EXE_lobbyd-loadtest"))
        .args(["fanout", "--url", &url, "--clients", "4", "--rate", "200"])
        .args(["--warmup", "0s", "--duration", "3s", "--settle", "1s"])
        .arg("--json")
        .arg(json)
        .stdin(Stdio::null())
        .stdout(seen.try_clone().unwrap())
        .stderr(seen)
        .spawn()
        .unwrap();
    let deadline = Instant::now() + RUN_TIME_MAX;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("the run did not end within {RUN_TIME_MAX:?}");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

impl Run {
    fn only(&self) -> &Measurement {
        let [only] = &self.result.measurements[..] else {
            panic!("not one measurement: {:?}\n{}", self.result, self.seen);
        };
        only
    }

    /// What was delivered, with the numbers that every whole run has in common set to nothing.
    fn wrong(&self) -> Deliveries {
        let deliveries = self.only().deliveries.clone();
        assert!(
            (590..=610).contains(&deliveries.published),
            "{deliveries:?}"
        );
        assert_eq!(deliveries.expected, 4 * deliveries.published);
        assert_eq!(
            deliveries.received + deliveries.missing,
            deliveries.expected
        );
        Deliveries {
            published: 0,
            expected: 0,
            received: 0,
            ..deliveries
        }
    }

    /// The run has failed, its result and its exit status say so, and a person reads `words` before any figure.
    #[track_caller]
    fn fails_loudly(&self, status: i32, words: &[&str]) {
        assert_eq!(self.status, Some(status), "{}", self.seen);
        assert!(!self.result.held);
        let worst = self.result.problems.first();
        let worst = worst.unwrap_or_else(|| panic!("no problem is told:\n{}", self.seen));
        assert_eq!(worst.severity, Severity::Failure);
        let told = worst.text.to_lowercase();
        let seen = self.seen.to_lowercase();
        for word in words {
            assert!(told.contains(word), "{word:?} is not in {told:?}");
            assert!(
                seen.contains(word),
                "{word:?} is not in what is seen:\n{seen}"
            );
        }
    }
}

fn count(counts: &[Count], words: &str) -> u64 {
    let matching = counts.iter().filter(|count| count.what.contains(words));
    matching.map(|count| count.count).sum()
}

#[test]
fn a_server_that_uses_all_that_websocket_allows_has_no_fault() {
    let run = run_against(Fault::None);
    assert_eq!(run.wrong(), Deliveries::default(), "{}", run.seen);
    assert_eq!(run.status, Some(0), "{}", run.seen);
    assert!(run.result.held);
    assert_eq!(run.result.ended, Ended::Complete);
    let failure = |severity| severity == Severity::Failure;
    assert!(
        !run.result
            .problems
            .iter()
            .any(|problem| failure(problem.severity))
    );
    assert_eq!(run.only().connections.joined, 4);
    assert_eq!(run.only().connections.lost, []);
}

#[test]
fn a_message_that_one_subscriber_does_not_get_is_missing() {
    let run = run_against(Fault::Drops);
    let one_missing = Deliveries {
        missing: 1,
        ..Deliveries::default()
    };
    assert_eq!(run.wrong(), one_missing);
    run.fails_loudly(1, &["1", "missing"]);
}

#[test]
fn a_message_that_one_subscriber_gets_twice_is_duplicated() {
    let run = run_against(Fault::DeliversTwice);
    let one_twice = Deliveries {
        duplicated: 1,
        ..Deliveries::default()
    };
    assert_eq!(run.wrong(), one_twice);
    run.fails_loudly(1, &["1", "duplicate"]);
}

#[test]
fn two_messages_that_one_subscriber_gets_in_turned_order_are_out_of_order() {
    let run = run_against(Fault::Swaps);
    let one_late = Deliveries {
        out_of_order: 1,
        ..Deliveries::default()
    };
    assert_eq!(run.wrong(), one_late);
    run.fails_loudly(1, &["1", "order"]);
}

#[test]
fn a_text_that_one_subscriber_gets_otherwise_is_altered() {
    let run = run_against(Fault::Alters);
    let one_altered = Deliveries {
        altered: 1,
        ..Deliveries::default()
    };
    assert_eq!(run.wrong(), one_altered);
    run.fails_loudly(1, &["1", "altered"]);
}

/// A third of the messages were due during the stall, and are late by up to a second. Counted from when they were sent,
/// only those in the socket's buffers would be.
#[test]
fn a_stall_of_a_second_shows_in_the_delay_from_the_intended_time() {
    let run = run_against(Fault::Stalls);
    assert_eq!(run.wrong(), Deliveries::default(), "{}", run.seen);
    assert_eq!(run.status, Some(0), "{}", run.seen);
    let measurement = run.only();
    for latency in [&measurement.delivery_latency, &measurement.last_subscriber] {
        let latency = latency.as_ref().unwrap();
        assert!(
            (900_000..1_500_000).contains(&latency.p99_us),
            "{latency:?}"
        );
        assert!(latency.p50_us < 200_000, "{latency:?}");
        let late = latency
            .distribution
            .iter()
            .filter(|bin| bin.up_to_us > 200_000);
        let late: u64 = late.map(|bin| bin.count).sum();
        let share = late as f64 / latency.count as f64;
        assert!((0.2..0.35).contains(&share), "{share} of all are late");
    }
}

#[test]
fn a_join_that_is_refused_is_told_with_its_reason() {
    let run = run_against(Fault::RefusesJoins);
    run.fails_loudly(3, &["join", "authorized"]);
    assert_eq!(run.result.ended, Ended::NotStarted);
    let connections = &run.only().connections;
    assert_eq!((connections.connected, connections.joined), (4, 0));
    assert_eq!(count(&connections.refused, "authorized"), 4);
}

#[test]
fn an_upgrade_that_is_answered_otherwise_is_told_with_its_answer() {
    for (answer, words) in [
        (FORBIDDEN, "HTTP 403"),
        (NOT_FOUND, "HTTP 404"),
        (A_PAGE, "HTTP 200"),
    ] {
        let run = run_against(Fault::Answers(answer));
        run.fails_loudly(3, &[&words.to_lowercase()]);
        assert_eq!(run.result.ended, Ended::NotStarted);
        let connections = &run.only().connections;
        assert_eq!((connections.connected, connections.joined), (0, 0));
        assert_eq!(count(&connections.refused, words), 4);
    }
}

#[test]
fn a_server_that_resets_everybody_is_lost_and_what_was_measured_is_kept() {
    let run = run_against(Fault::ResetsAll);
    run.fails_loudly(1, &["lost"]);
    assert_eq!(run.result.ended, Ended::ServerLost);
    let measurement = run.only();
    assert_eq!(count(&measurement.connections.lost, ""), 4);
    assert!(measurement.deliveries.received >= 4 * misbehaving::AT);
    assert!(measurement.delivery_latency.is_some());
}

#[test]
fn a_subscriber_that_is_closed_is_lost_by_its_code_and_misses_the_rest() {
    let run = run_against(Fault::ClosesOne);
    run.fails_loudly(1, &["1013"]);
    let measurement = run.only();
    let wrong = run.wrong();
    assert_eq!(count(&measurement.connections.lost, "1013"), 1);
    assert_eq!(count(&measurement.connections.closes, "1013"), 1);
    let due = measurement.deliveries.published - misbehaving::AT;
    let expected = Deliveries {
        missing: due,
        ..Deliveries::default()
    };
    assert_eq!(wrong, expected);
}

#[test]
fn pushes_that_are_refused_are_told_by_reason_and_not_as_missing() {
    let run = run_against(Fault::RefusesPushes);
    run.fails_loudly(1, &["slow down"]);
    let measurement = run.only();
    let published = measurement.deliveries.published;
    assert_eq!(count(&measurement.replies.error, "slow down"), published);
    assert_eq!(measurement.deliveries.missing, 0);
    assert_eq!(measurement.deliveries.received, 0);
}
