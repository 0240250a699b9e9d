//! A shard's part of a topic: its log, its members with their cursors, and its pass.

use std::collections::VecDeque;
use std::sync::Arc;

use super::listener::Interceptors;
use super::listener::Listener;
use super::log::Log;
use super::round_robin::RoundRobin;
use super::settings::Retention;
use super::sink::Failure;
use crate::broker::topics::entry::Class;
use crate::broker::topics::position::SubscriptionId;
use crate::broker::topics::room_lag::RoomLag;
use crate::broker::topics::topic::{PARCEL_BYTES, Topic};

/// One topic on one shard. It exists while the shard has subscribers of the topic.
#[derive(Debug)]
pub(crate) struct Room {
    pub topic: Arc<Topic>,
    /// Distinguishes parcels of this use of the slot from parcels of an earlier use.
    pub stamp: u32,
    /// What the room has outstanding, which publishers of all shards see.
    pub lag: Arc<RoomLag>,
    pub log: Log,
    pub members: Vec<Member>,
    /// Channels that subscribed by hand, and connections with a socket id. A subscription knows the
    /// place of its listener.
    pub listeners: Vec<Listener>,
    /// Members whose channels intercept events. `None` in most rooms.
    pub interceptors: Option<Box<Interceptors>>,
    pub round_robin: RoundRobin,
    /// True while the room is on the list of rooms with a pass to run.
    pub active: bool,
    /// True while the room is on the list of rooms that the sweep looks at.
    pub watched: bool,
    /// Members that a pass leaves out because their connection drains its own cursors.
    pub lagging: usize,
    /// Sequence before which every member that is not lagging has been offered all entries.
    pub settled: u64,
    /// Laps under way, the oldest first. One begins where entries came, and settles them at its
    /// end.
    pub laps: VecDeque<Lap>,
    /// The look for members that fell off the log. `None` if none is under way.
    pub fall: Option<Fall>,
    /// The bounds that the room's last join set for the log. `None`: the default bounds.
    pub retention: Option<Box<Retention>>,
}

/// A look for members that fell off the log's old end, some in each turn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fall {
    pub failure: Failure,
    /// True if more entries have left the log since the look began, so that another has to follow.
    pub again: bool,
}

/// A round of a pass from the place at which entries came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lap {
    /// See [`RoundRobin::lap_end`].
    end: i64,
    /// The log's head behind the entries.
    head: u64,
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
    pub fn new(topic: Arc<Topic>, stamp: u32, first: u64, lag: Arc<RoomLag>) -> Room {
        Room {
            topic,
            stamp,
            lag,
            log: Log::new(first),
            members: Vec::new(),
            listeners: Vec::new(),
            interceptors: None,
            round_robin: RoundRobin::default(),
            active: false,
            watched: false,
            lagging: 0,
            settled: first,
            laps: VecDeque::new(),
            fall: None,
            retention: None,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.members.is_empty() && self.listeners.is_empty()
    }

    /// Returns the events that the channel of subscription `id` intercepts.
    pub fn intercepts(&self, id: SubscriptionId) -> &'static [&'static str] {
        let interceptors = self.interceptors.as_deref();
        interceptors.map_or(&[], |i| i.events_of(id))
    }

    /// Begins a lap for the entry that the log has just taken in. Entries that come at the same
    /// place share a lap.
    pub fn begin_lap(&mut self) {
        self.round_robin.restart();
        let (end, head) = (self.round_robin.lap_end(), self.log.head());
        match self.laps.back_mut() {
            Some(last) if last.end == end => last.head = head,
            _ => self.laps.push_back(Lap { end, head }),
        }
    }

    /// Ends the laps that are over: their entries have been offered to all writable members. `None`
    /// if no lap is over.
    pub fn end_laps(&mut self) -> Option<Settled> {
        let mut settled = None;
        let round_robin = self.round_robin;
        while let Some(lap) = self.laps.pop_front_if(|lap| round_robin.is_over(lap.end)) {
            settled = Some(lap.head);
        }
        settled.map(|head| self.settle_at(head))
    }

    /// Ends the pass: all entries have been offered to all writable members.
    pub fn settle(&mut self) -> Settled {
        self.laps.clear();
        self.settle_at(self.log.head())
    }

    fn settle_at(&mut self, settled: u64) -> Settled {
        let oldest = (self.settled < settled).then(|| self.log.entry(self.settled));
        let oldest_us = oldest.flatten().map(|entry| entry.published_us());
        let bytes = self.log.bytes_between(self.settled, settled);
        let entries = settled.saturating_sub(self.settled) as usize;
        self.lag.take(bytes + entries * PARCEL_BYTES);
        self.settled = settled;
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
        // A member in front of the log has fallen off it, and needs nothing any more.
        let first = self.log.first();
        let lagging = self.members.iter().filter(|m| m.lagging && m.next >= first);
        lagging.map(|m| m.next).fold(self.settled, u64::min)
    }
}
