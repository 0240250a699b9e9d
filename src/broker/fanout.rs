//! One shard's half of the broker: who is subscribed here, what is for whom, and what came in the mail.
//!
//! Nothing here touches a socket; [`flush`](Fanout::flush) does, through a [`Sink`](super::Sink).

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;

use super::flush::{Failure, Scratch};
use super::outlet::{Flow, LISTENS, Outlet, Subscription};
use super::room::{Events, Listener, Member, Room};
use super::topic::{MemberKind, Parcel};
use super::{Class, Draft, Entry, Hub, Published, SubscriptionId, Wants};

/// Bounds of what one shard keeps. Each has a named outcome.
#[derive(Clone, Copy, Debug)]
pub struct FanoutSettings {
    /// Bytes of sealed frames a topic's log may keep for members that are behind. Default 1 MiB. A member that falls
    /// off its end is closed as a slow consumer ([`Failure::FellBehind`]); nobody is skipped silently.
    pub retention_bytes_max: usize,
    /// Entries a topic's log may keep for members that are behind. Default 16,384. Outcome as above.
    pub retention_entries_max: usize,
    /// Bytes of replies and pushes that may wait for one connection, with some 120 for keeping each. Default 1 MiB. Beyond it the connection is
    /// closed as a slow consumer ([`Failure::OutboxFull`]).
    pub outbox_bytes_max: usize,
}

impl Default for FanoutSettings {
    fn default() -> FanoutSettings {
        FanoutSettings {
            retention_bytes_max: 1 << 20,
            retention_entries_max: 1 << 14,
            outbox_bytes_max: 1 << 20,
        }
    }
}

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

/// One shard's topics, connections and cursors.
#[derive(Debug)]
pub struct Fanout {
    pub(super) shard: u16,
    pub(super) hub: Arc<Hub>,
    pub(super) settings: FanoutSettings,
    pub(super) rooms_by_name: HashMap<Arc<str>, u32>,
    pub(super) rooms: slab::Slab<Room>,
    pub(super) outlets: Vec<Option<Outlet>>,
    /// Rooms with a pass to run.
    pub(super) active: VecDeque<u32>,
    /// Outlets with frames of their own, or catching up.
    pub(super) queued: VecDeque<u32>,
    pub(super) failed: Vec<(u32, Failure)>,
    pub(super) scratch: Scratch,
    pub(super) unsettled_bytes: usize,
    parcels: Vec<Parcel>,
    heard: VecDeque<Heard>,
    /// What those weigh, for publishers to be slowed by.
    pub(super) heard_bytes: usize,
    pub(super) room_stamp: u32,
    subscriptions: u64,
}

impl Fanout {
    /// The fan-out of shard number `shard` of `hub`.
    pub fn new(shard: u16, hub: Arc<Hub>, settings: FanoutSettings) -> Fanout {
        Fanout {
            shard,
            hub,
            settings,
            rooms_by_name: HashMap::new(),
            rooms: slab::Slab::new(),
            outlets: Vec::new(),
            active: VecDeque::new(),
            queued: VecDeque::new(),
            failed: Vec::new(),
            scratch: Scratch::default(),
            unsettled_bytes: 0,
            parcels: Vec::new(),
            heard: VecDeque::new(),
            heard_bytes: 0,
            room_stamp: 0,
            subscriptions: 0,
        }
    }

    /// A connection begins. `outlet` is the caller's number for it; numbers are small and may be reused after
    /// [`close`](Fanout::close).
    pub fn open(&mut self, outlet: u32, class: Class) {
        let index = outlet as usize;
        if self.outlets.len() <= index {
            self.outlets.resize_with(index + 1, || None);
        }
        self.outlets[index] = Some(Outlet::new(class));
    }

    /// A connection is gone, with its subscriptions and all that waited for it.
    pub fn close(&mut self, outlet: u32) {
        self.fail(outlet);
        if let Some(slot) = self.outlets.get_mut(outlet as usize) {
            *slot = None;
        }
        self.heard.retain(|heard| heard.outlet != outlet);
        self.heard_bytes = self.heard.iter().map(Heard::bytes).sum();
        self.failed.retain(|(failed, _)| *failed != outlet);
    }

