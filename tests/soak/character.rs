//! The hostile characters: which there are, and which of them are on.

use strum::{IntoStaticStr, VariantArray};

/// One way to do harm. Each can be switched on alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, VariantArray, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Character {
    /// Members that never read, beside a flood in their room.
    StoppedReaders,
    /// Clients that publish as fast as they can.
    Firehoses,
    /// Messages that come a few bytes at a time and are never whole.
    Crumbs,
    /// Connections that never finish their request.
    HalfHandshakes,
    /// Joins of rooms that let nobody in, hundreds at a time.
    JoinsInVain,
    /// Members that leave and join again while much waits for them.
    Leavers,
    /// The server's process is stopped for seconds.
    Stops,
    /// Nobody reads the log, at the level debug.
    BlockedLog,
    /// More connections than the server may have descriptors.
    Descriptors,
    /// The configuration is read again and again.
    Reloads,
    /// A new process takes over the listening socket, and the old one drains.
    Drains,
}

impl Character {
    /// Returns the characters that `names` lists. "all" is all, and so is no list.
    pub fn chosen(names: Option<String>) -> Vec<Character> {
        let (names, all) = (names.unwrap_or_default(), Character::VARIANTS);
        let is_on = |one: &Character| match names.as_str() {
            "" | "all" => true,
            list => list.split(',').any(|name| name == one.name()),
        };
        let chosen: Vec<Character> = all.iter().copied().filter(is_on).collect();
        let known = |name: &str| all.iter().any(|one| one.name() == name);
        let unknown = names.split(',').find(|name| !known(name));
        let unknown = unknown.filter(|name| !["", "all"].contains(name));
        assert_eq!(unknown, None, "no such character; there are {all:?}");
        chosen
    }

    pub fn name(self) -> &'static str {
        self.into()
    }
}
