//! What the logs of one shard hold: its weight, its bound, its highest marks, and the rooms that a sweep looks at.

use super::age::Watched;
use super::high_water::HighWater;

/// Retained bytes are frames, payloads kept for channels, and what keeping an entry takes.
#[derive(Debug, Default)]
pub(crate) struct Retained {
    /// What all logs weigh.
    pub bytes: usize,
    /// The weight above which blocked members are given up for it.
    pub relief_above_bytes: usize,
    /// Rooms that the sweep looks at.
    pub watched: Vec<Watched>,
    /// The highest marks since they were last taken.
    pub high_water: HighWater,
}
