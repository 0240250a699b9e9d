//! The parts of all shards that other threads see: mailbox, lag (for backpressure), and counts.

use super::counts::{FlushCounts, HubCounts, ShownCounts};
use super::entry::Wants;
use super::mailbox::Mailbox;
use super::parcel::Parcel;
use super::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// All shards of a node, as other threads see them.
#[derive(Debug)]
pub struct Shards {
    each: Box<[Reach]>,
    broadcasts: AtomicU64,
    encodings: AtomicU64,
    wake_ups: AtomicU64,
}

/// One shard, as other threads see it.
#[derive(Debug, Default)]
struct Reach {
    mailbox: Mailbox<Parcel>,
    /// Bytes in the shard's logs that not every writable member has been offered yet. Includes
    /// broadcasts not yet handed to the channels that look at broadcasts themselves.
    unsettled_bytes: AtomicUsize,
    flush: ShownCounts,
}

impl Shards {
    /// Returns the state of `count` shards at their start.
    pub(crate) fn new(count: usize) -> Shards {
        Shards {
            each: (0..count).map(|_| Reach::default()).collect(),
            broadcasts: AtomicU64::new(0),
            encodings: AtomicU64::new(0),
            wake_ups: AtomicU64::new(0),
        }
    }

    /// Returns the mailbox of a shard.
    pub fn mailbox(&self, shard: u16) -> &Mailbox<Parcel> {
        &self.each[usize::from(shard)].mailbox
    }

    /// Returns the lag of a shard, in bytes. The lag is mail not taken in, entries not yet offered
    /// to every writable member, and broadcasts not yet handed to the channels that look at
    /// broadcasts themselves.
    pub fn lag_bytes(&self, shard: u16) -> usize {
        let reach = &self.each[usize::from(shard)];
        reach.mailbox.bytes() + self.unsettled_bytes(shard)
    }

    /// Returns the broker's totals since the start.
    pub fn counts(&self) -> HubCounts {
        HubCounts {
            broadcasts: self.broadcasts.load(Ordering::Relaxed),
            encodings: self.encodings.load(Ordering::Relaxed),
            wake_ups: self.wake_ups.load(Ordering::Relaxed),
            flush: self.each.iter().map(|reach| reach.flush.look()).sum(),
        }
    }

    /// Returns the counts of one shard's flushes since the start.
    #[cfg(feature = "engine")]
    pub fn flush_counts(&self, shard: u16) -> FlushCounts {
        self.each[usize::from(shard)].flush.look()
    }

    /// Returns the bytes in one shard's logs not yet offered to every writable member. Includes
    /// broadcasts not yet handed to the channels that look at broadcasts themselves.
    pub(crate) fn unsettled_bytes(&self, shard: u16) -> usize {
        let unsettled = &self.each[usize::from(shard)].unsettled_bytes;
        unsettled.load(Ordering::Relaxed)
    }

    pub(crate) fn set_unsettled_bytes(&self, shard: u16, bytes: usize) {
        let reach = &self.each[usize::from(shard)];
        reach.unsettled_bytes.store(bytes, Ordering::Relaxed);
    }

    pub(crate) fn show_flush_counts(&self, shard: u16, counts: &FlushCounts) {
        self.each[usize::from(shard)].flush.show(counts);
    }

    pub(crate) fn count_broadcast(&self) {
        self.broadcasts.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_encodings(&self, wants: Wants) {
        let classes = wants.classes.iter().filter(|wanted| **wanted).count();
        self.encodings.fetch_add(classes as u64, Ordering::Relaxed);
    }

    pub(crate) fn count_wake_up(&self) {
        self.wake_ups.fetch_add(1, Ordering::Relaxed);
    }
}
