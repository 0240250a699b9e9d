//! What a fan-out keeps for members that are behind, and how much.

use super::log::Log;

/// Bounds of what one shard keeps. Each has a named outcome.
#[derive(Clone, Copy, Debug)]
pub struct FanoutSettings {
    /// Bytes of sealed frames a topic's log may keep for members that are behind. Default 1 MiB. A member that falls
    /// off its end is closed as a slow consumer (`Failure::FellBehind`); nobody is skipped silently.
    pub retention_bytes_max: usize,
    /// Entries a topic's log may keep for members that are behind. Default 16,384. Outcome as above.
    pub retention_entries_max: usize,
    /// How old an entry may become that a topic's log keeps only for members that are blocked, in milliseconds.
    /// Default 60,000, within which every phoenix.js that reads nothing has given its connection up by itself. Found
    /// by the sweep and to an eighth, so it may be that much more. Outcome as above (`Failure::Outdated`).
    pub retention_ms_max: u64,
    /// Bytes that all logs of a shard may hold while members are blocked: frames, payloads that are kept for channels,
    /// and 256 for each entry. Default 64 MiB. Beyond it those are closed for whom the most is kept, as above
    /// (`Failure::CrowdedOut`); what members that take bytes need is bounded by slowing publishers instead.
    pub retention_total_bytes_max: usize,
    /// Bytes of replies and pushes that may wait for one connection. Default 1 MiB. Beyond it the connection is
    /// closed as a slow consumer (`Failure::OutboxFull`).
    pub outbox_bytes_max: usize,
}

impl Default for FanoutSettings {
    fn default() -> FanoutSettings {
        FanoutSettings {
            retention_bytes_max: 1 << 20,
            retention_entries_max: 1 << 14,
            retention_ms_max: 60_000,
            retention_total_bytes_max: 64 << 20,
            outbox_bytes_max: 1 << 20,
        }
    }
}

/// What one topic's log keeps for members that are behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// See [`FanoutSettings::retention_bytes_max`].
    pub bytes_max: usize,
    /// See [`FanoutSettings::retention_entries_max`].
    pub entries_max: usize,
    /// See [`FanoutSettings::retention_ms_max`]. The sweep goes by the times of all topics together: a much shorter time
    /// here is kept to the second.
    pub ms_max: u64,
}

impl FanoutSettings {
    /// What a topic's log keeps that has no [`Retention`] of its own.
    pub fn retention(&self) -> Retention {
        Retention {
            bytes_max: self.retention_bytes_max,
            entries_max: self.retention_entries_max,
            ms_max: self.retention_ms_max,
        }
    }
}

impl Retention {
    pub(crate) fn is_exceeded_by(&self, log: &Log) -> bool {
        log.bytes() > self.bytes_max || log.len() > self.entries_max
    }
}
