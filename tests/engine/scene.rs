//! Shards of the broker that sleep and are woken, and exactly what a scene took them.
//!
//! One thread runs all shards in turn, so a scene takes the same steps on every machine, however
//! busy the machine is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Wake, Waker};

use bytes::Bytes;
use lobbyd::broker::{
    Budget, Class, Draft, Fanout, FanoutSettings, Hub, HubCounts, SubscriptionId, Terms, Wants,
};
use testkit::shard::Sockets;

pub const ROOM: &str = "room:lobby";

/// The wake-ups that a shard's waker has got.
#[derive(Default)]
struct Alarm(AtomicU64);

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

pub struct Shard {
    number: u16,
    pub fanout: Fanout,
    pub sockets: Sockets,
    alarm: Arc<Alarm>,
}

impl Shard {
    fn new(number: u16, hub: &Arc<Hub>) -> Shard {
        Shard {
            number,
            fanout: Fanout::new(number, Arc::clone(hub), FanoutSettings::default()),
            sockets: Sockets::default(),
            alarm: Arc::default(),
        }
    }

    pub fn join(&mut self, outlet: u32, topic: &str, reply: Option<Bytes>) -> SubscriptionId {
        let id = self.fanout.new_id();
        let terms = Terms::default();
        assert!(self.fanout.subscribe_on(outlet, id, topic, &terms, reply));
        id
    }

    pub fn publish(&mut self, origin: Option<SubscriptionId>) {
        let published = self.fanout.publish(ROOM, origin, &mut seal);
        assert!(published.is_some(), "somebody is subscribed");
    }

    /// Runs one slice of flushing. Returns true if work is left.
    pub fn flush_once(&mut self) -> bool {
        self.fanout.flush(&mut self.sockets, Budget::default())
    }
}

pub fn seal(draft: &mut Draft, wants: Wants) {
    for class in Class::ALL {
        if wants.classes[class as usize] {
            draft.seal(class, Some(Bytes::from_static(b"a broadcast")));
        }
    }
}

/// Shards that share a hub, and the counts that were seen last.
pub struct Scene {
    pub hub: Arc<Hub>,
    pub shards: Vec<Shard>,
    seen: HubCounts,
}

/// The work between two looks at the counts.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Work {
    pub wake_ups: u64,
    pub flushes: u64,
    pub writes: u64,
    pub deliveries: u64,
    pub own_frames: u64,
}

impl Scene {
    /// Returns a scene of sleeping shards with so many members each, all of one version.
    pub fn new(members: &[u32]) -> Scene {
        let hub = Arc::new(Hub::new(members.len()));
        let mut shards: Vec<_> = (0..)
            .zip(members)
            .map(|(n, _)| Shard::new(n, &hub))
            .collect();
        for (shard, members) in shards.iter_mut().zip(members) {
            for outlet in 0..*members {
                shard.fanout.open(outlet, Class::V2);
                shard.join(outlet, ROOM, None);
            }
        }
        let seen = hub.counts();
        let mut scene = Scene { hub, shards, seen };
        assert_eq!(scene.work(), Work::default(), "a join without a reply");
        scene
    }

    /// Publishes from a thread that is no shard's.
    pub fn publish(&self) {
        assert!(self.hub.publish(ROOM, &mut seal).is_some());
    }

    /// Runs turns of all shards until each has nothing to do and sleeps. Returns the work since the
    /// last call.
    pub fn work(&mut self) -> Work {
        for shard in &mut self.shards {
            while shard.flush_once() {}
            let waker = Waker::from(Arc::clone(&shard.alarm));
            assert!(self.hub.mailbox(shard.number).sleep(&waker));
        }
        let counts = self.hub.counts();
        let alarms = self
            .shards
            .iter()
            .map(|s| s.alarm.0.load(Ordering::Relaxed));
        assert_eq!(counts.wake_ups, alarms.sum::<u64>(), "each is counted");
        let before = std::mem::replace(&mut self.seen, counts);
        Work {
            wake_ups: counts.wake_ups - before.wake_ups,
            flushes: counts.flush.flushes - before.flush.flushes,
            writes: counts.flush.writes - before.flush.writes,
            deliveries: counts.flush.deliveries - before.flush.deliveries,
            own_frames: counts.flush.own_frames - before.flush.own_frames,
        }
    }
}
