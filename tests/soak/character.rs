//! The hostile characters: which there are, and which of them are on.

/// One way to do harm. Each can be switched on alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

use Character::{
    BlockedLog, Crumbs, Descriptors, Drains, Firehoses, HalfHandshakes, JoinsInVain, Leavers,
    Reloads, StoppedReaders, Stops,
};

const ALL: [Character; 11] = [
    StoppedReaders,
    Firehoses,
    Crumbs,
    HalfHandshakes,
    JoinsInVain,
    Leavers,
    Stops,
    BlockedLog,
    Descriptors,
    Reloads,
    Drains,
];

/// The characters that the server does not yet withstand: off, unless they are named.
const NOT_WITHSTOOD: &[Character] = &[JoinsInVain, BlockedLog, Descriptors];

impl Character {
    /// Returns the characters that `names` lists. "all" is all; without a list it is those that are
    /// withstood.
    pub fn chosen(names: Option<String>) -> Vec<Character> {
        let names = names.unwrap_or_default();
        let is_on = |one: &Character| match names.as_str() {
            "" => !NOT_WITHSTOOD.contains(one),
            "all" => true,
            list => list.split(',').any(|name| name == one.name()),
        };
        let chosen: Vec<Character> = ALL.into_iter().filter(is_on).collect();
        let known = |name: &str| ALL.iter().any(|one| one.name() == name);
        let unknown = names.split(',').find(|name| !known(name));
        let unknown = unknown.filter(|name| !["", "all"].contains(name));
        assert_eq!(unknown, None, "no such character; there are {ALL:?}");
        chosen
    }

    pub fn name(self) -> &'static str {
        match self {
            StoppedReaders => "stopped_readers",
            Firehoses => "firehoses",
            Crumbs => "crumbs",
            HalfHandshakes => "half_handshakes",
            JoinsInVain => "joins_in_vain",
            Leavers => "leavers",
            Stops => "stops",
            BlockedLog => "blocked_log",
            Descriptors => "descriptors",
            Reloads => "reloads",
            Drains => "drains",
        }
    }
}
