//! Taking the mail in: what was published anywhere goes into this shard's logs, and to those who listen.

use std::sync::Arc;

use super::Fanout;
use crate::broker::topics::entry::Entry;
use crate::broker::topics::position::SubscriptionId;
use crate::broker::topics::topic::Parcel;

/// A broadcast for a channel that looks at it itself, or for a connection with a socket id.
#[derive(Clone, Debug)]
pub struct Heard {
    /// The connection.
    pub outlet: u32,
    /// The subscription it came by.
    pub id: SubscriptionId,
    /// The topic it was published to.
    pub topic: Arc<str>,
    /// What was published.
    pub entry: Arc<Entry>,
    /// Why this channel hears of it.
    pub by: HeardBy,
}

impl Heard {
    /// What it weighs: itself, and the payload, though it shares that with others.
    fn bytes(&self) -> usize {
        let payload = self.entry.original().map_or(0, |o| o.payload.len());
        size_of::<Heard>() + payload
    }
}

/// Why a broadcast comes to a channel or a connection instead of the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeardBy {
    /// Its channel intercepts the event.
    Intercept,
    /// Its channel subscribed to the topic by hand.
    Hand,
    /// The topic is the connection's socket id.
    SocketId,
}

/// The buffer for mail keeps room for this many parcels (32 bytes each) from one turn to the next.
const PARCELS_KEPT: usize = 4096;

impl Fanout {
    /// Takes the mail in: every entry goes to its topic's log, and to those who listen.
    pub fn take_mail(&mut self) {
        let mut parcels = std::mem::take(&mut self.parcels);
        self.hub.mailbox(self.shard).take(&mut parcels);
        for parcel in parcels.drain(..) {
            self.take_in(parcel);
        }
        if parcels.capacity() <= PARCELS_KEPT {
            self.parcels = parcels;
        }
    }

    fn take_in(&mut self, parcel: Parcel) {
        let slot = parcel.room.slot;
        let Some(room) = self.rooms.get_mut(slot as usize) else {
            return;
        };
        if room.stamp != parcel.room.stamp {
            return;
        }
        debug_assert_eq!(room.log.head(), parcel.sequence);
        for listener in &room.listeners {
            if let Some(by) = listener.hears(&parcel) {
                let heard = Heard {
                    outlet: listener.outlet,
                    id: listener.id,
                    topic: Arc::clone(room.topic.name()),
                    entry: Arc::clone(&parcel.entry),
                    by,
                };
                self.heard_bytes += heard.bytes();
                self.heard.push_back(heard);
            }
        }
        if room.members.is_empty() {
            self.retained_bytes -= room.log.skip(parcel.sequence + 1);
            room.settle();
            return;
        }
        self.unsettled_bytes += parcel.entry.bytes();
        self.retained_bytes += room.log.append(parcel.entry);
        room.circle.restart();
        if !room.active {
            room.active = true;
            self.active.push_back(slot);
        }
        if room.log.is_roomy() {
            self.watch(slot);
        }
    }

    /// Whether there are broadcasts for those who look at them themselves.
    pub fn has_heard(&self) -> bool {
        !self.heard.is_empty()
    }

    /// The next broadcast for a channel or connection that looks at it itself.
    pub fn take_heard(&mut self) -> Option<Heard> {
        let heard = self.heard.pop_front()?;
        self.heard_bytes -= heard.bytes();
        Some(heard)
    }

    /// Drops what a connection that is gone has not heard yet.
    pub(crate) fn forget_heard(&mut self, outlet: u32) {
        if !self.heard.is_empty() {
            self.heard.retain(|heard| heard.outlet != outlet);
            self.heard_bytes = self.heard.iter().map(Heard::bytes).sum();
        }
    }
}
