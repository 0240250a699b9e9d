//! Subscriptions: where a cursor begins, and the entries that still go out when it ends.

use std::sync::Arc;

use bytes::Bytes;

use super::Fanout;
use super::listener::{EventFilter, Listener};
use super::outlet::{Flow, LISTENS, Outlet, Subscription};
use super::room::{Member, Room};
use super::settings::Retention;
use super::sink::Failure;
use crate::broker::topics::entry::Class;
use crate::broker::topics::kind::TopicKind;
use crate::broker::topics::parcel::RoomKey;
use crate::broker::topics::position::SubscriptionId;
use crate::broker::topics::topic::{MemberKind, NotJoined};

/// The terms on which a client becomes a member of a topic.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terms {
    /// The events that are [heard](Fanout::take_heard) instead of delivered.
    pub intercept: &'static [&'static str],
    /// Most channel members that the topic may have on all shards, this shard included. Default:
    /// any number.
    pub members_max: Option<u32>,
    /// The bounds of the topic's log on this shard from now on. Default: the bounds in
    /// [`FanoutSettings`](super::settings::FanoutSettings).
    pub retention: Option<Retention>,
}

/// The key of a topic.
type TopicKey<'a> = (TopicKind, &'a str);

fn room(name: &str) -> TopicKey<'_> {
    (TopicKind::Room, name)
}

