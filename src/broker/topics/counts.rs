//! What the broker has done, in totals: one encoding per version and broadcast, and what the flushes wrote.
//!
//! A shard counts in plain numbers of its own and shows them to others once a flush, so that nothing is shared while
//! it writes.

use super::sync::atomic::{AtomicU64, Ordering};

/// Totals of one node since the start. Two looks, subtracted, are the work in between.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HubCounts {
    /// Broadcasts published to a topic that had members.
    pub broadcasts: u64,
    /// Frames sealed for them: at most one per broadcast and encoding class, however many subscribers there are.
    pub encodings: u64,
    /// What the flushes of all shards wrote.
    pub flush: FlushCounts,
}

/// What flushes wrote, in totals since the start. Shown to other threads at the end of a flush, so the numbers of one
/// that is under way are not in yet; while a flush shows them, some may be ahead of others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlushCounts {
    /// Flushes that wrote something. A shard flushes at most once a turn.
    pub flushes: u64,
    /// Writes handed to sockets, those included that took less than all or nothing.
    pub writes: u64,
    /// Members of topics that passes came to with something new. One that is behind its own socket, or is answered at
    /// the time, gets its broadcasts without one.
    pub members: u64,
    /// Frames of broadcasts that began to go out, once for each member that got them.
    pub deliveries: u64,
    /// Frames for one connection alone that began to go out: replies, pushes, control frames, and broadcasts that were
    /// still due when a subscription ended.
    pub own_frames: u64,
    /// Bytes that sockets took.
    pub bytes: u64,
}

impl FlushCounts {
    /// Frames of both kinds. Divided by `writes`, what one write brings.
    pub fn frames(&self) -> u64 {
        self.deliveries + self.own_frames
    }

    fn fields(&self) -> [u64; FIELDS] {
        let FlushCounts {
            flushes,
            writes,
            members,
            deliveries,
            own_frames,
            bytes,
        } = *self;
        [flushes, writes, members, deliveries, own_frames, bytes]
    }
}

const FIELDS: usize = 6;

impl std::iter::Sum for FlushCounts {
    fn sum<I: Iterator<Item = FlushCounts>>(counts: I) -> FlushCounts {
        counts.fold(FlushCounts::default(), |sum, more| FlushCounts {
            flushes: sum.flushes + more.flushes,
            writes: sum.writes + more.writes,
            members: sum.members + more.members,
            deliveries: sum.deliveries + more.deliveries,
            own_frames: sum.own_frames + more.own_frames,
            bytes: sum.bytes + more.bytes,
        })
    }
}

/// A shard's [`FlushCounts`] as others see them.
#[derive(Debug, Default)]
pub(crate) struct ShownCounts([AtomicU64; FIELDS]);

impl ShownCounts {
    /// For the shard that owns them. Plain stores: nobody else writes.
    pub fn show(&self, counts: &FlushCounts) {
        for (shown, count) in self.0.iter().zip(counts.fields()) {
            shown.store(count, Ordering::Relaxed);
        }
    }

    pub fn look(&self) -> FlushCounts {
        let [flushes, writes, members, deliveries, own_frames, bytes] =
            std::array::from_fn(|at| self.0[at].load(Ordering::Relaxed));
        FlushCounts {
            flushes,
            writes,
            members,
            deliveries,
            own_frames,
            bytes,
        }
    }
}
