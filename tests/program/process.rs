//! The real binary, with a listener handed to it as systemd would.

use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use crate::support::DEADLINE;

/// A lobbyd that runs. It is killed if its test fails.
pub struct Lobbyd {
    child: Child,
    /// Its one line on stdout.
    pub line: String,
}

/// How it ended.
pub struct Ended {
    pub code: Option<i32>,
    pub log: String,
}

/// A command that runs lobbyd with arguments of its own.
pub fn lobbyd() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lobbyd"));
    command.args(["--listen", "127.0.0.1:0", "--shards", "2"]);
    command
}

/// One that gets `handed_over` as descriptor 3, and is told so. The shell that does this becomes lobbyd.
pub fn lobbyd_with(handed_over: impl Into<OwnedFd>) -> Command {
    let mut command = lobbyd_in_a_shell("3<&0", handed_over);
    command.env("LISTEN_FDS", "1");
    command
}

/// One that gets `handed_over` as descriptors 3 and 4.
pub fn lobbyd_with_two(handed_over: impl Into<OwnedFd>) -> Command {
    let mut command = lobbyd_in_a_shell("3<&0 4<&0", handed_over);
    command.env("LISTEN_FDS", "2");
    command
}

fn lobbyd_in_a_shell(redirections: &str, stdin: impl Into<OwnedFd>) -> Command {
    let mut command = Command::new("sh");
    let script = "LISTEN_PID=$$ exec \"$0\" --listen 127.0.0.1:0 --shards 2";
    let script = format!("{script} {redirections} </dev/null");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_lobbyd")]);
    command.stdin(Stdio::from(stdin.into()));
    command
}

/// A listener as a service manager would hold it, and another handle to it.
pub fn held_listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address");
    (listener, address)
}

impl Lobbyd {
    /// Starts it, and waits until it listens.
    pub fn start(mut command: Command) -> Lobbyd {
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("text");
        Lobbyd { child, line }
    }

    /// Where it listens, by its own word.
    pub fn address(&self) -> SocketAddr {
        let (_, rest) = self.line.split_once("http://").expect("a URL");
        let (address, _) = rest.split_once('/').expect("a path");
        address.parse().expect("an address")
    }

    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let killed = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(killed.expect("kill runs").success());
    }

    /// Waits until it has ended.
    pub fn ended(mut self) -> Ended {
        let start = Instant::now();
        let mut log = String::new();
        let mut stderr = self.child.stderr.take().expect("a pipe");
        let read = std::thread::spawn(move || stderr.read_to_string(&mut log).map(|_| log));
        while self.child.try_wait().expect("a child").is_none() {
            assert!(start.elapsed() < 2 * DEADLINE, "it does not end");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        let code = self.child.wait().expect("a child").code();
        let log = read.join().expect("no panic").expect("text");
        Ended { code, log }
    }
}

impl Drop for Lobbyd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
