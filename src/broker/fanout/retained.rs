//! The memory that one shard's logs hold: weight, bound, high water, and the rooms to sweep.

use super::age::Watched;
use super::balance::Balance;
use super::high_water::HighWater;

/// The memory that one shard's logs hold. Retained bytes are frames, payloads kept for channels,
/// and the memory for keeping an entry.
#[derive(Debug, Default)]
pub(crate) struct Retained {
    /// Weight of all logs.
    pub weight: Balance,
    /// The weight above which blocked members are given up to free memory.
    pub relief_above_bytes: usize,
    /// True while rooms show what their logs keep over their bounds, because all logs are over
    /// theirs.
    pub shows_over: bool,
    /// Rooms that the sweep looks at.
    pub watched: Vec<Watched>,
    /// The highest amounts since the last sweep took them.
    pub high_water: HighWater,
}
