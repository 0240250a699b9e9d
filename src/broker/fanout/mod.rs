//! One shard's half of the broker: its topics, connections, cursors and mail.
//!
//! Only [`flush`](Fanout::flush) touches sockets, through a [`Sink`](self::sink::Sink).

pub(crate) mod age;
pub(crate) mod balance;
mod catch_up;
pub(crate) mod fence;
pub(crate) mod flush;
pub(crate) mod give_back;
pub(crate) mod high_water;
pub(crate) mod last_subscriber;
pub(crate) mod listener;
pub(crate) mod log;
pub(crate) mod membership;
pub(crate) mod notify;
pub(crate) mod outlet;
pub(crate) mod outlets;
pub(crate) mod passes;
pub(crate) mod retained;
pub(crate) mod retention;
pub(crate) mod room;
pub(crate) mod room_slots;
pub(crate) mod round_robin;
pub(crate) mod scratch;
pub(crate) mod settings;
pub(crate) mod sink;
pub(crate) mod slow_consumer;
pub(crate) mod subscribe;
pub(crate) mod write;

use std::sync::Arc;

use crate::broker::topics::counts::FlushCounts;
use crate::broker::topics::entry::Class;
#[cfg(feature = "engine")]
use crate::broker::topics::entry::Seal;
use crate::broker::topics::hub::Hub;
use crate::broker::topics::kind::TopicKind;
use crate::broker::topics::position::SubscriptionId;
#[cfg(feature = "engine")]
use crate::broker::topics::topic::Placement;
use crate::broker::topics::topic::Topic;
use balance::{Balance, BrokenInvariants};
use listener::{Heard, HeardQueue};
use outlet::{Flow, Outlet, Subscription};
use outlets::Outlets;
use passes::Passes;
use retained::Retained;
use room_slots::RoomSlots;
use scratch::Scratch;
use settings::FanoutSettings;
use sink::Failure;

/// One shard's topics, connections and cursors.
#[derive(Debug)]
pub struct Fanout {
    pub(crate) shard: u16,
    pub(crate) hub: Arc<Hub>,
    pub(crate) settings: FanoutSettings,
    pub(crate) rooms: RoomSlots,
    pub(crate) outlets: Outlets,
    pub(crate) passes: Passes,
    pub(crate) kept: Retained,
    pub(crate) heard: HeardQueue,
    pub(crate) scratch: Scratch,
    pub(crate) counts: FlushCounts,
    /// Number of subscriptions that get frames.
    pub(crate) members: usize,
    /// Number of connections closed because they would have missed an entry.
    pub(crate) gaps: u64,
    subscriptions: u64,
}

impl Fanout {
    /// Returns the fan-out of shard number `shard` of `hub`.
    pub fn new(shard: u16, hub: Arc<Hub>, settings: FanoutSettings) -> Fanout {
        Fanout {
            shard,
            hub,
            settings,
            rooms: RoomSlots::default(),
            outlets: Outlets::default(),
            passes: Passes::default(),
            kept: Retained {
                relief_above_bytes: settings.retention_total_bytes_max,
                ..Retained::default()
            },
            heard: HeardQueue::default(),
            scratch: Scratch::default(),
            counts: FlushCounts::default(),
            members: 0,
            gaps: 0,
            subscriptions: 0,
        }
    }

    /// Sets other bounds. An excess over the new bounds is treated as if it had just come about.
    pub fn set_settings(&mut self, settings: FanoutSettings) {
        self.settings = settings;
        self.kept.relief_above_bytes = settings.retention_total_bytes_max;
    }

    /// Opens a connection. `outlet` is the caller's number for the connection. Numbers are small,
    /// and may be reused after [`close`](Fanout::close).
    pub fn open(&mut self, outlet: u32, class: Class) {
        self.outlets.open(outlet, class);
    }

    /// Removes a connection, with its subscriptions and all frames that waited for it.
    pub fn close(&mut self, outlet: u32) {
        self.remove_subscriptions(outlet);
        self.outlets.close(outlet);
    }

    /// Returns a new id for a subscription; see [`subscribe`](Fanout::subscribe).
    pub fn new_id(&mut self) -> SubscriptionId {
        self.subscriptions += 1;
        SubscriptionId(u64::from(self.shard) << 48 | self.subscriptions)
    }

