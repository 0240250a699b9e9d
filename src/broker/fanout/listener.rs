//! Channels that look at broadcasts themselves, and the broadcasts for them.

use super::outlets::shrink_queue;
use crate::broker::topics::entry::Entry;
use crate::broker::topics::parcel::Parcel;
use crate::broker::topics::position::SubscriptionId;
use std::collections::VecDeque;
use std::sync::Arc;

/// A subscriber that looks at broadcasts itself.
#[derive(Clone, Debug)]
pub(crate) struct Listener {
    pub id: SubscriptionId,
    pub outlet: u32,
    pub events: EventFilter,
    /// The sequence of the first entry that the listener gets.
    pub since: u64,
}

/// The broadcasts that a listener looks at.
#[derive(Clone, Copy, Debug)]
pub(crate) enum EventFilter {
    /// The events that the listener's channel intercepts; all other events go out on the wire.
    Intercepted(&'static [&'static str]),
    /// All broadcasts, for a channel that subscribed by hand (`Socket::subscribe`).
    All,
    /// All broadcasts, for the connection itself (its socket id).
    SocketId,
}

impl Listener {
    /// Returns the reason why `parcel` is for this listener. `None` if the parcel is not for this
    /// listener.
    pub fn hears(&self, parcel: &Parcel) -> Option<HeardBy> {
        if parcel.sequence < self.since || parcel.entry.origin() == Some(self.id) {
            return None;
        }
        let original = parcel.entry.original()?;
        match self.events {
            EventFilter::Intercepted(events) => events
                .contains(&&*original.event)
                .then_some(HeardBy::Intercept),
            EventFilter::All => Some(HeardBy::Hand),
            EventFilter::SocketId => Some(HeardBy::SocketId),
        }
    }
}

/// A broadcast for a channel that looks at it itself, or for a connection with a socket id.
#[derive(Clone, Debug)]
pub struct Heard {
    /// The connection.
    pub outlet: u32,
    /// The subscription through which the broadcast came.
    pub id: SubscriptionId,
    /// The topic of the broadcast.
    pub topic: Arc<str>,
    /// The entry of the broadcast.
    pub entry: Arc<Entry>,
    /// The reason why this channel or connection gets the broadcast.
    pub by: HeardBy,
}

impl Heard {
    /// Returns the weight of the broadcast: this value and the payload, though other holders share
    /// the payload.
    pub(crate) fn bytes(&self) -> usize {
        let payload = self.entry.original().map_or(0, |o| o.payload.len());
        size_of::<Heard>() + payload
    }
}

/// The reason why a broadcast comes to a channel or a connection instead of the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeardBy {
    /// The channel intercepts the event.
    Intercept,
    /// The channel subscribed to the topic by hand (`Socket::subscribe`).
    Hand,
    /// The topic is the connection's socket id.
    SocketId,
}

/// Broadcasts that this shard has still to hand to channels, in order.
#[derive(Debug, Default)]
pub(crate) struct HeardQueue {
    queue: VecDeque<Heard>,
    /// Weight of the broadcasts in `queue`. It is a part of the shard's lag, by which publishers
    /// are slowed.
    bytes: usize,
}

impl HeardQueue {
    pub fn push(&mut self, heard: Heard) {
        self.bytes += heard.bytes();
        self.queue.push_back(heard);
    }

    pub fn pop(&mut self) -> Option<Heard> {
        let heard = self.queue.pop_front()?;
        self.bytes -= heard.bytes();
        Some(heard)
    }

    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Drops the broadcasts for `outlet`.
    pub fn forget(&mut self, outlet: u32) {
        if !self.queue.is_empty() {
            self.queue.retain(|heard| heard.outlet != outlet);
            self.bytes = self.queue.iter().map(Heard::bytes).sum();
        }
    }

    /// Gives back memory that a burst has left.
    pub fn give_back(&mut self) {
        shrink_queue(&mut self.queue);
    }
}
