//! The real binary, with a listener handed over as systemd does.

use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};

/// Returns a command that runs lobbyd with arguments of its own.
pub fn lobbyd() -> Command {
    let mut command = testkit::lobbyd!();
    command.args(["--listen", "127.0.0.1:0", "--shards", "2"]);
    command
}

/// Returns a command that gets `handed_over` as descriptor 3, with LISTEN_FDS. The shell that hands
/// it over becomes lobbyd.
pub fn lobbyd_with(handed_over: impl Into<OwnedFd>) -> Command {
    let mut command = lobbyd_in_a_shell("3<&0", handed_over);
    command.env("LISTEN_FDS", "1");
    command
}

/// Returns a command that gets `handed_over` as descriptors 3 and 4.
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

/// Returns a listener as a service manager holds it, and its address.
pub fn held_listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address");
    (listener, address)
}