    /// Returns the topic `name`, if it has subscribers on any shard. This shard's rooms are
    /// searched first, without a lock.
    pub fn topic(&self, name: &str) -> Option<Arc<Topic>> {
        match self.rooms.slot_of(TopicKind::Room, name) {
            Some(slot) => Some(Arc::clone(&self.rooms[slot].topic)),
            None => self.hub.topic(name),
        }
    }

    /// Returns the microseconds with which broadcasts of this turn are stamped.
    pub fn now_us(&self) -> u32 {
        self.passes.now_us
    }

    /// Publishes to `topic` for every subscriber but `origin`. `None` if the topic has no
    /// subscriber.
    #[cfg(feature = "engine")]
    pub fn publish(
        &mut self,
        topic: &str,
        origin: Option<SubscriptionId>,
        frames: &mut dyn Seal,
    ) -> Option<Placement> {
        let topic = self.topic(topic)?;
        Some(topic.publish(self.hub.shards(), self.now_us(), origin, frames))
    }

    /// Takes a connection that the fan-out gave up, and the reason. The caller closes the
    /// connection. `None` if there is no such connection.
    pub fn take_failed(&mut self) -> Option<(u32, Failure)> {
        while let Some(failed) = self.outlets.failed.pop_front() {
            self.outlets.looks.count();
            if self.outlets.is_same(failed.outlet, failed.opened) {
                self.remove_subscriptions(failed.outlet);
                return Some((failed.outlet, failed.failure));
            }
        }
        None
    }

    /// True if the fan-out gave up connections that the caller has not taken yet, or still looks
    /// for some that fell off their logs.
    pub fn has_failed(&self) -> bool {
        !self.outlets.failed.is_empty() || !self.kept.falls.is_empty()
    }

    /// True if broadcasts wait for channels or connections that look at broadcasts themselves.
    pub fn has_heard(&self) -> bool {
        !self.heard.is_empty()
    }

    /// Takes the next broadcast for a channel or connection that looks at broadcasts itself. `None`
    /// if no broadcast waits, or `budget` is used up. Broadcasts for connections that have closed
    /// are dropped, and count in the budget too.
    pub fn take_heard(&mut self, budget: &mut usize) -> Option<Heard> {
        while *budget > 0 {
            *budget -= 1;
            let (heard, bytes) = self.heard.pop()?;
            if let Some(room) = self.rooms.with_stamp(heard.room.slot, heard.room.stamp) {
                room.lag.take(bytes);
            }
            self.outlets.looks.count();
            if self.outlets.is_same(heard.outlet, heard.opened) {
                return Some(heard);
            }
        }
        None
    }

    /// Notes that a connection's socket takes bytes again after a short write.
    pub fn writable(&mut self, outlet: u32) {
        self.give_up_if_fallen(outlet);
        if let Some(o) = self.outlet_mut(outlet)
            && o.flow == Flow::Blocked
        {
            o.flow = Flow::CatchingUp;
            self.queue(outlet);
        }
    }

    /// True if no frame waits for this connection alone, and the connection is neither blocked,
    /// catching up nor given up. Entries that a pass has still to bring do not count, so the
    /// connection has all its frames only if its subscriptions have ended. True as well if there is
    /// no such connection.
    pub fn is_drained(&self, outlet: u32) -> bool {
        self.outlet(outlet).is_none_or(Outlet::is_drained)
    }

    /// Returns the weight of the frames that wait to be written to this connection alone, in bytes.
    pub fn outbox_bytes(&self, outlet: u32) -> usize {
        self.outlet(outlet).map_or(0, Outlet::direct_weight)
    }

    /// Ends all subscriptions of a connection. The entries published until now still go out, before
    /// the next frame that is sent.
    ///
    /// A connection that is more than 1,024 entries behind is [silenced](Fanout::silence) instead.
    /// Otherwise its cursors would become a queue, for thousands of connections at once when a
    /// server ends. One whose socket takes bytes can [catch up](Fanout::catch_up) before.
    pub fn retire(&mut self, outlet: u32) {
        self.take_mail();
        self.give_up_if_fallen(outlet);
        if self.is_far_behind(outlet) {
            return self.silence(outlet);
        }
        while let Some(first) = self
            .outlet(outlet)
            .and_then(|o| o.subscriptions.as_slice().first().copied())
        {
            self.move_to_outbox(outlet, first.id);
            self.remove_subscription(outlet, 0);
        }
    }

