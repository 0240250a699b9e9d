//! One shard's half of the broker: who is subscribed here, what is for whom, and what came in the mail.
//!
//! Nothing here touches a socket; [`flush`](Fanout::flush) does, through a [`Sink`](self::sink::Sink).

pub(crate) mod age;
pub(crate) mod flush;
pub(crate) mod high_water;
pub(crate) mod ingest;
pub(crate) mod last_subscriber;
pub(crate) mod listener;
pub(crate) mod log;
pub(crate) mod membership;
pub(crate) mod outlet;
pub(crate) mod retention;
pub(crate) mod room;
pub(crate) mod round_robin;
pub(crate) mod scratch;
pub(crate) mod settings;
pub(crate) mod sink;
pub(crate) mod subscribe;
pub(crate) mod write;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;

use crate::broker::topics::counts::FlushCounts;
use crate::broker::topics::entry::{Class, Draft, Wants};
use crate::broker::topics::hub::Hub;
use crate::broker::topics::parcel::Parcel;
use crate::broker::topics::position::SubscriptionId;
use crate::broker::topics::topic::Placement;
use age::Watched;
use high_water::HighWater;
use listener::Heard;
use outlet::{Flow, Outlet, Subscription};
use room::Room;
use scratch::Scratch;
use settings::FanoutSettings;
use sink::Failure;

/// One shard's topics, connections and cursors.
#[derive(Debug)]
pub struct Fanout {
    pub(crate) shard: u16,
    pub(crate) hub: Arc<Hub>,
    pub(crate) settings: FanoutSettings,
    pub(crate) rooms_by_name: HashMap<Arc<str>, u32>,
    pub(crate) rooms: slab::Slab<Room>,
    pub(crate) outlets: Vec<Option<Outlet>>,
    /// Rooms with a pass to run.
    pub(crate) active: VecDeque<u32>,
    /// Outlets with frames of their own, or catching up.
    pub(crate) queued: VecDeque<u32>,
    /// Rooms that the sweep looks at.
    pub(crate) watched: Vec<Watched>,
    /// What all logs weigh.
    pub(crate) retained_bytes: usize,
    /// From which weight on blocked members are to be given up for it.
    pub(crate) relief_above_bytes: usize,
    pub(crate) failed: Vec<(u32, Failure)>,
    pub(crate) scratch: Scratch,
    pub(crate) counts: FlushCounts,
    pub(crate) heights: HighWater,
    pub(crate) unsettled_bytes: usize,
    /// Subscriptions that get frames.
    pub(crate) members: usize,
    /// What is published now is stamped with.
    pub(crate) now_us: u32,
    /// The laps that ended in the last flush: when the oldest broadcast of each was published.
    pub(crate) laps: Vec<u32>,
    pub(crate) parcels: Vec<Parcel>,
    pub(crate) heard: VecDeque<Heard>,
    /// What those weigh, for publishers to be slowed by.
    pub(crate) heard_bytes: usize,
    pub(crate) room_stamp: u32,
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
            watched: Vec::new(),
            retained_bytes: 0,
            relief_above_bytes: settings.retention_total_bytes_max,
            failed: Vec::new(),
            scratch: Scratch::default(),
            counts: FlushCounts::default(),
            heights: HighWater::default(),
            unsettled_bytes: 0,
            members: 0,
            now_us: 0,
            laps: Vec::new(),
            parcels: Vec::new(),
            heard: VecDeque::new(),
            heard_bytes: 0,
            room_stamp: 0,
            subscriptions: 0,
        }
    }

    /// Other bounds, from now on; what is over them is found as if it had come now.
    pub fn set_settings(&mut self, settings: FanoutSettings) {
        self.settings = settings;
        self.relief_above_bytes = settings.retention_total_bytes_max;
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
        self.forget_heard(outlet);
        self.failed.retain(|(failed, _)| *failed != outlet);
    }

    /// A new id for a subscription; see [`subscribe`](Fanout::subscribe).
    pub fn new_id(&mut self) -> SubscriptionId {
        self.subscriptions += 1;
        SubscriptionId(u64::from(self.shard) << 48 | self.subscriptions)
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
        let waiting = if o.flow == Flow::Blocked {
            o.direct_bytes()
        } else {
            0
        };
        self.heights.outbox_bytes = self.heights.outbox_bytes.max(waiting);
        if waiting > limit {
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
    ) -> Option<Placement> {
        let local = self.rooms_by_name.get(topic);
        let topic = match local {
            Some(slot) => Arc::clone(&self.rooms[*slot as usize].topic),
            None => self.hub.topic(topic)?,
        };
        Some(topic.publish(self.hub.shards(), self.now_us, origin, seal))
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
        self.outlet(outlet).map_or(0, Outlet::direct_weight)
    }

    /// Ends all subscriptions of a connection. What it was to get until now still goes out, before whatever is sent
    /// next; but not to one that has stopped reading and is more than 1,024 entries behind: that would turn a position
    /// into a queue, at the end of a server for thousands at once. It gets what a [silenced](Fanout::silence) one does.
    pub fn retire(&mut self, outlet: u32) {
        self.take_mail();
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

    /// Whether it has too much before it for [`retire`](Fanout::retire) to keep that.
    pub fn is_far_behind(&self, outlet: u32) -> bool {
        self.lags_by(outlet) > RETIRED_ENTRIES_MAX
    }

    /// Members on this shard of the largest topic that a connection is subscribed to; 0 if it is to none.
    pub fn largest_room(&self, outlet: u32) -> usize {
        let subscriptions = self.outlet(outlet).map(|o| o.subscriptions.as_slice());
        let members = |s: &Subscription| self.rooms[s.room as usize].members.len();
        subscriptions
            .unwrap_or_default()
            .iter()
            .map(members)
            .max()
            .unwrap_or(0)
    }

    /// Entries that a connection which does not read has before it, all its topics together.
    fn lags_by(&self, outlet: u32) -> u64 {
        let Some(o) = self.outlet(outlet).filter(|o| o.flow != Flow::Open) else {
            return 0;
        };
        let behind = |s: &Subscription| {
            let room = &self.rooms[s.room as usize];
            let member = room.members.get(s.member as usize);
            member.map_or(0, |m| room.log.head().saturating_sub(m.next))
        };
        o.subscriptions.as_slice().iter().map(behind).sum()
    }

    /// Bytes in this shard's logs that not every writable member has been offered yet.
    #[cfg(feature = "engine")]
    pub fn unsettled_bytes(&self) -> usize {
        self.unsettled_bytes
    }

    /// Subscriptions on this shard that get frames: one for each joined channel.
    pub fn members_len(&self) -> usize {
        self.members
    }

    /// Topics with subscribers on this shard.
    #[cfg(feature = "engine")]
    pub fn rooms_len(&self) -> usize {
        self.rooms.len()
    }
}

/// See [`Fanout::retire`]. Each entry takes some 60 bytes in an outbox.
const RETIRED_ENTRIES_MAX: u64 = 1024;
