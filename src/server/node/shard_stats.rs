//! What a shard shows of itself beside what its flushes wrote: connections, joins, what came in, and how long things take.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use strum::EnumCount;

use super::histogram::{Figure, Histogram};
use crate::channel::{JoinRefusal, PushRefusal};
use crate::server::shard::Shard;

/// Written by the shard alone, once a read or once a turn; read by whoever scrapes. In cache lines of its own, or two
/// shards would wait for each other.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct ShardStats {
    /// Connections in HTTP.
    pub http: Figure,
    /// Connections that are WebSockets, those that are closing included.
    pub websockets: Figure,
    /// Joined channels.
    pub channels: Figure,
    /// What its logs hold.
    pub retained_bytes: Figure,
    pub joins_admitted: Figure,
    /// By the places of the reasons' names.
    pub joins_refused: [Figure; JoinRefusal::COUNT],
    /// The same of pushes.
    pub pushes_refused: [Figure; PushRefusal::COUNT],
    /// Data messages of clients, heartbeats included.
    pub messages: Figure,
    /// Bytes read from WebSockets.
    pub bytes: Figure,
    /// From a publish to the last subscriber, a lap each.
    pub laps: Histogram,
    pub turns: Histogram,
    pub longest_turn: Longest,
}

/// The longest of some durations in the present window of time and in the one before.
#[derive(Debug, Default)]
pub(crate) struct Longest([AtomicU64; 2]);

impl Longest {
    fn note(&self, duration: Duration) {
        let ns = duration.as_nanos() as u64;
        if self.0[0].load(Ordering::Relaxed) < ns {
            self.0[0].fetch_max(ns, Ordering::Relaxed);
        }
    }

    /// Begins a new window. By one thread.
    pub fn next_window(&self) {
        let [now, before] = &self.0;
        before.store(now.swap(0, Ordering::Relaxed), Ordering::Relaxed);
    }

    pub fn seconds(&self) -> f64 {
        let each = self.0.iter().map(|ns| ns.load(Ordering::Relaxed));
        each.max().unwrap_or(0) as f64 / 1e9
    }
}

impl Shard {
    /// Shows where it stands at the end of a turn that began at `begun`.
    pub(crate) fn show(&mut self, begun: Instant) {
        let now = Instant::now();
        let stats = &self.link.stats;
        stats.http.set(self.http_connections as u64);
        stats.websockets.set(self.connections.len() as u64);
        stats.channels.set(self.fanout.members_len() as u64);
        let retained = self.fanout.retained_bytes() as u64;
        stats.retained_bytes.set(retained);
        self.fanout
            .take_laps(now, |waited| stats.laps.observe(waited));
        let turn = now.duration_since(begun);
        stats.turns.observe(turn);
        stats.longest_turn.note(turn);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_is_forgotten_after_two_windows() {
        let longest = Longest::default();
        longest.note(Duration::from_millis(3));
        longest.note(Duration::from_millis(2));
        assert_eq!(longest.seconds(), 0.003);
        longest.next_window();
        longest.note(Duration::from_millis(1));
        assert_eq!(longest.seconds(), 0.003);
        longest.next_window();
        assert_eq!(longest.seconds(), 0.001);
    }
}