    /// Ends all subscriptions of a connection and drops all frames that waited for it. The rest of
    /// a half-written frame stays, because a Close sent next must not stand in the middle of that
    /// frame.
    pub fn silence(&mut self, outlet: u32) {
        self.remove_subscriptions(outlet);
        if let Some(o) = self.outlet_mut(outlet) {
            o.drop_outbox();
            self.queue(outlet);
        }
    }

    /// True if more entries wait for the connection than [`retire`](Fanout::retire) would keep.
    pub fn is_far_behind(&self, outlet: u32) -> bool {
        self.lags_by(outlet) > RETIRED_ENTRIES_MAX
    }

    /// Returns the number of members on this shard of the largest room that a connection is in, or
    /// 0.
    pub fn largest_room(&self, outlet: u32) -> usize {
        let subscriptions = self.outlet(outlet).map(|o| o.subscriptions.as_slice());
        let members = |s: &Subscription| self.rooms[s.room].members.len();
        subscriptions
            .unwrap_or_default()
            .iter()
            .map(members)
            .max()
            .unwrap_or(0)
    }

    /// Returns the number of entries that a connection lacks, all its topics together.
    fn lags_by(&self, outlet: u32) -> u64 {
        let Some(o) = self.outlet(outlet) else {
            return 0;
        };
        let subscriptions = o.subscriptions.as_slice().iter();
        subscriptions.map(|s| self.lag_of(s)).sum()
    }

    /// Returns the number of entries that one subscription lacks. 0 if the subscription only
    /// listens.
    fn lag_of(&self, subscription: &Subscription) -> u64 {
        let room = &self.rooms[subscription.room];
        let member = room.members.get(subscription.member as usize);
        member.map_or(0, |m| room.log.head().saturating_sub(m.next))
    }

    /// True if the connection is far behind, and its socket takes bytes.
    pub fn can_catch_up(&self, outlet: u32) -> bool {
        let takes = |flow| matches!(flow, Flow::Open | Flow::CatchingUp);
        self.outlet(outlet).is_some_and(|o| takes(o.flow)) && self.is_far_behind(outlet)
    }

    /// True if the entries that subscription `id` lacks would make a queue of the outbox.
    pub(crate) fn would_queue(&self, outlet: u32, id: SubscriptionId) -> bool {
        let Some(o) = self.outlet(outlet) else {
            return false;
        };
        let ending = o.subscriptions.as_slice().iter().filter(|s| s.id == id);
        let entries: u64 = ending.map(|s| self.lag_of(s)).sum();
        let max = match o.flow {
            Flow::Open => OPEN_ENTRIES_MAX,
            _ => RETIRED_ENTRIES_MAX,
        };
        entries > 0 && entries + o.outbox_len() as u64 > max
    }

    /// Returns how often an invariant was found broken: 0 unless the broker has a bug.
    pub fn broken_invariants(&self) -> BrokenInvariants {
        let sums = [
            &self.passes.unsettled,
            &self.kept.weight,
            self.heard.weight(),
        ];
        BrokenInvariants {
            gaps: self.gaps,
            shortfalls: sums.into_iter().map(Balance::shortfalls).sum(),
        }
    }

    /// Returns the bytes in this shard's logs that not every writable member has been offered yet.
    #[cfg(feature = "engine")]
    pub fn unsettled_bytes(&self) -> usize {
        self.passes.unsettled.bytes()
    }

    /// Returns the number of subscriptions on this shard that get frames: one for each joined
    /// channel.
    pub fn members_len(&self) -> usize {
        self.members
    }

    /// Returns the number of looks at entries of lists since the start: at listeners, at broadcasts
    /// for them, at members that may have fallen off a log, and at connections that were given up
    /// or for which an owner waits. In a turn it follows what changed, and never how many there
    /// are.
    #[cfg(feature = "engine")]
    pub fn looks(&self) -> u64 {
        self.outlets.looks.read()
    }

    /// Returns the number of topics with subscribers on this shard.
    #[cfg(feature = "engine")]
    pub fn rooms_len(&self) -> usize {
        self.rooms.len()
    }
}

/// Most entries that become frames of the outbox of a connection because subscriptions of it end.
/// Each entry takes some 60 bytes in an outbox.
const RETIRED_ENTRIES_MAX: u64 = 1024;

/// The same for a connection whose socket has taken all that it was offered. It
/// [catches up](Fanout::catch_up) before a leave is read, and may itself publish some thousands of
/// entries in that read.
const OPEN_ENTRIES_MAX: u64 = 8 * RETIRED_ENTRIES_MAX;
