//! What all shards share: the registry of topics, each shard's mailbox, and counters.

use std::sync::Arc;
use std::task::Waker;
use std::time::Instant;

use super::counts::ShownCounts;
use super::counts::{FlushCounts, HubCounts};
use super::entry::{Draft, Wants};
use super::mailbox::Mailbox;
use super::registry::Registry;
use super::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use super::topic::Published;
use super::topic::{Parcel, Topic};

/// One node's topics and the way to every shard that has members of them.
#[derive(Debug)]
pub struct Hub {
    pub(crate) topics: Registry,
    began: Instant,
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
            topics: Registry::default(),
            began: Instant::now(),
            shards: (0..shards).map(|_| Reach::default()).collect(),
            broadcasts: AtomicU64::new(0),
            encodings: AtomicU64::new(0),
        }
    }

    /// The topic of that name, if it has members anywhere.
    pub fn topic(&self, name: &str) -> Option<Arc<Topic>> {
        self.topics.find(name)
    }

    /// `now` as broadcasts are stamped with it: in microseconds since the hub began. Wraps after 71 minutes, far over
    /// what a broadcast takes.
    pub fn stamp(&self, now: Instant) -> u32 {
        // The cut to 32 bits is the wrap.
        now.duration_since(self.began).as_micros() as u32
    }

    /// Publishes to the topic of that name. `None` if nobody is subscribed to it.
    pub fn publish(
        &self,
        name: &str,
        seal: &mut dyn FnMut(&mut Draft, Wants),
    ) -> Option<Published> {
        let topic = self.topic(name)?;
        Some(topic.publish(self, self.stamp(Instant::now()), None, seal))
    }

    /// How many topics have members.
    pub fn topics_len(&self) -> usize {
        self.topics.len()
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
