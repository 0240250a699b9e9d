//! The highest amounts that a shard kept for readers that are behind (high water).
//!
//! The amounts show operators how near the bounds are. An amount is noted where its bound is
//! checked, never per delivery.

use super::log::Log;

/// The highest of each amount since the last [`take_high_water`](super::Fanout::take_high_water),
/// while a reader was behind: its socket was blocked, or it still caught up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HighWater {
    /// Bytes of frames that waited for one connection alone.
    pub outbox_bytes: usize,
    /// Bytes of one topic's log.
    pub log_bytes: usize,
    /// Entries of one topic's log.
    pub log_entries: usize,
    /// Age of one topic's log, in milliseconds.
    pub log_age_ms: usize,
    /// Weight of all logs together.
    pub retained_bytes: usize,
}

impl HighWater {
    pub(crate) fn rise_to(&mut self, log: &Log, retained_bytes: usize) {
        self.log_bytes = self.log_bytes.max(log.bytes());
        self.log_entries = self.log_entries.max(log.len());
        self.retained_bytes = self.retained_bytes.max(retained_bytes);
    }
}
