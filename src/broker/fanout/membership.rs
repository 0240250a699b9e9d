//! How subscriptions enter and leave rooms.

use super::Fanout;
use super::listener::EventFilter;
use super::outlet::{Flow, LISTENS, Outlet, Subscription};
use super::room::Room;
use crate::broker::shrink::{is_mostly_spare, kept};
use crate::broker::topics::parcel::RoomKey;
use crate::broker::topics::topic::{MemberKind, NotJoined};

impl Fanout {
    pub(crate) fn outlet(&self, outlet: u32) -> Option<&Outlet> {
        self.outlets.get(outlet)
    }

    /// The connection, unless it was given up: the
    /// cursor of a failed one would hold a log forever.
    pub(crate) fn taking(&self, outlet: u32) -> Option<&Outlet> {
        self.outlet(outlet).filter(|o| o.flow != Flow::Failed)
    }

    pub(crate) fn outlet_mut(&mut self, outlet: u32) -> Option<&mut Outlet> {
        self.outlets.get_mut(outlet)
    }

    /// Adds a member to the topic, unless the topic has `members_max` channel members already.
    /// Returns the room's slot and the sequence of the first entry the member gets.
    pub(crate) fn join(
        &mut self,
        name: &str,
        kind: MemberKind,
        members_max: u32,
    ) -> Option<(u32, u64)> {
        loop {
            match self.try_join(name, kind, members_max) {
                Ok(joined) => return Some(joined),
                // The topic's last member left between look-up and join: look the topic up again.
                Err(NotJoined::Dead) => continue,
                Err(NotJoined::Full) => return None,
            }
        }
    }

    fn try_join(
        &mut self,
        name: &str,
        kind: MemberKind,
        members_max: u32,
    ) -> Result<(u32, u64), NotJoined> {
        if let Some(slot) = self.rooms.slot_of(name) {
            let room = &self.rooms[slot];
            let key = RoomKey {
                slot,
                stamp: room.stamp,
            };
            let last = room.topic.join(self.shard, key, kind, members_max)?;
            return Ok((slot, last + 1));
        }
        let topic = self.hub.topics.find_to_join(name);
        let key = self.rooms.next_key();
        let joined = topic.join(self.shard, key, kind, members_max);
        if joined == Err(NotJoined::Full) {
            // The topic may be new, and then nobody else would remove it.
            self.hub.topics.remove_if_empty(&topic);
        }
        let last = joined?;
        self.rooms.insert(Room::new(topic, key.stamp, last + 1));
        Ok((key.slot, last + 1))
    }

    pub(crate) fn keep(&mut self, outlet: u32, subscription: Subscription) {
        if let Some(o) = self.outlet_mut(outlet) {
            o.subscriptions.push(subscription);
        }
    }

    /// Takes the `at`th subscription of a connection out of its room, and removes an empty room.
    pub(crate) fn remove_subscription(&mut self, outlet: u32, at: usize) {
        let Some(o) = self.outlet_mut(outlet) else {
            return;
        };
        let subscription = o.subscriptions.remove(at);
        if subscription.member == LISTENS {
            self.remove_listener(subscription, |events| {
                !matches!(events, EventFilter::Intercepted(_))
            });
        } else {
            self.remove_member(subscription);
        }
        self.remove_room_if_empty(subscription.room);
    }

    fn remove_member(&mut self, subscription: Subscription) {
        let room = &mut self.rooms[subscription.room];
        let gone = room.members[subscription.member as usize];
        room.lagging -= usize::from(gone.lagging);
        let moves = room.circle.left_at(subscription.member as usize);
        for (to, from) in moves.into_iter().flatten() {
            let moved = room.members[from];
            room.members[to] = moved;
            let o = self.outlets.get_mut(moved.outlet);
            let subscriptions = o.map(|o| o.subscriptions.as_mut_slice());
            let at = subscriptions.and_then(|s| {
                s.iter_mut()
                    .find(|s| s.id == moved.id && s.member != LISTENS)
            });
            if let Some(at) = at {
                at.member = to as u32;
            }
        }
        room.members.pop();
        self.members -= 1;
        if is_mostly_spare(room.members.len(), room.members.capacity()) {
            room.members.shrink_to(kept(room.members.len()));
        }
        let kind = MemberKind::Wire(gone.class);
        self.leave_topic(subscription.room, kind);
        if gone.intercepts {
            self.remove_listener(subscription, |events| {
                matches!(events, EventFilter::Intercepted(_))
            });
        }
    }

    fn remove_listener(&mut self, subscription: Subscription, which: impl Fn(EventFilter) -> bool) {
        let room = &mut self.rooms[subscription.room];
        let mut listeners = room.listeners.iter();
        let at = listeners.position(|l| l.id == subscription.id && which(l.events));
        if let Some(at) = at {
            room.listeners.swap_remove(at);
            if is_mostly_spare(room.listeners.len(), room.listeners.capacity()) {
                room.listeners.shrink_to(kept(room.listeners.len()));
            }
            self.leave_topic(subscription.room, MemberKind::Listener);
        }
    }

    pub(crate) fn leave_topic(&mut self, slot: u32, kind: MemberKind) {
        let room = &self.rooms[slot];
        if room.topic.leave(self.shard, kind, room.is_empty()) {
            self.hub.topics.remove_if_empty(&room.topic);
        }
    }

    pub(crate) fn remove_room_if_empty(&mut self, slot: u32) {
        let room = &mut self.rooms[slot];
        if room.is_empty() {
            self.passes.unsettled_bytes -= room.unsettled_bytes();
            let room = self.rooms.remove(slot);
            self.kept.bytes -= room.log.weight();
        } else if room.members.is_empty() {
            self.passes.unsettled_bytes -= room.settle().bytes;
            let head = room.log.head();
            self.kept.bytes -= room.log.skip(head);
        }
    }

    pub(crate) fn remove_subscriptions(&mut self, outlet: u32) {
        while self
            .outlet(outlet)
            .is_some_and(|o| !o.subscriptions.as_slice().is_empty())
        {
            self.remove_subscription(outlet, 0);
        }
    }
}
