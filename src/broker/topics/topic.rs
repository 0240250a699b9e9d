//! The shared part of a topic: its one order, and the shards that have members of it.
//!
//! The part under the topic's lock is small on purpose. Under the lock a broadcast gets its
//! sequence, and its sealed entry is posted to every interested shard, the publisher's own
//! included. So all shards see one order. No app code, encoding or socket work happens under the
//! lock.

use std::sync::Arc;

use super::entry::{CLASSES, Class, Draft, Entry, Seal, Wants};
use super::kind::TopicKind;
use super::parcel::Parcel;
use super::parcel::RoomKey;
use super::position::{Position, SubscriptionId};
use super::room_lag::RoomLag;
use super::shards::Shards;
use super::sync::Mutex;
use super::sync::atomic::{AtomicU32, Ordering};
use super::sync::lock;
use super::topic_bucket::TopicTokens;

/// One topic that has members on some shard of this node.
#[derive(Debug)]
pub struct Topic {
    name: Arc<str>,
    kind: TopicKind,
    epoch: u64,
    /// Numbers of subscribers: one number for each class, and the last number for listeners.
    /// Changed under the lock. Also read without the lock, so that a broadcast is sealed before the
    /// lock is taken.
    pub(super) counts: [AtomicU32; CLASSES + 1],
    pub(super) state: Mutex<TopicState>,
    buckets: TopicTokens,
}

#[derive(Debug, Default)]
pub(super) struct TopicState {
    pub(super) sequence: u64,
    pub(super) interest: Vec<Interest>,
    pub(super) members: u32,
    pub(super) dead: bool,
}

/// A shard that has members of the topic, and its key for the topic.
#[derive(Debug)]
pub(super) struct Interest {
    pub(super) shard: u16,
    pub(super) room: RoomKey,
    /// What the shard's room of the topic has outstanding.
    pub(super) lag: Arc<RoomLag>,
}

/// The kind of a subscriber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MemberKind {
    /// The member gets sealed frames of this class.
    Wire(Class),
    /// The member looks at events and payloads itself.
    Listener,
}

impl MemberKind {
    pub(super) fn index(self) -> usize {
        match self {
            MemberKind::Wire(class) => class.index(),
            MemberKind::Listener => CLASSES,
        }
    }
}

/// The reason why no member was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotJoined {
    /// The topic lost its last member between look-up and call. The caller looks the topic up
    /// again, because otherwise one name would become two topics.
    Dead,
    /// The topic has the most channel members that it may have.
    Full,
}

/// The outcome of a publish: the broadcast's place, and how far behind the shards are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    /// The broadcast's place in the topic's order.
    pub position: Position,
    /// Largest lag of an interested shard, in bytes (see [`Shards::lag_bytes`]). If it is large,
    /// and the topic has [too much](Topic::lags) of it, backpressure slows the publisher.
    pub lag_bytes: usize,
}

impl Topic {
    pub(crate) fn new(kind: TopicKind, name: Arc<str>, epoch: u64) -> Topic {
        Topic {
            name,
            kind,
            epoch,
            counts: Default::default(),
            state: Mutex::default(),
            buckets: TopicTokens::default(),
        }
    }

    /// Returns the topic's name.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    pub(crate) fn kind(&self) -> TopicKind {
        self.kind
    }

    /// Returns the number of the topic's epoch; see [`Position`].
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Returns the buckets that the topic's members share. They are full again when the topic has
    /// had no subscriber.
    pub(crate) fn buckets(&self) -> &TopicTokens {
        &self.buckets
    }

    /// Marks the topic dead if it has no members. Called only under the registry's lock.
    pub(crate) fn die_if_empty(&self) -> bool {
        let mut state = lock(&self.state);
        state.dead = state.members == 0;
        state.dead
    }

    /// Gives a broadcast its place in the order, and posts it to every interested shard. `frames`
    /// seals the forms that present subscribers need, without a lock held. `published_us` is a
    /// [`Hub::stamp`](super::hub::Hub::stamp).
    pub fn publish(
        &self,
        shards: &Shards,
        published_us: u32,
        origin: Option<SubscriptionId>,
        frames: &mut dyn Seal,
    ) -> Placement {
        shards.count_broadcast();
        let mut draft = Draft::published_at(published_us);
        let mut wants = self.wants();
        loop {
            if let Some(missing) = draft.missing(wants) {
                shards.count_encodings(missing);
                frames.seal(&mut draft, missing);
            }
            let state = lock(&self.state);
            wants = self.wants();
            // If a form is missing, a subscriber that needs it joined after the draft was sealed.
            if draft.missing(wants).is_none() {
                return self.post(shards, state, draft.into_entry(origin));
            }
        }
    }

    fn post(
        &self,
        shards: &Shards,
        mut state: super::sync::MutexGuard<'_, TopicState>,
        entry: Entry,
    ) -> Placement {
        state.sequence += 1;
        let sequence = state.sequence;
        let bytes = entry.bytes() + PARCEL_BYTES;
        let entry = Arc::new(entry);
        let mut lag_bytes = 0;
        // Empty, and so without an allocation, unless some shard sleeps. A node with a sleeping
        // shard has the time for an allocation.
        let mut sleepers = Vec::new();
        for interest in &state.interest {
            let parcel = Parcel {
                room: interest.room,
                sequence,
                entry: Arc::clone(&entry),
            };
            // Before the mail is there, because the shard may settle it at once.
            interest.lag.add(bytes);
            let mailbox = shards.mailbox(interest.shard);
            let (waiting, waker) = mailbox.put(parcel, bytes);
            lag_bytes = lag_bytes.max(waiting + shards.unsettled_bytes(interest.shard));
            // The waker is called once no lock is held.
            sleepers.extend(waker);
        }
        drop(state);
        for sleeper in sleepers {
            // Counted first, because the woken shard may deliver at once.
            shards.count_wake_up();
            sleeper.wake();
        }
        Placement {
            position: Position {
                epoch: self.epoch,
                sequence,
            },
            lag_bytes,
        }
    }

    /// Returns the number of members that get the topic's broadcasts on the wire; listeners do not
    /// count. Exact under the lock, as of a moment ago without it.
    pub(crate) fn members_len(&self) -> u32 {
        let wire = &self.counts[..CLASSES];
        wire.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }

    /// Returns the number of broadcasts since the topic's first member joined.
    pub(crate) fn messages(&self) -> u64 {
        lock(&self.state).sequence
    }

    fn wants(&self) -> Wants {
        let has = |index: usize| self.counts[index].load(Ordering::Relaxed) > 0;
        Wants {
            classes: std::array::from_fn(has),
            original: has(CLASSES),
        }
    }
}

/// Weight of a parcel in a mailbox and of an entry in a room's lag, in addition to its frames. The
/// weight is over 0, so a mailbox of 0 bytes is empty.
pub(crate) const PARCEL_BYTES: usize = size_of::<Parcel>();
