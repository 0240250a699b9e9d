//! The stats of one shard for the metrics: connections, joins, received messages, and times.

use std::sync::Arc;

use strum::EnumCount;

use super::histogram::{Figure, Histogram};
use super::turn_time::TurnTime;
use crate::channel::{JoinRefusal, PushRefusal, TokenEvent};

/// The stats of one shard. The shard alone writes them, at a message, a join, a read or a turn, and
/// never per delivery. Threads that make the page of metrics read them. They have cache lines of
/// their own. Otherwise two shards would wait for each other when they write.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct ShardStats {
    /// Connections in HTTP.
    pub http: Figure,
    /// Connections that are WebSockets, including closing ones.
    pub websockets: Figure,
    /// Joined channels.
    pub channels: Figure,
    /// Bytes that the shard's logs hold.
    pub retained_bytes: Figure,
    pub joins_admitted: Figure,
    /// Refused joins, indexed by [`JoinRefusal`].
    pub joins_refused: [Figure; JoinRefusal::COUNT],
    /// Refused pushes, indexed by [`PushRefusal`].
    pub pushes_refused: [Figure; PushRefusal::COUNT],
    /// What happened to tokens of connected clients, indexed by [`TokenEvent`].
    pub tokens: [Figure; TokenEvent::COUNT],
    /// Messages of clients that were dropped, because they belong to another join of their topic.
    pub stale: Figure,
    /// Data messages of clients, heartbeats included.
    pub messages: Figure,
    /// Bytes read from WebSockets.
    pub bytes: Figure,
    /// Connections that were closed because they would have missed an entry.
    pub gaps: Figure,
    /// Sums of bytes from which more was taken than they had.
    pub shortfalls: Figure,
    /// Times from a publish to its last subscriber, at most one time for each room and turn.
    pub laps: Histogram,
    pub turn_time: Arc<TurnTime>,
}
