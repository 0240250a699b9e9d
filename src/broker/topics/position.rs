//! The names the broker gives out: where a broadcast stands in its topic, and who is subscribed.

/// Where a broadcast stands in the one order of its topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Which life of the topic this is: a topic that lost its last member starts a new epoch.
    pub epoch: u64,
    /// Counts from 1 within the epoch, without gaps.
    pub sequence: u64,
}

/// One subscription of one connection to one topic. Never reused while the process lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubscriptionId(pub(crate) u64);

impl Position {
    /// The position of what was published to nobody.
    pub const NOWHERE: Position = Position {
        epoch: 0,
        sequence: 0,
    };
}
