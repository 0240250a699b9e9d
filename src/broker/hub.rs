//! What all shards share: the registry of topics, each shard's mailbox, and counters.

use std::collections::HashMap;
use std::sync::Arc;
use std::task::Waker;

use super::counts::ShownCounts;
use super::spare::{is_mostly_spare, kept};
use super::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use super::sync::{Mutex, lock};
use super::topic::{Parcel, Topic};
use super::{Draft, FlushCounts, HubCounts, Mailbox, Published, Wants};

/// One node's topics and the way to every shard that has members of them.
#[derive(Debug)]
pub struct Hub {
    topics: Mutex<HashMap<Arc<str>, Arc<Topic>>>,
    epochs: AtomicU64,
    shards: Box<[Reach]>,
    broadcasts: AtomicU64,
    encodings: AtomicU64,
}

/// What others see of a shard.
#[derive(Debug, Default)]
struct Reach {
    mailbox: Mailbox<Parcel>,
    /// Bytes in its logs that not every writable member has been offered yet, and of broadcasts that channels which
    /// look at them themselves have not been handed yet.
    unsettled_bytes: AtomicUsize,
    flush: ShownCounts,
}

impl Hub {
    /// A hub for `shards` shards.
    pub fn new(shards: usize) -> Hub {
        Hub {
            topics: Mutex::default(),
            epochs: AtomicU64::new(0),
            shards: (0..shards).map(|_| Reach::default()).collect(),
            broadcasts: AtomicU64::new(0),
            encodings: AtomicU64::new(0),
        }
    }

    /// The topic of that name, if it has members anywhere.
    pub fn topic(&self, name: &str) -> Option<Arc<Topic>> {
        lock(&self.topics).get(name).cloned()
    }

    /// Publishes to the topic of that name. `None` if nobody is subscribed to it.
    pub fn publish(
        &self,
        name: &str,
        seal: &mut dyn FnMut(&mut Draft, Wants),
    ) -> Option<Published> {
        let topic = self.topic(name)?;
        Some(topic.publish(self, None, seal))
    }

    /// The topic of that name, made if there is none.
    pub(crate) fn topic_to_join(&self, name: &str) -> Arc<Topic> {
        let mut topics = lock(&self.topics);
        if let Some(topic) = topics.get(name) {
            return Arc::clone(topic);
        }
        let name: Arc<str> = name.into();
        let epoch = self.epochs.fetch_add(1, Ordering::Relaxed) + 1;
        let topic = Arc::new(Topic::new(Arc::clone(&name), epoch));
        topics.insert(name, Arc::clone(&topic));
        topic
    }

    /// Forgets `topic` if it has no members. A join that holds it from before will find it dead.
    pub(crate) fn remove_if_empty(&self, topic: &Topic) {
        let mut topics = lock(&self.topics);
        if topic.die_if_empty() {
            let same = |t: &Arc<Topic>| t.epoch() == topic.epoch();
            if topics.get(topic.name()).is_some_and(same) {
                topics.remove(topic.name());
                if is_mostly_spare(topics.len(), topics.capacity()) {
                    let len = topics.len();
                    topics.shrink_to(kept(len));
                }
            }
        }
    }

    /// How many topics have members.
    pub fn topics_len(&self) -> usize {
        lock(&self.topics).len()
    }

    /// The mailbox of a shard.
    pub fn mailbox(&self, shard: u16) -> &Mailbox<Parcel> {
        &self.shards[usize::from(shard)].mailbox
    }

    /// Bytes a shard has before it: mail not taken in, entries not yet offered to every writable member, and broadcasts
    /// not yet handed to channels that look at them themselves.
    pub fn lag_bytes(&self, shard: u16) -> usize {
        let reach = &self.shards[usize::from(shard)];
        reach.mailbox.bytes() + reach.unsettled_bytes.load(Ordering::Relaxed)
    }

    /// The largest lag of any shard.
    pub fn lag_bytes_max(&self) -> usize {
        let shards = 0..u16::try_from(self.shards.len()).unwrap_or(u16::MAX);
        shards.map(|s| self.lag_bytes(s)).max().unwrap_or(0)
    }

    /// Totals since the start.
    pub fn counts(&self) -> HubCounts {
        HubCounts {
            broadcasts: self.broadcasts.load(Ordering::Relaxed),
            encodings: self.encodings.load(Ordering::Relaxed),
            flush: self.shards.iter().map(|reach| reach.flush.look()).sum(),
        }
    }

    /// What the flushes of one shard wrote.
    pub fn flush_counts(&self, shard: u16) -> FlushCounts {
        self.shards[usize::from(shard)].flush.look()
    }

    /// Puts a parcel in a shard's mailbox. Returns the shard's lag and whom to wake, once no lock is held.
    pub(crate) fn deliver(
        &self,
        shard: u16,
        parcel: Parcel,
        bytes: usize,
    ) -> (usize, Option<Waker>) {
        let reach = &self.shards[usize::from(shard)];
        let (waiting, waker) = reach.mailbox.put(parcel, bytes + PARCEL_BYTES);
        let unsettled = reach.unsettled_bytes.load(Ordering::Relaxed);
        (waiting + unsettled, waker)
    }

    pub(crate) fn set_unsettled_bytes(&self, shard: u16, bytes: usize) {
        let reach = &self.shards[usize::from(shard)];
        reach.unsettled_bytes.store(bytes, Ordering::Relaxed);
    }

    pub(crate) fn show_flush_counts(&self, shard: u16, counts: &FlushCounts) {
        self.shards[usize::from(shard)].flush.show(counts);
    }

    pub(crate) fn count_broadcast(&self) {
        self.broadcasts.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_encodings(&self, wants: Wants) {
        let classes = wants.classes.iter().filter(|wanted| **wanted).count();
        self.encodings.fetch_add(classes as u64, Ordering::Relaxed);
    }
}

/// What a parcel weighs in a mailbox beside its frames. Never nothing, so that a mailbox of no bytes is empty.
const PARCEL_BYTES: usize = size_of::<Parcel>();
