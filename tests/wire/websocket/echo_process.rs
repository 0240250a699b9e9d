//! The echo example as a process of its own.

use std::env;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A running echo server; killed when dropped.
pub struct EchoProcess {
    child: Child,
    pub address: SocketAddr,
}

impl EchoProcess {
    /// Starts it on a free port with `args` besides, and takes the address from its start line.
    pub fn start(args: &[&str]) -> Self {
        let mut child = command()
            .args(["--listen", "127.0.0.1:0"])
            .args(args)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the echo example starts");
        let mut line = String::new();
        let stdout = child.stdout.as_mut().expect("stdout is piped");
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("the echo example says where it listens");
        let url = line.split_whitespace().find(|w| w.starts_with("ws://"));
        let address = url.and_then(|url| {
            url.trim_start_matches("ws://")
                .trim_end_matches('/')
                .parse()
                .ok()
        });
        Self {
            child,
            address: address.unwrap_or_else(|| panic!("no ws:// URL in {line:?}")),
        }
    }
}

impl Drop for EchoProcess {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The example, with no arguments yet.
pub fn command() -> Command {
    Command::new(binary())
}

/// Where cargo puts examples: beside the directory of this test. `cargo test --test …` alone does not build them.
fn binary() -> PathBuf {
    let test = env::current_exe().expect("the test knows its own path");
    let profile = test.ancestors().nth(2).expect("target/<profile>/deps/test");
    let binary = profile
        .join("examples/echo")
        .with_extension(env::consts::EXE_EXTENSION);
    if !binary.exists() {
        build(profile);
    }
    binary
}

fn build(profile: &Path) {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--example", "echo", "--manifest-path"]);
    cargo.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
    cargo
        .arg("--target-dir")
        .arg(profile.parent().expect("a target directory"));
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    assert!(
        cargo.status().is_ok_and(|s| s.success()),
        "the echo example builds"
    );
}
