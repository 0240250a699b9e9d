//! Ingress of broadcasts: the shard's mail goes into its logs, and to its listeners.

use std::sync::Arc;

use super::Fanout;
use super::listener::Heard;
use crate::broker::topics::parcel::Parcel;

/// The buffer for mail keeps room for this many parcels (32 bytes each) between turns.
const PARCELS_KEPT: usize = 4096;

impl Fanout {
    /// Takes the mail in: every entry goes to its topic's log, and to the topic's listeners.
    pub fn take_mail(&mut self) {
        let mut parcels = std::mem::take(&mut self.scratch.parcels);
        self.hub.mailbox(self.shard).take(&mut parcels);
        for parcel in parcels.drain(..) {
            self.take_in(parcel);
        }
        if parcels.capacity() <= PARCELS_KEPT {
            self.scratch.parcels = parcels;
        }
    }

    fn take_in(&mut self, parcel: Parcel) {
        let slot = parcel.room.slot;
        let Some(room) = self.rooms.get_mut(slot) else {
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
                self.heard.push(heard);
            }
        }
        if room.members.is_empty() {
            self.kept.bytes -= room.log.skip(parcel.sequence + 1);
            room.settle();
            return;
        }
        self.passes.unsettled_bytes += parcel.entry.bytes();
        self.kept.bytes += room.log.append(parcel.entry);
        room.circle.restart();
        if !room.active {
            room.active = true;
            self.passes.rooms.push_back(slot);
        }
        if room.log.is_roomy() {
            self.watch(slot);
        }
    }

    /// Whether broadcasts wait for channels or connections that look at broadcasts themselves.
    pub fn has_heard(&self) -> bool {
        !self.heard.is_empty()
    }

    /// The next broadcast for a channel or connection that looks at broadcasts itself.
    pub fn take_heard(&mut self) -> Option<Heard> {
        self.heard.pop()
    }
}
