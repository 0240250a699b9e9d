//! Figures of one shard for the metrics: connections, joins, messages that came in, and times.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::histogram::{Figure, Histogram};
use crate::channel::{JoinRefusal, PushRefusal};

/// Written by the shard alone, once a read or once a turn; read by the threads that make the page of
/// metrics. In cache lines of its own, or two shards would wait for each other.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct ShardStats {
    /// Connections in HTTP.
    pub http: Figure,
    /// Connections that are WebSockets, those that are closing included.
    pub websockets: Figure,
    /// Joined channels.
    pub channels: Figure,
    /// Bytes that its logs hold.
    pub retained_bytes: Figure,
    pub joins_admitted: Figure,
    /// Joins refused, by the places of their reasons' names.
    pub joins_refused: [Figure; JoinRefusal::NAMES.len()],
    /// Pushes refused, by the places of their reasons' names.
    pub pushes_refused: [Figure; PushRefusal::NAMES.len()],
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

impl ShardStats {
    /// A turn took so long.
    pub fn turned(&self, turn: Duration) {
        self.turns.observe(turn);
        self.longest_turn.note(turn);
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
