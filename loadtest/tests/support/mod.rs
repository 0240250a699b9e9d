//! Runs of the real binary with a deadline, and their output and results.

#![allow(dead_code, reason = "each test file uses its part")]

pub mod rooms;

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use lobbyd_loadtest::result::{Measurement, RunResult, Severity};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// Longest time of a run, far more than any run of these tests needs.
const RUN_TIME_MAX: Duration = Duration::from_secs(60);

/// A run that was started.
pub struct Started {
    child: Child,
    folder: TempDir,
}

/// A run that has ended.
pub struct Run {
    pub status: Option<i32>,
    /// The text of stdout and stderr.
    pub seen: String,
    folder: TempDir,
}

/// Starts the binary. `{json}` and `{html}` in an argument are files of the run.
pub fn start(arguments: &[&str]) -> Started {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let arguments = arguments.iter().map(|argument| {
        argument
            .replace("{json}", &path("result.json"))
            .replace("{html}", &path("page.html"))
    });
    let seen = File::create(folder.path().join("seen")).unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_lobbyd-loadtest"))
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(seen.try_clone().unwrap())
        .stderr(seen)
        .spawn()
        .unwrap();
    Started { child, folder }
}

/// Runs the binary to its end.
pub fn run(arguments: &[&str]) -> Run {
    start(arguments).end()
}

/// Starts the binary against the server at `url`, with the words of `line` and a JSON file.
pub fn start_at(url: &str, line: &str) -> Started {
    let words: Vec<&str> = line.split_whitespace().collect();
    let rest = ["--url", url, "--json", "{json}"];
    start(&[&words[..], &rest].concat())
}

/// Runs the binary to its end against the server at `url`, with the words of `line` and a JSON
/// file.
pub fn run_at(url: &str, line: &str) -> Run {
    start_at(url, line).end()
}

impl Started {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.pid() as i32).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Returns the output of the run until now.
    pub fn seen(&self) -> String {
        fs::read_to_string(self.folder.path().join("seen")).unwrap()
    }

    /// Waits until the output contains `words`.
    pub fn until_seen(&mut self, words: &str) {
        let deadline = Instant::now() + RUN_TIME_MAX;
        while !self.seen().contains(words) {
            assert!(
                Instant::now() < deadline,
                "{words:?} did not come:\n{}",
                self.seen()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub fn end(mut self) -> Run {
        let deadline = Instant::now() + RUN_TIME_MAX;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status.code();
            }
            if Instant::now() > deadline {
                self.child.kill().unwrap();
                self.child.wait().unwrap();
                panic!(
                    "the run did not end within {RUN_TIME_MAX:?}:\n{}",
                    self.seen()
                );
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        Run {
            status,
            seen: self.seen(),
            folder: self.folder,
        }
    }
}

impl Run {
    #[track_caller]
    pub fn ends_with(self, status: i32) -> Run {
        assert_eq!(self.status, Some(status), "{}", self.seen);
        self
    }

    #[track_caller]
    pub fn says(self, words: &str) -> Run {
        let joined = self.seen.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(joined.contains(words), "{words:?} is not in\n{}", self.seen);
        self
    }

    pub fn json(&self) -> PathBuf {
        self.folder.path().join("result.json")
    }

    pub fn page(&self) -> String {
        fs::read_to_string(self.folder.path().join("page.html")).unwrap()
    }

    pub fn result(&self) -> RunResult {
        let text = fs::read_to_string(self.json())
            .unwrap_or_else(|error| panic!("{error}\n{}", self.seen));
        serde_json::from_str(&text).unwrap()
    }

    /// Returns the failures of the run.
    pub fn failures(&self) -> Vec<String> {
        self.problems(Severity::Failure)
    }

    pub fn warnings(&self) -> Vec<String> {
        self.problems(Severity::Warning)
    }

    fn problems(&self, severity: Severity) -> Vec<String> {
        let mut problems = self.result().problems;
        problems.retain(|problem| problem.severity == severity);
        problems.into_iter().map(|problem| problem.text).collect()
    }

    /// Asserts that the JSON file conforms to loadtest/schema.json.
    #[track_caller]
    pub fn keeps_to_the_schema(&self) {
        let schema = include_str!("../../schema.json");
        let schema: serde_json::Value = serde_json::from_str(schema).unwrap();
        let result = fs::read_to_string(self.json()).unwrap();
        let result: serde_json::Value = serde_json::from_str(&result).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let errors = validator.iter_errors(&result);
        let errors: Vec<String> = errors.map(|error| error.to_string()).collect();
        assert_eq!(errors, [""; 0], "{}", self.seen);
    }

    /// Returns the only measurement of the run.
    pub fn measurement(&self) -> Measurement {
        let mut measurements = self.result().measurements;
        assert_eq!(measurements.len(), 1, "{}", self.seen);
        measurements.remove(0)
    }
}
