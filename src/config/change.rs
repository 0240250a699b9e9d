//! One value that a reload changes.

use std::fmt;

/// Something that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The setting; of a room, with the room's topic and, where it is one's, the event's name in
    /// front.
    pub what: String,
    /// As it was.
    pub old: String,
    /// As it is to be.
    pub new: String,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} -> {}", self.what, self.old, self.new)
    }
}