impl Fanout {
    /// Subscribes a connection: the connection gets all broadcasts to `topic` from now on, except
    /// the events in `intercept`, which are [heard](Fanout::take_heard).
    #[cfg(feature = "engine")]
    pub fn subscribe(
        &mut self,
        outlet: u32,
        id: SubscriptionId,
        topic: &str,
        intercept: &'static [&'static str],
    ) {
        let terms = Terms {
            intercept,
            ..Terms::default()
        };
        self.subscribe_on(outlet, id, topic, &terms, None);
    }

    /// Like [`subscribe`](Fanout::subscribe), but on terms. Sends `first` in front of all frames of
    /// the subscription. False if the topic is full; then nothing has changed. For a connection
    /// that was given up, nothing has changed either, but the result is true.
    pub fn subscribe_on(
        &mut self,
        outlet: u32,
        id: SubscriptionId,
        topic: &str,
        terms: &Terms,
        first: Option<Bytes>,
    ) -> bool {
        let Some((class, opened)) = self.taking(outlet).map(|o| (o.class, o.opened)) else {
            return true;
        };
        let Some((slot, next)) = self.enter_topic(topic, class, terms) else {
            return false;
        };
        let member = Member {
            id,
            outlet,
            class,
            lagging: false,
            intercepts: !terms.intercept.is_empty(),
            next,
        };
        let place = self.add_member(slot, member, opened, terms);
        self.keep(
            outlet,
            Subscription {
                id,
                room: slot,
                member: place,
            },
        );
        if self.outlet(outlet).is_some_and(|o| o.flow != Flow::Open) {
            self.set_lagging(outlet, true);
        }
        if let Some(first) = first {
            self.send(outlet, first, None);
        }
        true
    }

    /// Joins the topic as a member, and also as a listener if the channel intercepts events. `None`
    /// if the topic is full.
    fn enter_topic(&mut self, topic: &str, class: Class, terms: &Terms) -> Option<(u32, u64)> {
        let members_max = terms.members_max.unwrap_or(u32::MAX);
        // The listener joins first, so that every entry from the member's first entry on keeps its
        // event and payload for the listener.
        let mut ahead = None;
        if !terms.intercept.is_empty() {
            ahead = Some(self.join(room(topic), MemberKind::Listener, members_max)?);
        }
        let joined = self.join(room(topic), MemberKind::Wire(class), members_max);
        if let (None, Some((slot, _))) = (joined, ahead) {
            self.leave_topic(slot, MemberKind::Listener);
            self.remove_room_if_empty(slot);
        }
        joined
    }

    /// Adds a member to the topic, unless the topic has `members_max` channel members already.
    /// Returns the room's slot and the sequence of the first entry the member gets.
    fn join(&mut self, of: TopicKey<'_>, kind: MemberKind, members_max: u32) -> Option<(u32, u64)> {
        loop {
            match self.try_join(of, kind, members_max) {
                Ok(joined) => return Some(joined),
                // The topic's last member left between look-up and join: look the topic up again.
                Err(NotJoined::Dead) => continue,
                Err(NotJoined::Full) => return None,
            }
        }
    }

    fn try_join(
        &mut self,
        of: TopicKey<'_>,
        kind: MemberKind,
        members_max: u32,
    ) -> Result<(u32, u64), NotJoined> {
        let (topic_kind, name) = of;
        if let Some(slot) = self.rooms.slot_of(topic_kind, name) {
            let room = &self.rooms[slot];
            let key = RoomKey {
                slot,
                stamp: room.stamp,
            };
            let last = room
                .topic
                .join(self.shard, key, kind, members_max, &room.lag)?;
            return Ok((slot, last + 1));
        }
        let topic = self.hub.topics.find_to_join(topic_kind, name);
        let key = self.rooms.next_key();
        let lag = Arc::default();
        let joined = topic.join(self.shard, key, kind, members_max, &lag);
        if joined == Err(NotJoined::Full) {
            // The topic may be new, and then no leaving member would remove it.
            self.hub.topics.remove_if_empty(&topic);
        }
        let last = joined?;
        self.rooms
            .insert(Room::new(topic, key.stamp, last + 1, lag));
        Ok((key.slot, last + 1))
    }

    /// Adds a member to its room, with its listener. Returns the member's place among the members.
    fn add_member(&mut self, slot: u32, member: Member, opened: u32, terms: &Terms) -> u32 {
        let room = &mut self.rooms[slot];
        room.retention = terms.retention.map(Box::new);
        if member.intercepts {
            let listener = Listener {
                id: member.id,
                outlet: member.outlet,
                opened,
                events: EventFilter::Intercepted(terms.intercept),
                since: member.next,
            };
            let interceptors = room.interceptors.get_or_insert_default();
            interceptors.add(listener, terms.intercept);
        }
        let place = room.members.len() as u32;
        room.members.push(member);
        room.round_robin.joined();
        self.members += 1;
        place
    }

    /// Returns the connection, unless it was given up: the cursor of a failed connection would hold
    /// a log for ever.
    fn taking(&self, outlet: u32) -> Option<&Outlet> {
        self.outlet(outlet).filter(|o| o.flow != Flow::Failed)
    }

    fn keep(&mut self, outlet: u32, subscription: Subscription) {
        if let Some(o) = self.outlet_mut(outlet) {
            o.subscriptions.push(subscription);
        }
    }

    /// Lets a channel hear all broadcasts to `topic` from now on.
    pub fn listen(&mut self, outlet: u32, id: SubscriptionId, topic: &str) {
        self.listen_for(outlet, id, room(topic), EventFilter::All);
    }

    /// Lets a connection hear all that is published to its socket id from now on.
    pub fn listen_as_socket_id(&mut self, outlet: u32, id: SubscriptionId, socket_id: &str) {
        let of = (TopicKind::SocketId, socket_id);
        self.listen_for(outlet, id, of, EventFilter::SocketId);
    }

    fn listen_for(
        &mut self,
        outlet: u32,
        id: SubscriptionId,
        of: TopicKey<'_>,
        events: EventFilter,
    ) {
        let Some(opened) = self.taking(outlet).map(|o| o.opened) else {
            return;
        };
        let Some((slot, since)) = self.join(of, MemberKind::Listener, u32::MAX) else {
            return;
        };
        let room = &mut self.rooms[slot];
        let place = room.listeners.len() as u32;
        room.listeners.push(Listener {
            id,
            outlet,
            opened,
            events,
            since,
        });
        self.keep(
            outlet,
            Subscription {
                id,
                room: slot,
                member: LISTENS | place,
            },
        );
    }

    /// Ends all subscriptions with this `id`. Entries published until now still go out before the
    /// next frame.
    ///
    /// These entries become frames of the outbox, because the log may end. A position must never
    /// become a queue. So a connection that is blocked or catching up is given up
    /// ([`Failure::FellBehind`]) if its outbox would then hold more than 1,024 frames.
    pub fn unsubscribe(&mut self, outlet: u32, id: SubscriptionId) {
        self.take_mail();
        self.give_up_if_fallen(outlet);
        if self.would_queue(outlet, id) {
            return self.give_up(outlet, Failure::FellBehind);
        }
        self.move_to_outbox(outlet, id);
        while let Some(at) = self.outlet(outlet).and_then(|o| {
            let subscriptions = o.subscriptions.as_slice();
            subscriptions.iter().position(|s| s.id == id)
        }) {
            self.remove_subscription(outlet, at);
        }
    }
}