    /// A new id for a subscription; see [`subscribe`](Fanout::subscribe).
    pub fn new_id(&mut self) -> SubscriptionId {
        self.subscriptions += 1;
        SubscriptionId(u64::from(self.shard) << 48 | self.subscriptions)
    }

    /// Subscribes a connection: it gets what is published to `topic` from now on, but for the events in `intercept`,
    /// which are [heard](Fanout::take_heard).
    pub fn subscribe(
        &mut self,
        outlet: u32,
        id: SubscriptionId,
        topic: &str,
        intercept: &'static [&'static str],
    ) {
        let Some(class) = self.taking(outlet).map(|o| o.class) else {
            return;
        };
        // The listener first: whatever the cursor then meets was sealed with its event for the listener to see.
        if !intercept.is_empty() {
            self.join(topic, MemberKind::Listener);
        }
        let (slot, next) = self.join(topic, MemberKind::Wire(class));
        let room = &mut self.rooms[slot as usize];
        let member = Member {
            id,
            outlet,
            class,
            lagging: false,
            intercepts: !intercept.is_empty(),
            next,
        };
        if member.intercepts {
            let events = Events::Intercepted(intercept);
            let since = next;
            room.listeners.push(Listener {
                id,
                outlet,
                events,
                since,
            });
        }
        let place = room.members.len() as u32;
        room.members.push(member);
        room.circle.joined();
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
    }

    /// Lets a channel hear what is published to `topic` from now on.
    pub fn listen(&mut self, outlet: u32, id: SubscriptionId, topic: &str) {
        self.listen_for(outlet, id, topic, Events::All);
    }

    /// Lets a connection hear what is published to its socket id from now on.
    pub fn listen_as_socket_id(&mut self, outlet: u32, id: SubscriptionId, topic: &str) {
        self.listen_for(outlet, id, topic, Events::SocketId);
    }

    fn listen_for(&mut self, outlet: u32, id: SubscriptionId, topic: &str, events: Events) {
        if self.taking(outlet).is_none() {
            return;
        }
        let (slot, since) = self.join(topic, MemberKind::Listener);
        let room = &mut self.rooms[slot as usize];
        room.listeners.push(Listener {
            id,
            outlet,
            events,
            since,
        });
        self.keep(
            outlet,
            Subscription {
                id,
                room: slot,
                member: LISTENS,
            },
        );
    }

    /// Ends all that began under `id`. What was published until now still goes out, before whatever is sent next.
    pub fn unsubscribe(&mut self, outlet: u32, id: SubscriptionId) {
        self.take_mail();
        self.move_to_outbox(outlet, id);
        while let Some(at) = self.outlet(outlet).and_then(|o| {
            let subscriptions = o.subscriptions.as_slice();
            subscriptions.iter().position(|s| s.id == id)
        }) {
            self.remove_subscription(outlet, at);
        }
    }

    /// Sends a frame to one connection alone, behind all that the subscription `behind` was to get until now.
    pub fn send(&mut self, outlet: u32, frame: Bytes, behind: Option<SubscriptionId>) {
        // Whatever was published before this call, from any thread, is in the log or in the mail.
        if behind.is_some() && self.hub.mailbox(self.shard).bytes() > 0 {
            self.take_mail();
        }
        let fence = behind.and_then(|id| self.fence(outlet, id));
        let limit = self.settings.outbox_bytes_max;
        let Some(o) = self.outlet_mut(outlet).filter(|o| o.flow != Flow::Failed) else {
            return;
        };
        o.push(frame, fence);
        if o.flow == Flow::Blocked && o.direct_bytes() > limit {
            self.give_up(outlet, Failure::OutboxFull);
        } else {
            self.queue(outlet);
        }
    }

    /// Sends the last frame that a connection gets, behind everything else it was to get, however much that is.
    pub fn send_last(&mut self, outlet: u32, frame: Bytes) {
        if let Some(o) = self.outlet_mut(outlet).filter(|o| o.flow != Flow::Failed) {
            o.push(frame, None);
            self.queue(outlet);
        }
    }

    /// Publishes to `topic` for every subscriber but `origin`. `None` if nobody at all is subscribed.
    pub fn publish(
        &mut self,
        topic: &str,
        origin: Option<SubscriptionId>,
        seal: &mut dyn FnMut(&mut Draft, Wants),
    ) -> Option<Published> {
        let local = self.rooms_by_name.get(topic);
        let topic = match local {
            Some(slot) => Arc::clone(&self.rooms[*slot as usize].topic),
            None => self.hub.topic(topic)?,
        };
        Some(topic.publish(&self.hub, origin, seal))
    }

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
            room.log.skip(parcel.sequence + 1);
            room.settle();
            return;
        }
        self.unsettled_bytes += parcel.entry.bytes();
        room.log.append(parcel.entry);
        room.circle.restart();
        if !room.active {
            room.active = true;
            self.active.push_back(slot);
        }
    }

    pub(super) fn has_heard(&self) -> bool {
        !self.heard.is_empty()
    }

    /// The next broadcast for a channel or connection that looks at it itself.
    pub fn take_heard(&mut self) -> Option<Heard> {
        let heard = self.heard.pop_front()?;
        self.heard_bytes -= heard.bytes();
        Some(heard)
    }

    /// Connections that the fan-out gave up, and why. The caller closes them.
    pub fn take_failed(&mut self) -> Option<(u32, Failure)> {
        self.failed.pop()
    }

    /// The socket takes bytes again after a short write.
    pub fn writable(&mut self, outlet: u32) {
        if let Some(o) = self.outlet_mut(outlet)
            && o.flow == Flow::Blocked
        {
            o.flow = Flow::CatchingUp;
            self.queue(outlet);
        }
    }

    /// Whether everything for this connection has been written.
    pub fn is_drained(&self, outlet: u32) -> bool {
        self.outlet(outlet)
            .is_none_or(|o| o.direct.is_none() && o.flow == Flow::Open && !o.queued)
    }

    /// What the frames weigh that wait to be written to this connection alone.
    pub fn outbox_bytes(&self, outlet: u32) -> usize {
        self.outlet(outlet).map_or(0, Outlet::direct_bytes)
    }

    /// Ends all subscriptions of a connection. What it was to get until now still goes out, before whatever is sent
    /// next.
    pub fn retire(&mut self, outlet: u32) {
        self.take_mail();
        while let Some(first) = self
            .outlet(outlet)
            .and_then(|o| o.subscriptions.as_slice().first().copied())
        {
            self.move_to_outbox(outlet, first.id);
            self.remove_subscription(outlet, 0);
        }
    }

    /// Ends all subscriptions of a connection and drops what waited for it, but for the rest of a half-written frame:
    /// a Close that is sent next must not stand in the middle of one.
    pub fn silence(&mut self, outlet: u32) {
        self.remove_subscriptions(outlet);
        if let Some(o) = self.outlet_mut(outlet) {
            o.drop_outbox();
            // The socket may have become writable since it failed, and that is told once: try.
            if o.flow == Flow::Failed {
                o.flow = Flow::CatchingUp;
            }
            self.queue(outlet);
        }
    }

    /// Bytes in this shard's logs that not every writable member has been offered yet.
    pub fn unsettled_bytes(&self) -> usize {
        self.unsettled_bytes
    }

    /// Subscriptions on this shard.
    pub fn members_len(&self) -> usize {
        self.rooms.iter().map(|(_, room)| room.members.len()).sum()
    }

    /// Topics with subscribers on this shard.
    pub fn rooms_len(&self) -> usize {
        self.rooms.len()
    }
}

/// The buffer for mail keeps room for this many parcels (32 bytes each) from one turn to the next.
const PARCELS_KEPT: usize = 4096;
