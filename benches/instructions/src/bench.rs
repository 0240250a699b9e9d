//! The run of the benches under valgrind, built like the release binary.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use thiserror::Error;

use crate::counts::{Measured, Missing};

/// gungraun's name for the profiles of another revision.
pub const BASELINE: &str = "base";

/// The reason why there are no counts.
#[derive(Debug, Error)]
pub enum Uncounted {
    /// Cargo did not start.
    #[error("cargo does not start: {0}")]
    Cargo(#[from] std::io::Error),
    /// Cargo, gungraun or valgrind failed, and gave the reason on stderr.
    #[error(
        "the benches failed, for the reason above; if that is the runner, install the version of gungraun in Cargo.lock: \
         cargo install gungraun-runner@VERSION, or name one in GUNGRAUN_RUNNER"
    )]
    Bench,
    /// This program does not know the form of the output.
    #[error(transparent)]
    Output(#[from] Missing),
}

/// Returns the folder of the workspace.
pub fn workspace() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = package.ancestors().nth(2).expect("benches/instructions");
    root.into()
}

/// Returns the target directory, as cargo chooses it where no configuration file names another.
pub fn target() -> PathBuf {
    let named = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let absolute = named.and_then(|path| std::path::absolute(path).ok());
    absolute.unwrap_or_else(|| workspace().join("target"))
}

/// Returns a path below the target directory that is this program's own.
pub fn below_target(name: &str) -> PathBuf {
    target().join("instructions").join(name)
}

/// Returns the cargo that runs this program.
pub fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Runs all benches and returns their counts.
///
/// # Errors
/// If a bench does not build, run or report its count. The output of cargo and gungraun goes to
/// stderr.
pub fn count() -> Result<Measured, Uncounted> {
    let output = run(&["per_message", "allocations"], &[])?;
    Ok(Measured::read(&output)?)
}

/// Runs the `benches` with more `environment`, and returns gungraun's output.
pub(crate) fn run(benches: &[&str], environment: &[(&str, &Path)]) -> Result<String, Uncounted> {
    let mut command = cargo();
    command.args(["bench", "--quiet", "--package", "lobbyd-instructions"]);
    benches.iter().for_each(|bench| {
        command.args(["--bench", bench]);
    });
    command
        .args(["--", "--output-format=json"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("CARGO_TARGET_DIR", target())
        .envs(environment.iter().copied())
        .stderr(Stdio::inherit());
    let output = command.output()?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into()),
        false => Err(Uncounted::Bench),
    }
}
