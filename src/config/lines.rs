//! The lines of a file where its rooms, and the keys of its rooms, stand.
//!
//! A message about two rooms can then name the lines of both.

/// The lines of one table and of its keys.
#[derive(Clone, Debug, Default)]
pub struct TableLines {
    /// The line of the table itself.
    pub line: usize,
    keys: Vec<(String, usize)>,
    /// True if every key of the table is known and has a value that can be used. If not, the
    /// table's keys are not checked against each other.
    pub(super) is_sound: bool,
}

/// The lines of one room.
#[derive(Clone, Debug, Default)]
pub struct RoomLines {
    /// The lines of the `[[room]]`.
    pub room: TableLines,
    /// The lines of each `[[room.event]]` of the room.
    pub events: Vec<TableLines>,
}

impl TableLines {
    pub(super) fn new(line: usize) -> TableLines {
        TableLines {
            line,
            keys: Vec::new(),
            is_sound: true,
        }
    }

    pub(super) fn add(&mut self, key: &str, line: usize) {
        self.keys.push((key.to_owned(), line));
    }

    /// Returns the line of `key`, if the table has that key.
    pub fn find(&self, key: &str) -> Option<usize> {
        let found = self.keys.iter().find(|(name, _)| name == key);
        found.map(|(_, line)| *line)
    }

    /// Returns the line of `key`; the line of the table, if it does not have that key.
    pub fn of(&self, key: &str) -> usize {
        self.find(key).unwrap_or(self.line)
    }
}
