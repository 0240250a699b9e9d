//! The reasons why a run could not measure, and their exit codes.

use thiserror::Error;

use super::target::BadUrl;
use crate::load::columns::BadColumns;
use crate::load::fleet::ScriptError;

/// The reason why nothing was measured.
#[derive(Debug, Error)]
pub enum CannotRun {
    /// The arguments make no sense. Exit code 2.
    #[error("{0}")]
    Usage(String),
    /// No connection could be made. Exit code 3.
    #[error("{0}")]
    NoConnection(String),
    /// A signal asked for the end before anything was measured. Exit code 1.
    #[error("interrupted before anything was measured")]
    Interrupted,
    /// The system refused something to this program. Exit code 3.
    #[error("{0}")]
    System(#[from] std::io::Error),
}

impl From<BadUrl> for CannotRun {
    fn from(error: BadUrl) -> CannotRun {
        CannotRun::Usage(format!("--url: {error}"))
    }
}

impl From<BadColumns> for CannotRun {
    fn from(error: BadColumns) -> CannotRun {
        CannotRun::Usage(error.to_string())
    }
}

impl From<ScriptError> for CannotRun {
    fn from(error: ScriptError) -> CannotRun {
        CannotRun::Usage(error.to_string())
    }
}
