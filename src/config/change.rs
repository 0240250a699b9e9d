//! One value that a reload changes.

use std::fmt;

/// A value that differs between two configurations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The path of the setting. A setting of a room has the room's topic in front of it. A setting
    /// of an event has the room's topic and the event's name in front of it.
    pub what: String,
    /// The old value.
    pub old: String,
    /// The new value.
    pub new: String,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} -> {}", self.what, self.old, self.new)
    }
}
