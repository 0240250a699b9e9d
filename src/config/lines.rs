//! Where the rooms of a file stand, key by key.
//!
//! A message about two rooms can then name the lines of both.

/// Where one table stands, and each of its keys.
#[derive(Clone, Debug, Default)]
pub struct TableLines {
    /// Of the table itself.
    pub line: usize,
    keys: Vec<(String, usize)>,
    /// Whether each of its keys is known, and has a value that can be used. What is not can be
    /// compared with nothing.
    pub(super) is_sound: bool,
}

/// Where one room stands.
#[derive(Clone, Debug, Default)]
pub struct RoomLines {
    /// The `[[room]]`.
    pub room: TableLines,
    /// Each of its `[[room.event]]`.
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

    /// The line of that key, if it is there.
    pub fn find(&self, key: &str) -> Option<usize> {
        let found = self.keys.iter().find(|(name, _)| name == key);
        found.map(|(_, line)| *line)
    }

    /// The line of that key; of the table, if the key is not there.
    pub fn of(&self, key: &str) -> usize {
        self.find(key).unwrap_or(self.line)
    }
}
