//! The status of a server: whether it starts, admits or drains, and when each shard last turned.
//!
//! Used by health checks, a service manager's watchdog and the metrics.

use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Part of the connections of a full server below which it is ready again, in percent.
const READY_BELOW_PERCENT: usize = 95;

/// The phase of a server, by which it treats new connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[non_exhaustive]
pub enum Phase {
    /// The server is bound, and does not accept connections yet.
    Starting,
    /// The server accepts connections.
    Admitting,
    /// The server was asked to end: it serves its connections until their Close. New connections
    /// should go elsewhere, but are accepted during
    /// [`Drain::ready_delay_ms`](crate::server::Drain::ready_delay_ms).
    Draining,
}

/// The status of one server, shared by all shards, the acceptor and the admin listener.
#[derive(Debug)]
pub struct Status {
    started: Instant,
    phase: AtomicU8,
    /// The moment at which each shard last began a turn, in milliseconds since `started`.
    turned_ms: Box<[AtomicU64]>,
    connections: AtomicUsize,
    /// The number of connections at which the server was last found full; 0 if it is not full.
    full_at: AtomicUsize,
    reloads_ok: AtomicU64,
    reloads_failed: AtomicU64,
}

impl Status {
    /// Returns the status of a server with `shards` shards.
    pub(crate) fn new(shards: usize) -> Status {
        Status {
            started: Instant::now(),
            phase: AtomicU8::new(Phase::Starting as u8),
            turned_ms: (0..shards).map(|_| AtomicU64::new(0)).collect(),
            connections: AtomicUsize::new(0),
            full_at: AtomicUsize::new(0),
            reloads_ok: AtomicU64::new(0),
            reloads_failed: AtomicU64::new(0),
        }
    }

    /// Returns what the server does with new connections.
    pub fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            0 => Phase::Starting,
            1 => Phase::Admitting,
            _ => Phase::Draining,
        }
    }

    pub(crate) fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Release);
    }

    pub(crate) fn connection_came(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn connection_gone(&self) {
        self.connections.fetch_sub(1, Ordering::Relaxed);
    }

    /// Returns the number of connections, in HTTP or as WebSockets.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Notes that there is no room for another connection.
    pub(crate) fn fills(&self) {
        let connections = self.connections().max(1);
        self.full_at.store(connections, Ordering::Relaxed);
    }

    /// True if there is no room for another connection, where `connections_max` are allowed. A
    /// server that was full stays so until it has less than 95 % of the connections that it had
    /// then. Otherwise a load balancer would send it all that wait at the first place that is free.
    pub(crate) fn is_full(&self, connections_max: u64) -> bool {
        let connections = self.connections();
        if connections as u64 >= connections_max {
            self.fills();
        }
        let full_at = self.full_at.load(Ordering::Relaxed);
        let has_room = connections * 100 < full_at * READY_BELOW_PERCENT;
        if has_room {
            self.full_at.store(0, Ordering::Relaxed);
        }
        full_at > 0 && !has_room
    }

    /// Notes that a shard begins a turn at `now`.
    pub(crate) fn turns(&self, shard: u16, now: Instant) {
        let ms = now.duration_since(self.started).as_millis() as u64;
        self.turned_ms[usize::from(shard)].store(ms, Ordering::Relaxed);
    }

    /// Notes that a shard has ended, so that no turn of it is expected any more.
    pub(crate) fn ends(&self, shard: u16) {
        self.turned_ms[usize::from(shard)].store(u64::MAX, Ordering::Relaxed);
    }

    /// Returns how long ago the shard that is furthest behind began its last turn; for a shard
    /// without any turn yet, how long ago the server was bound. An idle shard turns at least once a
    /// second. Shards that have ended do not count.
    pub fn longest_since_turn(&self) -> Duration {
        let now = self.started.elapsed();
        let oldest = self
            .turned_ms
            .iter()
            .map(|ms| ms.load(Ordering::Relaxed))
            .min();
        now.saturating_sub(Duration::from_millis(oldest.unwrap_or(0)))
    }

    /// True if every shard that has not ended has begun a turn within `time`.
    pub fn every_shard_turned_within(&self, time: Duration) -> bool {
        self.longest_since_turn() <= time
    }

    /// Counts a new configuration that was taken.
    pub(crate) fn reloaded(&self) {
        self.reloads_ok.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a new configuration that was refused because it was wrong.
    pub(crate) fn reload_failed(&self) {
        self.reloads_failed.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn reloads(&self) -> ReloadCounts {
        ReloadCounts {
            ok: self.reloads_ok.load(Ordering::Relaxed),
            failed: self.reloads_failed.load(Ordering::Relaxed),
        }
    }
}

/// Counts of new configurations: taken, and refused because they were wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ReloadCounts {
    pub ok: u64,
    pub failed: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_server_is_full_until_it_has_less_than_95_percent() {
        let status = Status::new(1);
        let full = |connections: usize| {
            status.connections.store(connections, Ordering::Relaxed);
            status.is_full(200)
        };
        assert!(!full(199) && full(200) && full(195) && full(190));
        assert!(!full(189) && !full(199));
        status.fills();
        assert!(full(190), "found full below its limit, at 199");
        assert!(!full(189));
    }
}
