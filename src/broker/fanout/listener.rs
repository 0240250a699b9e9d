//! Channels that look at broadcasts themselves, and the broadcasts for them.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::balance::Balance;
use super::outlets::shrink_queue;
use crate::broker::shrink::{is_mostly_spare, kept};
use crate::broker::topics::entry::Entry;
use crate::broker::topics::parcel::{Parcel, RoomKey};
use crate::broker::topics::position::SubscriptionId;

/// A subscriber that looks at broadcasts itself.
#[derive(Clone, Debug)]
pub(crate) struct Listener {
    pub id: SubscriptionId,
    pub outlet: u32,
    /// Distinguishes the connection from later ones with its number.
    pub opened: u32,
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

/// The listeners of a room that are members as well: their channels intercept events.
///
/// A pass looks for the events of each member that it visits, and a crowd leaves as fast as it
/// came. So no step searches the list.
#[derive(Debug, Default)]
pub(crate) struct Interceptors {
    each: Vec<Listener>,
    /// The places of `each`, by subscription.
    places: HashMap<SubscriptionId, u32>,
    /// The different sets of events, and how many channels intercept each: most rooms have one set.
    sets: Vec<(&'static [&'static str], usize)>,
}

impl Interceptors {
    /// Adds a channel that intercepts `events`.
    pub fn add(&mut self, listener: Listener, events: &'static [&'static str]) {
        match self.sets.iter_mut().find(|(set, _)| *set == events) {
            Some((_, channels)) => *channels += 1,
            None => self.sets.push((events, 1)),
        }
        self.places.insert(listener.id, self.each.len() as u32);
        self.each.push(listener);
    }

    /// Removes the channel with the subscription `id`. False if there is no such channel.
    pub fn remove(&mut self, id: SubscriptionId) -> bool {
        let Some(place) = self.places.remove(&id) else {
            return false;
        };
        let gone = self.each.swap_remove(place as usize);
        if let Some(moved) = self.each.get(place as usize) {
            self.places.insert(moved.id, place);
        }
        let events = gone.events.intercepted();
        if let Some(at) = self.sets.iter().position(|(set, _)| *set == events) {
            self.sets[at].1 -= 1;
            if self.sets[at].1 == 0 {
                self.sets.swap_remove(at);
            }
        }
        shrink_list(&mut self.each);
        if is_mostly_spare(self.places.len(), self.places.capacity()) {
            self.places.shrink_to(kept(self.places.len()));
        }
        true
    }

    pub fn is_empty(&self) -> bool {
        self.each.is_empty()
    }

    /// Returns the events that the channel of subscription `id` intercepts.
    pub fn events_of(&self, id: SubscriptionId) -> &'static [&'static str] {
        let place = self.places.get(&id);
        let listener = place.and_then(|place| self.each.get(*place as usize));
        listener.map_or(&[], |listener| listener.events.intercepted())
    }

    /// Returns the channels that may intercept `entry`: none if no channel intercepts its event.
    pub fn of_event(&self, entry: &Entry) -> &[Listener] {
        let event = entry.original().map(|original| &*original.event);
        let is_intercepted = |event| self.sets.iter().any(|(set, _)| set.contains(&event));
        if event.is_some_and(is_intercepted) {
            &self.each
        } else {
            &[]
        }
    }
}

impl EventFilter {
    fn intercepted(self) -> &'static [&'static str] {
        match self {
            EventFilter::Intercepted(events) => events,
            EventFilter::All | EventFilter::SocketId => &[],
        }
    }
}

/// Gives back memory that a crowd of listeners has left.
pub(crate) fn shrink_list(listeners: &mut Vec<Listener>) {
    if is_mostly_spare(listeners.len(), listeners.capacity()) {
        listeners.shrink_to(kept(listeners.len()));
    }
}

/// A broadcast for a channel that looks at it itself, or for a connection with a socket id.
#[derive(Clone, Debug)]
pub struct Heard {
    /// The connection.
    pub outlet: u32,
    /// Distinguishes the connection from later ones with its number.
    pub(crate) opened: u32,
    /// The subscription through which the broadcast came.
    pub id: SubscriptionId,
    /// The topic of the broadcast.
    pub topic: Arc<str>,
    /// The room of the topic.
    pub(crate) room: RoomKey,
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
    weight: Balance,
}

impl HeardQueue {
    /// Adds a broadcast. Returns its weight.
    pub fn push(&mut self, heard: Heard) -> usize {
        let bytes = heard.bytes();
        self.weight.add(bytes);
        self.queue.push_back(heard);
        bytes
    }

    /// Takes the next broadcast, and its weight.
    pub fn pop(&mut self) -> Option<(Heard, usize)> {
        let heard = self.queue.pop_front()?;
        let bytes = heard.bytes();
        self.weight.take(bytes);
        Some((heard, bytes))
    }

    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    pub fn weight(&self) -> &Balance {
        &self.weight
    }

    /// Gives back memory that a burst has left.
    pub fn give_back(&mut self) {
        shrink_queue(&mut self.queue);
    }
}
