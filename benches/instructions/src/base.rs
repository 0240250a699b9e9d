//! Another revision, counted here: checked out below the target directory, built and run.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use thiserror::Error;

use crate::bench::{BASELINE, below_target, cargo, workspace};
use crate::counts::Measured;
use crate::figures::{FILE, Figures};

/// The reason why no other revision was counted.
#[derive(Debug, Error)]
pub enum NoBase {
    /// There is no history to choose from.
    #[error(
        "there is no git history here to compare with ({0}). Check in a clone that has it; or \
         record the figures here, which names these conditions: record --because TEXT"
    )]
    NoHistory(String),
    /// The history ends before the figures were recorded.
    #[error(
        "this clone is shallow, and does not show which commit recorded the figures. Fetch the rest: git fetch --unshallow"
    )]
    Shallow,
    /// git refuses.
    #[error("git {0}: {1}")]
    Git(String, String),
    /// The revision does not build, or has no `count`.
    #[error(
        "{0} could not be counted, for the reason above; if that is its usage, it is older than the command `count`: choose \
         a later revision"
    )]
    Uncounted(String),
    /// The earlier file of figures has another form.
    #[error(
        "the figures of {0} are not readable: {1}. Compare with a later revision: check --against REV"
    )]
    Unreadable(String, String),
    /// Cargo did not start.
    #[error("cargo does not start: {0}")]
    Cargo(std::io::Error),
}

/// Returns the commit that last changed the file of figures.
///
/// # Errors
/// If the history does not show it.
pub fn recorded_at() -> Result<String, NoBase> {
    let log = ["log", "-1", "--format=%H %P", "HEAD", "--", FILE];
    let found = git(&log).map_err(|error| NoBase::NoHistory(error.to_string()))?;
    let is_shallow = || git(&["rev-parse", "--is-shallow-repository"]);
    match found.split_once(' ') {
        Some((commit, parents)) if !parents.is_empty() => Ok(commit.into()),
        // The oldest commit of a shallow clone seems to have made every file.
        _ if is_shallow()? == "true" => Err(NoBase::Shallow),
        _ if found.is_empty() => Err(NoBase::NoHistory(format!("no commit has {FILE}"))),
        _ => Ok(found.trim().into()),
    }
}

/// Returns the commit before the one that last changed the file of figures, and the file as that
/// commit has it. Growth that the last record does not name shows against it, also growth in the
/// commit of the record itself. If it has no such file, returns the commit of the record.
///
/// # Errors
/// If the history does not show it, or its file is of a form that this program does not read.
pub fn before_record() -> Result<(String, Option<Figures>), NoBase> {
    let recorded = recorded_at()?;
    let earlier = format!("{recorded}~1");
    let Ok(text) = git(&["show", &format!("{earlier}:{FILE}")]) else {
        return Ok((recorded, None));
    };
    let unreadable =
        |error: serde_json::Error| NoBase::Unreadable(earlier.clone(), error.to_string());
    let figures = serde_json::from_str(&text).map_err(unreadable)?;
    Ok((git(&["rev-parse", &earlier])?, Some(figures)))
}

/// Counts `revision` under the present conditions. Profiles of its benches stay in `profiles`, as
/// the [`BASELINE`].
///
/// # Errors
/// If the revision cannot be checked out, built or counted.
pub fn count(revision: &str, profiles: &Path) -> Result<Measured, NoBase> {
    let tree = Tree::check_out(revision)?;
    let mut program = cargo();
    program
        .args(["run", "--quiet", "--release", "--package"])
        .args(["lobbyd-instructions", "--", "count"])
        .current_dir(&tree.0)
        // Its builds stay for the next check, but for those of the workspace itself.
        .env("CARGO_TARGET_DIR", below_target("target"))
        .env("GUNGRAUN_HOME", profiles)
        .env("GUNGRAUN_SAVE_BASELINE", BASELINE)
        .stderr(Stdio::inherit());
    let output = program.output().map_err(NoBase::Cargo)?;
    let counted = output.status.success().then_some(&output.stdout);
    let measured = counted.and_then(|stdout| serde_json::from_slice(stdout).ok());
    measured.ok_or_else(|| NoBase::Uncounted(revision.into()))
}

/// A work tree of another revision, which is removed when this value is dropped.
struct Tree(PathBuf);

impl Tree {
    fn check_out(revision: &str) -> Result<Tree, NoBase> {
        let tree = Tree(below_target("base"));
        // A check that was killed has left its tree.
        tree.remove();
        let path = tree.0.to_string_lossy();
        // The end of options: a revision never begins with a dash.
        git(&[
            "worktree",
            "add",
            "--quiet",
            "--detach",
            "--force",
            &path,
            "--end-of-options",
            revision,
        ])?;
        Ok(tree)
    }

    fn remove(&self) {
        // git refuses where there is no such tree; then there is nothing to remove.
        let _ = git(&["worktree", "remove", "--force", &self.0.to_string_lossy()]);
        let _ = std::fs::remove_dir_all(&self.0);
        let _ = git(&["worktree", "prune"]);
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Runs git in the workspace, and returns its output without line end.
fn git(arguments: &[&str]) -> Result<String, NoBase> {
    let mut command = Command::new("git");
    command.arg("-C").arg(workspace()).args(arguments);
    // Set in a hook, where they name another tree's index.
    for variable in ["GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"] {
        command.env_remove(variable);
    }
    let failed = |why: String| NoBase::Git(arguments[0].into(), why);
    let output = command
        .output()
        .map_err(|error| failed(error.to_string()))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).trim_end().into()),
        false => Err(failed(
            String::from_utf8_lossy(&output.stderr).trim().into(),
        )),
    }
}
