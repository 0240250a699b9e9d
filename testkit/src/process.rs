//! A server as a child of the test: lobbyd's binary, or an example that prints its URL first.
//!
//! Only test binaries know the path of lobbyd's binary, so their commands begin with `lobbyd!()`.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::client::request;
use crate::deadline::{DEADLINE, eventually};

/// The command that runs lobbyd, without arguments.
#[macro_export]
macro_rules! lobbyd {
    () => {
        ::std::process::Command::new(env!("CARGO_BIN_EXE_lobbyd"))
    };
}

/// A running server, which is killed when this value is dropped.
pub struct Process {
    child: Child,
    /// The first line of the server on stdout.
    pub line: String,
    stdout: BufReader<ChildStdout>,
    log: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

/// Returns a terminal, and the side of it that a process may have as its stdin. No process gets a
/// signal from it, because it controls none.
pub fn terminal() -> (OwnedFd, OwnedFd) {
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
    grantpt(&terminal).expect("it is ours");
    unlockpt(&terminal).expect("it is ours");
    let name = ptsname(&terminal, Vec::new()).expect("its name");
    let flags = OFlags::RDWR | OFlags::NOCTTY;
    let side = rustix::fs::open(name, flags, Mode::empty()).expect("its other side");
    (terminal, side)
}

/// The end of a server's process.
pub struct Ended {
    /// The exit code, unless a signal ended the process.
    pub code: Option<i32>,
    /// The text on stdout after the first line.
    pub stdout: String,
    /// The whole text on stderr.
    pub log: String,
}

impl Process {
    /// Starts a server, and waits for its first line, which it writes once it listens.
    pub fn start(mut command: Command) -> Process {
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let log = Arc::default();
        let (stderr, lines) = (child.stderr.take().expect("a pipe"), Arc::clone(&log));
        let reader = std::thread::spawn(move || collect(stderr, &lines));
        let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("text");
        Process {
            child,
            line,
            stdout,
            log,
            reader: Some(reader),
        }
    }

    /// Returns the address in the server's first line.
    pub fn address(&self) -> SocketAddr {
        let url = self.line.split_once("://");
        let address = url.and_then(|(_, rest)| rest.split('/').next()?.parse().ok());
        address.unwrap_or_else(|| panic!("no URL in {:?}; {}", self.line, self.log()))
    }

    /// Sends `TERM`, `INT`, `HUP`, `STOP` or `CONT` to the server.
    pub fn signal(&self, name: &str) {
        let signal = match name {
            "TERM" => Signal::TERM,
            "INT" => Signal::INT,
            "HUP" => Signal::HUP,
            "STOP" => Signal::STOP,
            "CONT" => Signal::CONT,
            _ => panic!("no signal {name} here"),
        };
        kill_process(Pid::from_child(&self.child), signal).expect("it runs");
    }

    /// True if the server still runs.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().expect("a child").is_none()
    }

    /// Waits until the server has ended.
    pub fn ended(mut self) -> Ended {
        let start = Instant::now();
        while self.runs() {
            assert!(
                start.elapsed() < 2 * DEADLINE,
                "it does not end: {}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
        self.collected()
    }

    /// Kills the server.
    pub fn killed(mut self) -> Ended {
        self.child.kill().expect("it runs");
        self.collected()
    }

    fn collected(&mut self) -> Ended {
        let code = self.child.wait().expect("a child").code();
        let reader = self.reader.take().expect("ended once");
        reader.join().expect("no panic");
        let mut stdout = String::new();
        self.stdout.read_to_string(&mut stdout).expect("text");
        Ended {
            code,
            stdout,
            log: self.log(),
        }
    }
}

/// Checks of the log and the metrics of a running server.
impl Process {
    /// Returns the text of the log until now.
    pub fn log(&self) -> String {
        self.log
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Waits for a line of the log with all of `parts`.
    pub fn logs(&self, parts: &[&str]) {
        eventually(&format!("{parts:?} is logged"), || {
            self.lines_with(parts) > 0
        });
    }

    /// Makes the server read its file again, and waits for another line with `parts`.
    pub fn reload(&self, parts: &[&str]) {
        let before = self.lines_with(parts);
        self.signal("HUP");
        eventually(&format!("{parts:?} is logged again"), || {
            self.lines_with(parts) > before
        });
    }

    fn lines_with(&self, parts: &[&str]) -> usize {
        let is_it = |line: &&str| parts.iter().all(|part| line.contains(part));
        self.log().lines().filter(is_it).count()
    }

    /// Returns the value of a sample at `/metrics`. `sample` is its name with its labels.
    pub fn metric(&self, sample: &str) -> u64 {
        metric(self.address(), sample)
    }

    /// Waits until a sample at `/metrics` has `value`.
    pub fn shows(&self, sample: &str, value: u64) {
        eventually(&format!("{sample} is {value}"), || {
            self.metric(sample) == value
        });
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The process may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the value of a sample at `/metrics` of the listener at `address`.
pub fn metric(address: SocketAddr, sample: &str) -> u64 {
    let page = request(
        address,
        "GET /metrics HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    );
    let value = page
        .lines()
        .find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
    let value = value.unwrap_or_else(|| panic!("no {sample} in {page}"));
    value.parse().expect(value)
}

/// Adds each line of stderr to the log when it arrives.
fn collect(stderr: ChildStderr, log: &Mutex<String>) {
    let mut stderr = BufReader::new(stderr);
    let mut line = Vec::new();
    while stderr
        .read_until(b'\n', &mut line)
        .is_ok_and(|read| read > 0)
    {
        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
        log.push_str(&String::from_utf8_lossy(&line));
        line.clear();
    }
}
