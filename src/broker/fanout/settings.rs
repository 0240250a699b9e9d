//! Bounds on the memory that a shard keeps for members that are behind.

use super::log::Log;

/// Bounds on the memory that one shard keeps. Each bound has a named outcome. A server's limits set
/// the bounds. With the feature `engine` a bench or test takes the default and sets some fields.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(feature = "engine"), non_exhaustive)]
pub struct FanoutSettings {
    /// Bytes of sealed frames a topic's log may keep for members that are behind. Default 1 MiB.
    /// See [`Retention::bytes_max`]. The outcome is `Failure::LogTooLarge`.
    pub retention_bytes_max: usize,
    /// Entries a topic's log may keep for members that are behind. Default 16,384. See
    /// [`Retention::entries_max`]. The outcome is `Failure::LogTooLong`.
    pub retention_entries_max: usize,
    /// The age that an entry may reach in a topic's log when only blocked members need it, in
    /// milliseconds. Default 60,000. See [`Retention::ms_max`]. The outcome is
    /// `Failure::Outdated`.
    pub retention_ms_max: u64,
    /// Bytes that all logs of a shard may hold while members are blocked: frames, payloads kept for
    /// channels, and some 260 for each entry. Default 64 MiB. Above this bound the heaviest logs
    /// lose old entries. The blocked members that still need these entries are closed as slow
    /// consumers (`Failure::CrowdedOut`). The entries for members that take bytes are limited by
    /// backpressure on publishers, not by this bound.
    pub retention_total_bytes_max: usize,
    /// Bytes of replies and pushes, with some 120 for each, that may wait in one connection's
    /// outbox while its socket takes nothing. Default 1 MiB. Above this bound the connection is
    /// closed as a slow consumer (`Failure::OutboxFull`).
    pub outbox_bytes_max: usize,
}

impl FanoutSettings {
    /// The default bounds.
    pub const DEFAULT: FanoutSettings = FanoutSettings {
        retention_bytes_max: 1 << 20,
        retention_entries_max: 1 << 14,
        retention_ms_max: 60_000,
        retention_total_bytes_max: 64 << 20,
        outbox_bytes_max: 1 << 20,
    };
}

impl Default for FanoutSettings {
    fn default() -> FanoutSettings {
        FanoutSettings::DEFAULT
    }
}

/// The bounds of one topic's log for members that are behind. An app takes the default and sets
/// fields of it:
///
/// ```
/// let mut retention = lobbyd::Retention::default();
/// retention.bytes_max = 64 * 1024;
/// # let _ = retention;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "engine"), non_exhaustive)]
pub struct Retention {
    /// Bytes of sealed frames that the log may keep for members that are behind. Default 1 MiB. A
    /// member that falls off the log's end is closed as a slow consumer (1013); no member is
    /// skipped silently.
    pub bytes_max: usize,
    /// Entries that the log may keep for members that are behind. Default 16,384. A member that
    /// falls off is closed as at `bytes_max`.
    pub entries_max: usize,
    /// The age that an entry may reach when only members that read nothing need it, in
    /// milliseconds. Default 60,000: a phoenix.js client that reads nothing gives its connection up
    /// by itself within that time. A member that falls off is closed as at `bytes_max`.
    ///
    /// The sweep finds the age to an eighth, so an entry may become that much older. The interval
    /// of the sweep follows from the server's limits, not from this time. So a much shorter time
    /// here is kept only to the second.
    pub ms_max: u64,
}

impl FanoutSettings {
    /// Returns the bounds of the log of a topic that has no [`Retention`] of its own.
    pub fn retention(&self) -> Retention {
        Retention {
            bytes_max: self.retention_bytes_max,
            entries_max: self.retention_entries_max,
            ms_max: self.retention_ms_max,
        }
    }
}

/// The default bounds, which a topic without bounds of its own has.
impl Default for Retention {
    fn default() -> Retention {
        FanoutSettings::default().retention()
    }
}

impl Retention {
    pub(crate) fn is_exceeded_by(&self, log: &Log) -> bool {
        log.bytes() > self.bytes_max || log.len() > self.entries_max
    }
}
