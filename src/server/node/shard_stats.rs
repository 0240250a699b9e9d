//! Figures of one shard for the metrics: connections, joins, messages that came in, and times.

use std::time::Duration;

use strum::EnumCount;

use super::histogram::{Figure, Histogram};
use crate::channel::{JoinRefusal, PushRefusal};
use crate::server::limits::peak::Peak;

/// Written by the shard alone, once a read or once a turn; read by the threads that make the page
/// of metrics. In cache lines of its own, or two shards would wait for each other.
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
    pub joins_refused: [Figure; JoinRefusal::COUNT],
    /// Pushes refused, by the places of their reasons' names.
    pub pushes_refused: [Figure; PushRefusal::COUNT],
    /// Data messages of clients, heartbeats included.
    pub messages: Figure,
    /// Bytes read from WebSockets.
    pub bytes: Figure,
    /// Times from a publish to its last subscriber, one for each lap round a topic's members.
    pub laps: Histogram,
    pub turns: Histogram,
    /// In nanoseconds.
    pub longest_turn: Peak,
}

impl ShardStats {
    /// A turn took so long.
    pub fn turned(&self, turn: Duration) {
        self.turns.observe(turn);
        self.longest_turn.note(turn.as_nanos() as u64);
    }
}
