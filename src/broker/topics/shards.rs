//! The parts of all shards that other threads see: mailbox, lag (for backpressure), and counts.

use std::task::Waker;

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
}

/// One shard, as other threads see it.
#[derive(Debug, Default)]
struct Reach {
    mailbox: Mailbox<Parcel>,
    /// Bytes in its logs that not every writable member has been offered yet, and of broadcasts
    /// that it has still to hand to channels that look at broadcasts themselves.
    unsettled_bytes: AtomicUsize,
    flush: ShownCounts,
}

impl Shards {
    /// The state for `count` shards.
    pub(crate) fn new(count: usize) -> Shards {
        Shards {
            each: (0..count).map(|_| Reach::default()).collect(),
            broadcasts: AtomicU64::new(0),
            encodings: AtomicU64::new(0),
        }
    }

    /// The mailbox of a shard.
    pub fn mailbox(&self, shard: u16) -> &Mailbox<Parcel> {
        &self.each[usize::from(shard)].mailbox
    }

    /// Bytes that a shard has still to process: mail not taken in, entries not yet offered to every
    /// writable member, and broadcasts not yet handed to channels that look at them themselves.
    pub fn lag_bytes(&self, shard: u16) -> usize {
        let reach = &self.each[usize::from(shard)];
        reach.mailbox.bytes() + reach.unsettled_bytes.load(Ordering::Relaxed)
    }

    /// The largest lag of any shard.
    pub fn lag_bytes_max(&self) -> usize {
        let shards = 0..u16::try_from(self.each.len()).unwrap_or(u16::MAX);
        shards.map(|s| self.lag_bytes(s)).max().unwrap_or(0)
    }

    /// Totals since the start.
    pub fn counts(&self) -> HubCounts {
        HubCounts {
            broadcasts: self.broadcasts.load(Ordering::Relaxed),
            encodings: self.encodings.load(Ordering::Relaxed),
            flush: self.each.iter().map(|reach| reach.flush.look()).sum(),
        }
    }

    /// The writes of one shard's flushes.
    #[cfg(feature = "engine")]
    pub fn flush_counts(&self, shard: u16) -> FlushCounts {
        self.each[usize::from(shard)].flush.look()
    }

    /// Puts a parcel in a shard's mailbox. Returns the
    /// shard's lag and the waker to call once no lock is held.
    pub(crate) fn deliver(
        &self,
        shard: u16,
        parcel: Parcel,
        bytes: usize,
    ) -> (usize, Option<Waker>) {
        let reach = &self.each[usize::from(shard)];
        let (waiting, waker) = reach.mailbox.put(parcel, bytes + PARCEL_BYTES);
        let unsettled = reach.unsettled_bytes.load(Ordering::Relaxed);
        (waiting + unsettled, waker)
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
}

/// Weight of a parcel in a mailbox beside its frames.
/// It is over 0, so a mailbox of 0 bytes is empty.
const PARCEL_BYTES: usize = size_of::<Parcel>();
