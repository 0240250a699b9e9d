//! The status of a server: whether it starts, admits or drains, and when each shard last turned.
//!
//! Used by health checks, a service manager's watchdog and the metrics.

#[cfg(feature = "auth")]
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

#[cfg(feature = "auth")]
use crate::server::background::key_wait::KeyWait;

/// Part of the connections of a full server below which it is ready again, in percent.
const READY_BELOW_PERCENT: u64 = 95;

/// Time without a sign of the process, in milliseconds, after which it has stood still.
const STANDSTILL_MS: u64 = 1_500;

/// The phase of a server, by which it treats new connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[non_exhaustive]
pub enum Phase {
    /// The server is bound, and does not accept connections yet. Or it does, and an issuer of
    /// tokens has had no keys from its URL, which would refuse its clients: 30 s at most
    /// (`auth.jwks_wait_ms`).
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
    /// The moment at which the process was last seen to run, in milliseconds since `started`.
    ran_ms: AtomicU64,
    /// The moment at which it last went on after it had stood still.
    went_on_ms: AtomicU64,
    /// The moment at which each shard last began a turn, in milliseconds since `started`.
    turned_ms: Box<[AtomicU64]>,
    connections: AtomicUsize,
    /// True if the server had as many connections as it may, until it has less than 95 % of them.
    is_full: AtomicBool,
    /// The number of connections at which open files were last found to be lacking; 0 if they are
    /// not.
    lacks_files_at: AtomicUsize,
    /// The limit of open files at which they were found to be lacking.
    open_files_then: AtomicU64,
    reloads_ok: AtomicU64,
    reloads_failed: AtomicU64,
    #[cfg(feature = "auth")]
    keys: Arc<KeyWait>,
}

impl Status {
    /// Returns the status of a server with `shards` shards.
    pub(crate) fn new(shards: usize) -> Status {
        Status {
            started: Instant::now(),
            phase: AtomicU8::new(Phase::Starting as u8),
            ran_ms: AtomicU64::new(0),
            went_on_ms: AtomicU64::new(0),
            turned_ms: (0..shards).map(|_| AtomicU64::new(0)).collect(),
            connections: AtomicUsize::new(0),
            is_full: AtomicBool::new(false),
            lacks_files_at: AtomicUsize::new(0),
            open_files_then: AtomicU64::new(0),
            reloads_ok: AtomicU64::new(0),
            reloads_failed: AtomicU64::new(0),
            #[cfg(feature = "auth")]
            keys: Arc::default(),
        }
    }

    /// Has the server start for as long as these keys are awaited.
    #[cfg(feature = "auth")]
    pub(crate) fn awaiting_keys(self, keys: Arc<KeyWait>) -> Status {
        Status { keys, ..self }
    }

    /// Returns what the server does with new connections.
    pub fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            0 => Phase::Starting,
            #[cfg(feature = "auth")]
            1 if self.keys.is_awaited() => Phase::Starting,
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

    /// Notes that there are as many connections as there may be.
    pub(crate) fn fills(&self) {
        self.is_full.store(true, Ordering::Relaxed);
    }

    /// Notes that no open file is left for another connection, where `open_files` are allowed.
    pub(crate) fn lacks_files(&self, open_files: u64) {
        let connections = self.connections().max(1);
        self.lacks_files_at.store(connections, Ordering::Relaxed);
        self.open_files_then.store(open_files, Ordering::Relaxed);
    }

    /// True if there is no room for another connection, where `connections_max` and `open_files`
    /// are allowed now. A server that was full stays so until it has less than 95 % of the
    /// connections that it may have. Otherwise a load balancer would send it all that wait at the
    /// first place that is free. A limit that was raised meanwhile is the one that counts.
    pub(crate) fn is_full(&self, connections_max: u64, open_files: u64) -> bool {
        let connections = self.connections() as u64;
        if connections >= connections_max {
            self.fills();
        }
        if has_room(connections, connections_max) {
            self.is_full.store(false, Ordering::Relaxed);
        }
        let lacks_files_at = self.lacks_files_at.load(Ordering::Relaxed) as u64;
        let is_raised = open_files > self.open_files_then.load(Ordering::Relaxed);
        if is_raised || has_room(connections, lacks_files_at) {
            self.lacks_files_at.store(0, Ordering::Relaxed);
        }
        self.is_full.load(Ordering::Relaxed) || self.lacks_files_at.load(Ordering::Relaxed) > 0
    }

    /// Notes that the process runs. The accepting thread notes it each second, so after a longer
    /// time the whole process has stood still, and no shard could turn.
    pub(crate) fn runs(&self) {
        let now_ms = self.started.elapsed().as_millis() as u64;
        let ran_ms = self.ran_ms.fetch_max(now_ms, Ordering::Relaxed);
        if now_ms.saturating_sub(ran_ms) > STANDSTILL_MS {
            self.went_on_ms.store(now_ms, Ordering::Relaxed);
        }
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
    /// second. Shards that have ended do not count. If the whole process has stood still since (it
    /// was stopped, or its machine paused), the time counts from the end of that.
    pub fn longest_since_turn(&self) -> Duration {
        self.runs();
        let now = self.started.elapsed();
        let oldest = self
            .turned_ms
            .iter()
            .map(|ms| ms.load(Ordering::Relaxed))
            .min();
        let went_on_ms = self.went_on_ms.load(Ordering::Relaxed);
        now.saturating_sub(Duration::from_millis(oldest.unwrap_or(0).max(went_on_ms)))
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

/// True if a server that was full is so no more: it has less than 95 % of `max` connections.
fn has_room(connections: u64, max: u64) -> bool {
    connections.saturating_mul(100) < max.saturating_mul(READY_BELOW_PERCENT)
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
            status.is_full(200, 1_024)
        };
        assert!(!full(199) && full(200) && full(195) && full(190));
        assert!(!full(189) && !full(199));
        status.lacks_files(1_024);
        assert!(full(190), "found full below its limit, at 199");
        assert!(!full(189) && !full(199));
    }

    #[test]
    fn process_that_stood_still_does_not_take_its_shards_for_hanging() {
        let mut status = Status::new(2);
        let second = Duration::from_secs(1);
        let ago = |status: &mut Status, ms: u64| {
            status.started -= Duration::from_millis(ms);
        };
        status.turns(0, Instant::now());
        for _ in 0..6 {
            ago(&mut status, 1_000);
            status.runs();
        }
        assert!(status.longest_since_turn() >= 6 * second, "a shard hangs");
        ago(&mut status, 60_000);
        assert!(status.longest_since_turn() < 5 * second, "all stood still");
        for _ in 0..5 {
            ago(&mut status, 1_000);
            status.runs();
        }
        assert!(status.longest_since_turn() >= 5 * second, "it still hangs");
    }

    #[test]
    fn full_server_whose_limit_is_raised_or_only_observed_is_full_no_more() {
        let status = Status::new(1);
        status.connections.store(40, Ordering::Relaxed);
        assert!(status.is_full(40, 1_024));
        assert!(status.is_full(42, 1_024), "40 is 95 % of it");
        assert!(!status.is_full(43, 1_024));
        for max in [250_000, u64::MAX] {
            assert!(status.is_full(40, 1_024));
            status.connections.store(60, Ordering::Relaxed);
            assert!(!status.is_full(max, 1_024), "{max}");
            status.connections.store(40, Ordering::Relaxed);
        }
        status.lacks_files(1_024);
        assert!(status.is_full(250_000, 1_024));
        assert!(!status.is_full(250_000, 4_096));
        assert!(!status.is_full(250_000, 1_024), "it is forgotten");
    }
}
