//! The rooms of one shard: topics with subscribers here, by slot and by name.

use std::collections::HashMap;
use std::ops::{Index, IndexMut};
use std::sync::Arc;

use slab::Slab;

use super::room::Room;
use crate::broker::shrink::{is_mostly_spare, kept};
use crate::broker::topics::kind::{ByKind, TopicKind};
use crate::broker::topics::parcel::RoomKey;

/// The rooms of one shard. A room keeps its slot until it is removed. A slot may be reused, with
/// another stamp.
#[derive(Debug, Default)]
pub(crate) struct RoomSlots {
    by_name: ByKind<HashMap<Arc<str>, u32>>,
    slots: Slab<Room>,
    next_stamp: u32,
}

impl RoomSlots {
    pub fn slot_of(&self, kind: TopicKind, name: &str) -> Option<u32> {
        self.by_name.of(kind).get(name).copied()
    }

    pub fn get(&self, slot: u32) -> Option<&Room> {
        self.slots.get(slot as usize)
    }

    pub fn get_mut(&mut self, slot: u32) -> Option<&mut Room> {
        self.slots.get_mut(slot as usize)
    }

    /// Returns the room at `slot`. `None` if the slot is free, or another room has taken it.
    pub fn with_stamp(&mut self, slot: u32, stamp: u32) -> Option<&mut Room> {
        self.get_mut(slot).filter(|room| room.stamp == stamp)
    }

    /// Returns the slot and stamp for the next room.
    pub fn next_key(&self) -> RoomKey {
        RoomKey {
            slot: self.slots.vacant_key() as u32,
            stamp: self.next_stamp,
        }
    }

    /// Adds a room that was made with [`next_key`](RoomSlots::next_key).
    pub fn insert(&mut self, room: Room) {
        self.next_stamp = self.next_stamp.wrapping_add(1);
        let (kind, name) = (room.topic.kind(), Arc::clone(room.topic.name()));
        let slot = self.slots.insert(room);
        self.by_name.of_mut(kind).insert(name, slot as u32);
    }

    pub fn remove(&mut self, slot: u32) -> Room {
        let room = self.slots.remove(slot as usize);
        let by_name = self.by_name.of_mut(room.topic.kind());
        by_name.remove(room.topic.name());
        room
    }

    #[cfg(feature = "engine")]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Gives back memory that a crowd of rooms has left.
    pub fn give_back(&mut self) {
        for by_name in [&mut self.by_name.rooms, &mut self.by_name.socket_ids] {
            if is_mostly_spare(by_name.len(), by_name.capacity()) {
                by_name.shrink_to(kept(by_name.len()));
            }
        }
        if is_mostly_spare(self.slots.len(), self.slots.capacity()) {
            // Only slots behind the last used slot can be given back, because subscriptions and
            // parcels know rooms by their slots.
            self.slots.shrink_to_fit();
        }
    }
}

impl Index<u32> for RoomSlots {
    type Output = Room;

    fn index(&self, slot: u32) -> &Room {
        &self.slots[slot as usize]
    }
}

impl IndexMut<u32> for RoomSlots {
    fn index_mut(&mut self, slot: u32) -> &mut Room {
        &mut self.slots[slot as usize]
    }
}
