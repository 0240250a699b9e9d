//! Reading a secret from its file or its variable.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::config::auth::auth_forms::FilePath;

/// The permission of a file by which everybody on the machine can read it.
const READ_BY_ALL: u32 = 0o004;

/// What was read, and what is to be said of it.
pub(super) struct ReadSecret {
    pub bytes: Vec<u8>,
    pub warning: Option<String>,
}

/// Reads a file. Err says why it cannot be read.
pub(super) fn read_file(path: &FilePath) -> Result<Vec<u8>, String> {
    fs::read(&path.0).map_err(|error| format!("{} cannot be read: {error}", shown(&path.0)))
}

/// Reads a text from a file. Err says why it cannot be read.
pub(super) fn read_text(path: &FilePath) -> Result<String, String> {
    let bytes = read_file(path)?;
    String::from_utf8(bytes).map_err(|_| format!("{} is not UTF-8", shown(&path.0)))
}

/// Reads a secret from a file. One line break at its end, as an editor leaves it, is no part of it.
pub(super) fn secret_of_file(path: &FilePath) -> Result<ReadSecret, String> {
    let mut bytes = read_file(path)?;
    if bytes.ends_with(b"\n") {
        bytes.pop();
        if bytes.ends_with(b"\r") {
            bytes.pop();
        }
    }
    let mode = fs::metadata(&path.0).map_or(0, |metadata| metadata.mode());
    let is_open = mode & READ_BY_ALL != 0;
    let warning = is_open.then(|| {
        let path = shown(&path.0);
        format!("everybody on this machine can read {path}; chmod o-r takes that away")
    });
    Ok(ReadSecret { bytes, warning })
}

/// Reads a secret from a variable of the environment.
pub(super) fn secret_of_variable(name: &str) -> Result<ReadSecret, String> {
    let value = std::env::var(name).ok().filter(|value| !value.is_empty());
    let value = value.ok_or_else(|| format!("the variable {name} is not set"))?;
    Ok(ReadSecret {
        bytes: value.into_bytes(),
        warning: None,
    })
}

fn shown(path: &Path) -> String {
    path.display().to_string().escape_debug().to_string()
}
