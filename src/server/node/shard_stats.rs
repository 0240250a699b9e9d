//! What a shard shows of itself beside what its flushes wrote: connections, joins, what came in,
//! and how long things take.

use std::time::Instant;

use strum::EnumCount;

use super::histogram::{Figure, Histogram};
use crate::channel::{JoinRefusal, PushRefusal};
use crate::server::limits::peak::Peak;
use crate::server::shard::Shard;

/// Written by the shard alone, once a read or once a turn; read by whoever scrapes. In cache lines
/// of its own, or two shards would wait for each other.
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
    /// In nanoseconds.
    pub longest_turn: Peak,
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
        stats.longest_turn.note(turn.as_nanos() as u64);
    }
}
