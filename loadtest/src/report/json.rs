//! The result as a JSON file: written and read.
//!
//! If a file cannot be used, the error names the file and the reason.

use std::path::{Path, PathBuf};
use std::{fs, io};

use serde_json::Value;
use thiserror::Error;

use crate::result::{RunResult, SCHEMA_VERSION};

/// The reason why a result file could not be written or read.
#[derive(Debug, Error)]
pub enum FileError {
    /// The system refused the write.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The system refused the read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The file is something other than JSON, or was cut off.
    #[error("{} is not JSON: {source}. Give a file that --json wrote.", path.display())]
    NotJson {
        /// The file.
        path: PathBuf,
        /// The parser's error, with its place in the file.
        source: serde_json::Error,
    },
    /// The file is JSON, but not a result.
    #[error("{} is JSON, but not a result of lobbyd-loadtest. Give a file that --json wrote.", path.display())]
    NotAResult {
        /// The file.
        path: PathBuf,
    },
    /// The file is a result with another version of the form.
    #[error("{} has schema_version {found}, and this lobbyd-loadtest reads {SCHEMA_VERSION}. Use the version that wrote it ({tool}), or run again.", path.display())]
    OtherVersion {
        /// The file.
        path: PathBuf,
        /// The version of the form that the file names.
        found: u64,
        /// The version of the tool that the file names.
        tool: String,
    },
    /// The file claims this version of the form, but does not have that form.
    #[error(
        "{} is a result of lobbyd-loadtest {tool}, but {source}. Use the version that wrote it; if it is this one, the file was changed.",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The version of the tool that the file names.
        tool: String,
        /// The parser's error, which names the wrong part.
        source: serde_json::Error,
    },
}

/// Writes the result as indented JSON. An existing file is replaced.
pub fn write(path: &Path, result: &RunResult) -> Result<(), FileError> {
    let failed = |source| FileError::Write {
        path: path.to_owned(),
        source,
    };
    let mut text = serde_json::to_vec_pretty(result).map_err(|error| failed(error.into()))?;
    text.push(b'\n');
    fs::write(path, text).map_err(failed)
}

/// Reads a result that [`write()`] wrote.
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
