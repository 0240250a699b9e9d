//! The binary against small servers that do one thing wrong each.
//!
//! Each fault of a server must be reported as that fault, and as nothing else.

mod misbehaving;

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use lobbyd_loadtest::result::{Count, Deliveries, Ended, Measurement, RunResult, Severity};
use misbehaving::{Fault, Misbehaving};

/// Longest time of a run, which has 3 s of load and at most 1 s to settle.
const RUN_TIME_MAX: Duration = Duration::from_secs(40);

const STALL: Duration = Duration::from_secs(1);
const REFUSES_JOINS: Fault = Fault::RefusesJoins {
    but: 0,
    reason: "authorized",
};
const FORBIDDEN: &str = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
const NOT_FOUND: &str = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
const A_PAGE: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n\
    <html>hi</html>";

/// A run that has ended.
struct Run {
    status: Option<i32>,
    /// Stdout and stderr, as a person sees them.
    seen: String,
    /// The text of the JSON file.
    json: String,
}

/// A run that has measured, with its result.
struct Measured {
    run: Run,
    result: RunResult,
}

/// Runs four clients, with one publisher and 200 messages a second for three seconds.
fn run_against(fault: Fault) -> Run {
    let server = Misbehaving::start(fault);
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("result.json");
    let seen = folder.path().join("seen");
    let status = run(server.address.to_string(), &json, &seen);
    Run {
        status,
        seen: fs::read_to_string(seen).unwrap(),
        json: fs::read_to_string(json).unwrap_or_default(),
    }
}

fn measured_against(fault: Fault) -> Measured {
    let run = run_against(fault);
    let result = serde_json::from_str(&run.json);
    let result = result.unwrap_or_else(|error| panic!("no result: {error}\n{}", run.seen));
    Measured { run, result }
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
    /// Asserts that the run could not begin. A person reads the reason, and the file has the same.
    #[track_caller]
    fn cannot_begin(&self, words: &[&str]) {
        assert_eq!(self.status, Some(3), "{}", self.seen);
        let result: RunResult = serde_json::from_str(&self.json).unwrap();
        assert_eq!(result.ended, Ended::NotStarted);
        assert!(!result.held);
        let [problem] = &result.problems[..] else {
            panic!("not one problem: {:?}", result.problems);
        };
        let seen = self.seen.split_whitespace().collect::<Vec<_>>().join(" ");
        for word in words {
            assert!(seen.contains(word), "{word:?} is not in {seen:?}");
            assert!(
                problem.text.contains(word),
                "{word:?} is not in {problem:?}"
            );
        }
    }
}

impl Measured {
    fn only(&self) -> &Measurement {
        let [only] = &self.result.measurements[..] else {
            panic!("not one measurement: {:?}\n{}", self.result, self.run.seen);
        };
        only
    }

    /// Returns the counts of faults in the deliveries. Numbers that every complete run has are set
    /// to zero.
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

    /// Asserts that nothing is wrong, and that no fault is reported.
    #[track_caller]
    fn holds(&self) {
        assert_eq!(self.run.status, Some(0), "{}", self.run.seen);
        assert!(self.result.held);
        assert_eq!(self.result.ended, Ended::Complete);
        assert_eq!(self.failures(), [""; 0]);
        assert_eq!(self.wrong(), Deliveries::default());
    }

    /// Asserts that the run failed with exactly one failure for each of `words`. A person reads the
    /// failures before any figure.
    #[track_caller]
    fn fails_by(&self, words: &[&str]) {
        let Measured { run, result } = self;
        assert_eq!(run.status, Some(1), "{}", run.seen);
        assert!(!result.held);
        let failures = self.failures();
        assert_eq!(failures.len(), words.len(), "{failures:?}");
        for word in words {
            let tells = |failure: &&str| failure.contains(word);
            assert!(
                failures.iter().any(tells),
                "{word:?} is not in {failures:?}"
            );
        }
        let figures = run.seen.find('─').unwrap_or(usize::MAX);
        let last = run.seen.rfind("FAILED: ");
        assert!(last.is_some_and(|last| last < figures), "{}", run.seen);
    }

    /// Returns the failures. Unsent messages are left out if all connections were lost, because it
    /// depends on the machine whether a message is due at that moment.
    fn failures(&self) -> Vec<&str> {
        let problems = self.result.problems.iter();
        let failures = problems.filter(|problem| problem.severity == Severity::Failure);
        let texts = failures.map(|failure| failure.text.as_str());
        let lost = self.result.ended == Ended::ServerLost;
        texts
            .filter(|text| !(lost && text.contains("due but not sent")))
            .collect()
    }
}

