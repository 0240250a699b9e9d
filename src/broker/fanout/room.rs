//! A shard's part of a topic: its log, its members with their cursors, and its pass.

use std::sync::Arc;

use super::listener::EventFilter;
use super::listener::Listener;
use super::log::Log;
use super::round_robin::RoundRobin;
use super::settings::Retention;
use crate::broker::topics::entry::Class;
use crate::broker::topics::position::SubscriptionId;
use crate::broker::topics::topic::Topic;

/// One topic on one shard. It exists while the shard has subscribers of the topic.
#[derive(Debug)]
pub(crate) struct Room {
    pub topic: Arc<Topic>,
    /// Distinguishes parcels of this use of the slot from parcels of an earlier use.
    pub stamp: u32,
    pub log: Log,
    pub members: Vec<Member>,
    pub listeners: Vec<Listener>,
    pub round_robin: RoundRobin,
    /// True while the room is on the list of rooms with a pass to run.
    pub active: bool,
    /// True while the room is on the list of rooms that the sweep looks at.
    pub watched: bool,
    /// Members that a pass leaves out because their connection drains its own cursors.
    pub lagging: usize,
    /// Sequence before which every member that is not lagging has been offered all entries.
    pub settled: u64,
    /// The log's head when the present lap began. The lap's end settles the entries before it.
    lap_head: u64,
    /// The bounds that the room's last join set for the log. `None`: the default bounds.
    pub retention: Option<Box<Retention>>,
}

/// The entries that a lap has offered to every member that can take them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settled {
    pub bytes: usize,
    /// Publish time of the oldest of the entries, in microseconds. `None` if there are no entries.
    pub oldest_us: Option<u32>,
}

/// A subscriber that gets sealed frames: a cursor into the log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member {
    pub id: SubscriptionId,
    pub outlet: u32,
    pub class: Class,
    /// True while the member's connection is blocked or catching up, and drains its own cursors.
    pub lagging: bool,
    /// True if some events go to the member's channel instead of the wire: there is a [`Listener`]
    /// with the same id.
    pub intercepts: bool,
    /// The sequence of the next entry that the member gets.
    pub next: u64,
}

impl Room {
    pub fn new(topic: Arc<Topic>, stamp: u32, first: u64) -> Room {
        Room {
            topic,
            stamp,
            log: Log::new(first),
            members: Vec::new(),
            listeners: Vec::new(),
            round_robin: RoundRobin::default(),
            active: false,
            watched: false,
            lagging: 0,
            settled: first,
            lap_head: first,
            retention: None,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.members.is_empty() && self.listeners.is_empty()
    }

    /// Returns the events that the channel of subscription `id` intercepts.
    pub fn intercepts(&self, id: SubscriptionId) -> &'static [&'static str] {
        // The channel may also listen to the same topic by hand, under the same id.
        let mut own = self.listeners.iter().filter(|l| l.id == id);
        let intercepted = own.find_map(|l| match l.events {
            EventFilter::Intercepted(events) => Some(events),
            EventFilter::All | EventFilter::SocketId => None,
        });
        intercepted.unwrap_or_default()
    }

    /// Ends a lap of the pass: all entries before the lap's begin have been offered to all writable
    /// members.
    pub fn end_lap(&mut self) -> Settled {
        self.settle_at(self.lap_head)
    }

    /// Ends the pass: all entries have been offered to all writable members.
    pub fn settle(&mut self) -> Settled {
        self.settle_at(self.log.head())
    }

    fn settle_at(&mut self, settled: u64) -> Settled {
        let oldest = (self.settled < settled).then(|| self.log.entry(self.settled));
        let oldest_us = oldest.flatten().map(|entry| entry.published_us());
        let bytes = self.log.bytes_between(self.settled, settled);
        self.settled = settled;
        self.lap_head = self.log.head();
        Settled { bytes, oldest_us }
    }

    /// Returns the bytes that not every writable member has been offered yet.
    pub fn unsettled_bytes(&self) -> usize {
        self.log.bytes_between(self.settled, self.log.head())
    }

    /// Returns the sequence of the oldest entry that some member may still need. Ignores the
    /// retention.
    pub fn needed(&self) -> u64 {
        if self.lagging == 0 {
            return self.settled;
        }
        let lagging = self.members.iter().filter(|m| m.lagging);
        lagging.map(|m| m.next).fold(self.settled, u64::min)
    }
}
