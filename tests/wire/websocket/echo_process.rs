//! The echo example as a separate process.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use testkit::Process;

/// Starts the example on a free port, with `args` in addition.
pub fn start(args: &[&str]) -> Process {
    let mut command = command();
    command.args(["--listen", "127.0.0.1:0"]).args(args);
    Process::start(command)
}

/// Returns the command that runs the example, without arguments.
pub fn command() -> Command {
    Command::new(binary())
}

/// Returns the path of the example next to this test's directory. It is built here if needed,
/// because `cargo test --test …` alone does not build examples.
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