fn count(counts: &[Count], words: &str) -> u64 {
    let matching = counts.iter().filter(|count| count.what.contains(words));
    matching.map(|count| count.count).sum()
}

#[test]
fn server_that_uses_all_that_websocket_allows_has_no_fault() {
    let run = measured_against(Fault::None);
    run.holds();
    assert_eq!(run.only().connections.joined, 4);
    assert_eq!(run.only().connections.lost, []);
}

#[test]
fn message_that_one_subscriber_does_not_get_is_missing() {
    let run = measured_against(Fault::Drops);
    let one_missing = Deliveries {
        missing: 1,
        ..Deliveries::default()
    };
    assert_eq!(run.wrong(), one_missing);
    run.fails_by(&["delivery missing"]);
}

#[test]
fn message_that_one_subscriber_gets_twice_is_duplicated() {
    let run = measured_against(Fault::DeliversTwice);
    let one_twice = Deliveries {
        duplicated: 1,
        ..Deliveries::default()
    };
    assert_eq!(run.wrong(), one_twice);
    run.fails_by(&["1 delivery duplicated"]);
}

#[test]
fn two_messages_that_one_subscriber_gets_swapped_are_out_of_order() {
    let run = measured_against(Fault::Swaps);
    let one_late = Deliveries {
        out_of_order: 1,
        ..Deliveries::default()
    };
    assert_eq!(run.wrong(), one_late);
    run.fails_by(&["1 delivery out of order"]);
}

#[test]
fn text_that_one_subscriber_gets_changed_is_altered() {
    let run = measured_against(Fault::Alters);
    let one_altered = Deliveries {
        altered: 1,
        ..Deliveries::default()
    };
    assert_eq!(run.wrong(), one_altered);
    run.fails_by(&["1 delivery altered"]);
}

/// A third of the messages are due during the stall, and are up to a second late. Delays counted
/// from the actual sending would show no message late.
#[test]
fn stall_of_a_second_shows_in_the_delay_from_the_intended_time() {
    let run = measured_against(Fault::Stalls(STALL));
    run.holds();
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
        assert!((0.2..0.4).contains(&share), "{share} of all are late");
    }
}

#[test]
fn join_that_is_refused_is_reported_with_its_reason() {
    run_against(REFUSES_JOINS).cannot_begin(&["join", "authorized", "--topic"]);
}

#[test]
fn upgrade_that_is_refused_is_reported_with_the_servers_answer() {
    run_against(Fault::Answers(FORBIDDEN)).cannot_begin(&["HTTP 403 Forbidden", "--param"]);
    run_against(Fault::Answers(NOT_FOUND))
        .cannot_begin(&["HTTP 404 Not Found", "/socket/websocket"]);
    run_against(Fault::Answers(A_PAGE)).cannot_begin(&["HTTP 200 OK", "not with a WebSocket"]);
}

#[test]
fn server_that_resets_everybody_is_lost_and_what_was_measured_is_kept() {
    let run = measured_against(Fault::ResetsAll);
    run.fails_by(&[
        "deliveries missing",
        "4 connections lost of 4",
        "the server went away",
    ]);
    assert_eq!(run.result.ended, Ended::ServerLost);
    let measurement = run.only();
    assert_eq!(count(&measurement.connections.lost, ""), 4);
    assert!(measurement.deliveries.received >= 4 * misbehaving::AT);
    assert!(measurement.delivery_latency.is_some());
}

#[test]
fn subscriber_that_is_closed_is_lost_by_its_code_and_misses_the_rest() {
    let run = measured_against(Fault::ClosesOne);
    run.fails_by(&["deliveries missing", "1 connection lost of 4: 1013"]);
    let measurement = run.only();
    assert_eq!(count(&measurement.connections.lost, "1013"), 1);
    assert_eq!(count(&measurement.connections.closes, "1013"), 1);
    let the_rest = Deliveries {
        missing: measurement.deliveries.published - misbehaving::AT,
        ..Deliveries::default()
    };
    assert_eq!(run.wrong(), the_rest);
}

#[test]
fn pushes_that_are_refused_are_counted_by_reason_and_not_as_missing() {
    let run = measured_against(Fault::RefusesPushes);
    run.fails_by(&["pushes answered with an error: slow down"]);
    let measurement = run.only();
    let published = measurement.deliveries.published;
    assert_eq!(count(&measurement.replies.error, "slow down"), published);
    assert_eq!(measurement.deliveries.missing, 0);
    assert_eq!(measurement.deliveries.received, 0);
}

#[test]
fn failure_is_shown_once_on_the_terminal() {
    let run = measured_against(Fault::Drops).run;
    assert_eq!(run.seen.matches("FAILED: ").count(), 1, "{}", run.seen);
}
