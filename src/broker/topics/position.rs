//! The names that the broker gives out: positions in topics, and subscription ids.

/// The place of a broadcast in the one order of its topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Number of the topic's life: a topic that lost its last member starts a new epoch.
    pub epoch: u64,
    /// Counts from 1 within the epoch, without gaps.
    pub sequence: u64,
}

/// One subscription of one connection to one topic. Never reused while the process lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubscriptionId(pub(crate) u64);

impl Position {
    /// The position of a broadcast that nobody was subscribed to.
    pub const NOWHERE: Position = Position {
        epoch: 0,
        sequence: 0,
    };
}
