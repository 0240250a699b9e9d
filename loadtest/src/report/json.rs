//! The result as a file, there and back.
//!
//! A file that cannot be used is refused in words that say which file and why.

use std::path::{Path, PathBuf};
use std::{fs, io};

use serde_json::Value;
use thiserror::Error;

use crate::result::{RunResult, SCHEMA_VERSION};

/// Why a result file could not be written or read.
#[derive(Debug, Error)]
pub enum FileError {
    /// The system would not.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The system would not.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is something else, or was cut off.
    #[error("{} is not JSON: {source}. Give a file that --json wrote.", path.display())]
    NotJson {
        /// Which file.
        path: PathBuf,
        /// Where it stops being JSON.
        source: serde_json::Error,
    },
    /// JSON, but of another tool.
    #[error("{} is JSON, but not a result of lobbyd-loadtest. Give a file that --json wrote.", path.display())]
    NotAResult {
        /// Which file.
        path: PathBuf,
    },
    /// A result of another version of this tool.
    #[error("{} has schema_version {found}, and this lobbyd-loadtest reads {SCHEMA_VERSION}. Use the version that wrote it ({tool}), or run again.", path.display())]
    OtherVersion {
        /// Which file.
        path: PathBuf,
        /// The version it names.
        found: u64,
        /// The version of the tool that it names.
        tool: String,
    },
    /// It says it is a result of this version of the form, but something in it is not.
    #[error(
        "{} is a result of lobbyd-loadtest {tool}, but {source}. Use the version that wrote it; if it is this one, the file was changed.",
        path.display()
    )]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// The version of the tool that it names.
        tool: String,
        /// What is not as it should be.
        source: serde_json::Error,
    },
}

/// Writes the result as indented JSON, over any file that was there.
pub fn write(path: &Path, result: &RunResult) -> Result<(), FileError> {
    let failed = |source| FileError::Write {
        path: path.to_owned(),
        source,
    };
    let mut text = serde_json::to_vec_pretty(result).map_err(|error| failed(error.into()))?;
    text.push(b'\n');
    fs::write(path, text).map_err(failed)
}

/// Reads what [`write()`] wrote.
pub fn read(path: &Path) -> Result<RunResult, FileError> {
    let path_owned = || path.to_owned();
    let text = fs::read(path).map_err(|source| FileError::Read {
        path: path_owned(),
        source,
    })?;
    let value: Value = serde_json::from_slice(&text).map_err(|source| FileError::NotJson {
        path: path_owned(),
        source,
    })?;
    let tool = value.get("tool_version").and_then(Value::as_str);
    let version = value.get("schema_version").and_then(Value::as_u64);
    let (Some(tool), Some(found)) = (tool, version) else {
        return Err(FileError::NotAResult { path: path_owned() });
    };
    let tool = tool.to_owned();
    if found != u64::from(SCHEMA_VERSION) {
        return Err(FileError::OtherVersion {
            path: path_owned(),
            found,
            tool,
        });
    }
    serde_json::from_value(value).map_err(|source| FileError::Damaged {
        path: path_owned(),
        tool,
        source,
    })
}
