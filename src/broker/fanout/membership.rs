//! Leaving rooms: a subscription's end, and the removal of an empty room.

use super::Fanout;
use super::listener::shrink_list;
use super::outlet::{LISTENS, Outlet, Subscription};
use crate::broker::shrink::{is_mostly_spare, kept};
use crate::broker::topics::topic::MemberKind;

impl Fanout {
    pub(crate) fn outlet(&self, outlet: u32) -> Option<&Outlet> {
        self.outlets.get(outlet)
    }

    pub(crate) fn outlet_mut(&mut self, outlet: u32) -> Option<&mut Outlet> {
        self.outlets.get_mut(outlet)
    }

    /// Takes the `at`th subscription of a connection out of its room, and removes an empty room.
    pub(crate) fn remove_subscription(&mut self, outlet: u32, at: usize) {
        let Some(o) = self.outlet_mut(outlet) else {
            return;
        };
        let subscription = o.subscriptions.remove(at);
        if subscription.listens() {
            self.remove_listener(subscription);
        } else {
            self.remove_member(subscription);
        }
        self.remove_room_if_empty(subscription.room);
    }

    fn remove_member(&mut self, subscription: Subscription) {
        let room = &mut self.rooms[subscription.room];
        let gone = room.members[subscription.member as usize];
        room.lagging -= usize::from(gone.lagging);
        let moves = room.round_robin.left_at(subscription.member as usize);
        for (to, from) in moves.into_iter().flatten() {
            let moved = room.members[from];
            room.members[to] = moved;
            let o = self.outlets.get_mut(moved.outlet);
            let subscriptions = o.map(|o| o.subscriptions.as_mut_slice());
            let at =
                subscriptions.and_then(|s| s.iter_mut().find(|s| s.id == moved.id && !s.listens()));
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
            self.remove_interceptor(subscription);
        }
    }

    fn remove_interceptor(&mut self, subscription: Subscription) {
        let room = &mut self.rooms[subscription.room];
        let Some(interceptors) = &mut room.interceptors else {
            return;
        };
        let is_gone = interceptors.remove(subscription.id);
        if interceptors.is_empty() {
            room.interceptors = None;
        }
        if is_gone {
            self.outlets.looks.count();
            self.leave_topic(subscription.room, MemberKind::Listener);
        }
    }

    /// Removes the listener of a subscription. The last listener of the room takes its place, and
    /// the subscription of that listener is told.
    fn remove_listener(&mut self, subscription: Subscription) {
        let room = &mut self.rooms[subscription.room];
        let place = (subscription.member & !LISTENS) as usize;
        if place >= room.listeners.len() {
            return;
        }
        room.listeners.swap_remove(place);
        shrink_list(&mut room.listeners);
        self.outlets.looks.count();
        if let Some(moved) = room.listeners.get(place)
            && let Some(o) = self.outlets.get_mut(moved.outlet)
        {
            let from = LISTENS | room.listeners.len() as u32;
            let mut subscriptions = o.subscriptions.as_mut_slice().iter_mut();
            let is_moved = |s: &&mut Subscription| s.room == subscription.room && s.member == from;
            if let Some(moved) = subscriptions.find(is_moved) {
                moved.member = subscription.member;
            }
        }
        self.leave_topic(subscription.room, MemberKind::Listener);
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
            self.passes.unsettled.take(room.unsettled_bytes());
            let room = self.rooms.remove(slot);
            self.kept.weight.take(room.log.weight());
        } else if room.members.is_empty() {
            self.passes.unsettled.take(room.settle().bytes);
            let head = room.log.head();
            self.kept.weight.take(room.log.skip(head));
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
