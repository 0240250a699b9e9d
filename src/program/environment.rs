//! Reading a variable of the environment by the one rule for all of them.

use std::env;
use std::ffi::OsString;

/// Returns the value of the variable `name`. `None` if it counts as not set: it is empty, or has
/// only the `\r` that ends a line of Windows.
pub(super) fn value_of(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty() && value != "\r")
}
