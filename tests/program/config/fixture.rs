//! The real binary, in a folder of its own, with an environment of its own.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use lobbyd::config::{Config, Given};

use crate::support::{eventually, request};

/// A folder where a file `lobbyd.toml` may stand. Gone with the value.
pub struct Folder(PathBuf);

impl Folder {
    /// Of a test by that name.
    pub fn of(test: &str) -> Folder {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    /// With `lobbyd.toml` like this.
    pub fn with(self, file: &str) -> Folder {
        self.write(file);
        self
    }

    /// What it says, as the program reads it.
    pub fn config(&self) -> Config {
        let given = Given {
            file: Some(self.0.join("lobbyd.toml")),
            ..Given::default()
        };
        given.read().unwrap().config
    }

    /// Writes `lobbyd.toml`.
    pub fn write(&self, file: &str) {
        fs::write(self.0.join("lobbyd.toml"), file).unwrap();
    }

    /// The program with these arguments, and nothing in its environment.
    pub fn lobbyd(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lobbyd"));
        command.args(arguments).env_clear().current_dir(&self.0);
        command
    }

    /// Runs it to its end: exit code, stdout, stderr.
    pub fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        ended(&mut self.lobbyd(arguments))
    }

    /// Serves with `lobbyd.toml` on a free port.
    pub fn serve(&self, arguments: &[&str]) -> Served {
        self.serve_by(self.serving(arguments))
    }

    /// The program as [`serve`](Folder::serve) runs it.
    pub fn serving(&self, arguments: &[&str]) -> Command {
        let always = ["--config", "lobbyd.toml", "--listen", "127.0.0.1:0"];
        self.lobbyd(&[&always[..], arguments].concat())
    }

    /// The same, with the program behind `exec` in a shell's line, and what the shell has as its input as descriptor 3.
    pub fn in_a_shell(&self, exec: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        let script =
            format!("{exec} \"$0\" --config lobbyd.toml --listen 127.0.0.1:0 3<&0 </dev/null");
        command.args(["-c", &script, env!("CARGO_BIN_EXE_lobbyd")]);
        command.env_clear().current_dir(&self.0);
        command
    }

    /// Serves by such a command.
    pub fn serve_by(&self, mut command: Command) -> Served {
        let log = self.0.join("log");
        command
            .stdout(Stdio::piped())
            .stderr(File::create(&log).unwrap());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let address = line
            .split("http://")
            .nth(1)
            .and_then(|rest| rest.split('/').next());
        let address = address.and_then(|address| address.parse().ok());
        let log_text = || fs::read_to_string(&log).unwrap();
        let address = address.unwrap_or_else(|| panic!("{line:?} {}", log_text()));
        Served {
            child,
            address,
            log,
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What the listener at `address` shows of a sample, at `/metrics`.
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

pub fn ended(command: &mut Command) -> (i32, String, String) {
    let output = command.output().expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let code = output.status.code().expect("no signal ended it");
    (code, text(output.stdout), text(output.stderr))
}

/// A running server, killed at the end.
pub struct Served {
    child: Child,
    pub address: SocketAddr,
    log: PathBuf,
}

impl Served {
    /// What is in its log by now.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// Waits for a line with all of `parts`.
    pub fn logs(&self, parts: &[&str]) {
        let is_it = |line: &str| parts.iter().all(|part| line.contains(part));
        eventually(&format!("{parts:?} is logged"), || {
            self.log().lines().any(is_it)
        });
    }

    /// Waits until it has read its file again: the line with `parts` is logged once more.
    pub fn reload(&self, parts: &[&str]) {
        let is_it = |line: &str| parts.iter().all(|part| line.contains(part));
        let lines = || self.log().lines().filter(|line| is_it(line)).count();
        let before = lines();
        self.signal("HUP");
        eventually(&format!("{parts:?} is logged again"), || lines() > before);
    }

    /// What `/metrics` says of a sample by its name with its labels.
    pub fn metric(&self, sample: &str) -> u64 {
        metric(self.address, sample)
    }

    /// Waits until `/metrics` says so.
    pub fn shows(&self, sample: &str, value: u64) {
        eventually(&format!("{sample} is {value}"), || {
            self.metric(sample) == value
        });
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        let killed = Command::new("kill").args(["-s", signal, &pid]).status();
        assert!(killed.unwrap().success());
    }

    /// Waits for its end, and returns its exit code.
    pub fn end(&mut self) -> Option<i32> {
        eventually("it ends", || !self.runs());
        self.child.wait().unwrap().code()
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
