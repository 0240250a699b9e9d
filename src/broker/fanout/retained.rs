//! The memory that one shard's logs hold: weight, bound, high water, and the rooms to sweep.

use std::collections::VecDeque;

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
    /// Rooms that are looked through for members that fell off their logs.
    pub falls: VecDeque<RoomToSearch>,
    /// Members that may still be looked at before the next flush or sweep.
    pub fall_looks: usize,
    /// The highest amounts since the last sweep took them.
    pub high_water: HighWater,
}

/// A room that is looked through from its last place to its first. A leave moves members to earlier
/// places only, so none is passed over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RoomToSearch {
    pub slot: u32,
    pub stamp: u32,
    /// Places that are not looked at yet.
    pub left: usize,
}
