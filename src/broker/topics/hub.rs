//! The state that all shards share: the registry of topics, each shard's mailbox, and counters.

use std::sync::Arc;
use std::time::Instant;

#[cfg(feature = "engine")]
use super::counts::FlushCounts;
use super::counts::HubCounts;
use super::entry::Seal;
use super::kind::TopicKind;
use super::mailbox::Mailbox;
use super::parcel::Parcel;
use super::registry::Registry;
use super::shards::Shards;
use super::topic::Placement;
use super::topic::Topic;

/// One node's topics, and the mailboxes of the shards that have members of them.
#[derive(Debug)]
pub struct Hub {
    pub(crate) topics: Registry,
    began: Instant,
    shards: Shards,
}

impl Hub {
    /// Returns a hub for `shards` shards.
    pub fn new(shards: usize) -> Hub {
        Hub {
            topics: Registry::default(),
            began: Instant::now(),
            shards: Shards::new(shards),
        }
    }

    /// Returns the topic `name`, if it has members on any shard.
    pub fn topic(&self, name: &str) -> Option<Arc<Topic>> {
        self.topics.find(TopicKind::Room, name)
    }

    /// Returns the stamp for broadcasts published at `now`: microseconds since the hub began. The
    /// stamp wraps after 71 minutes, far longer than a broadcast takes to reach its members.
    pub fn stamp(&self, now: Instant) -> u32 {
        // The cast to 32 bits makes the stamp wrap.
        now.duration_since(self.began).as_micros() as u32
    }

    /// Publishes to the topic `name`. `None` if the topic has no subscribers.
    pub fn publish(&self, name: &str, frames: &mut dyn Seal) -> Option<Placement> {
        let topic = self.topic(name)?;
        Some(topic.publish(&self.shards, self.stamp(Instant::now()), None, frames))
    }

    /// Publishes to the sockets of an id. `None` if no socket has the id.
    pub fn publish_to_socket_id(&self, id: &str, frames: &mut dyn Seal) -> Option<Placement> {
        let topic = self.topics.find(TopicKind::SocketId, id)?;
        Some(topic.publish(&self.shards, self.stamp(Instant::now()), None, frames))
    }

    /// Returns the number of topics that have members, socket ids included.
    pub fn topics_len(&self) -> usize {
        self.topics.len()
    }

    /// Returns the shards of the node, as other threads see them.
    pub fn shards(&self) -> &Shards {
        &self.shards
    }

    /// Returns the mailbox of a shard.
    pub fn mailbox(&self, shard: u16) -> &Mailbox<Parcel> {
        self.shards.mailbox(shard)
    }

    /// Returns the lag of a shard, in bytes: see [`Shards::lag_bytes`].
    pub fn lag_bytes(&self, shard: u16) -> usize {
        self.shards.lag_bytes(shard)
    }

    /// Returns the broker's totals since the start.
    pub fn counts(&self) -> HubCounts {
        self.shards.counts()
    }

    /// Returns the counts of one shard's flushes since the start.
    #[cfg(feature = "engine")]
    pub fn flush_counts(&self, shard: u16) -> FlushCounts {
        self.shards.flush_counts(shard)
    }
}
