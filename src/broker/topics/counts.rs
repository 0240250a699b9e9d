//! Totals of the broker: encodings per broadcast, and the writes of flushes.
//!
//! A shard counts in plain numbers of its own, and shows these numbers to other threads at the end
//! of each flush that wrote something. So a shard shares no memory for counts while it writes.

use super::sync::atomic::{AtomicU64, Ordering};

/// Totals of one node since the start. The difference of two readings is the work between them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HubCounts {
    /// Broadcasts published to a topic that had members.
    pub broadcasts: u64,
    /// Encodings of broadcasts: at most one per broadcast and class, however many subscribers.
    /// Counts as well where the payload has no form in the class, so that no frame is sealed.
    pub encodings: u64,
    /// Wake-ups of sleeping shards by broadcasts. A shard that is awake needs none, and a shard
    /// that sleeps needs one, however many broadcasts follow before its next turn.
    pub wake_ups: u64,
    /// The writes of all shards' flushes.
    pub flush: FlushCounts,
}

/// Totals of flushes since the start. A flush shows its numbers to other threads at its end. A
/// reading at that moment may get some new numbers and some old numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(not(feature = "engine"), non_exhaustive)]
pub struct FlushCounts {
    /// Flushes that wrote something. A shard flushes at most once a turn.
    pub flushes: u64,
    /// Writes handed to sockets, including writes of which the socket took a part or nothing.
    pub writes: u64,
    /// Visits of passes to members for which a topic had something new. A member on a blocked
    /// socket, or a member that is being answered, gets its broadcasts without a visit.
    pub members: u64,
    /// Frames of broadcasts that began to go out, once for each member that got them.
    pub deliveries: u64,
    /// Frames for one connection alone that began to go out: replies, pushes, control frames, and
    /// broadcasts that were still due when a subscription ended.
    pub own_frames: u64,
    /// Bytes that sockets took.
    pub bytes: u64,
}

impl FlushCounts {
    /// Returns the number of frames, broadcasts and own frames together. Divided by `writes`, this
    /// is the number of frames that one write coalesces.
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

/// A shard's [`FlushCounts`] for other threads.
#[derive(Debug, Default)]
pub(crate) struct ShownCounts([AtomicU64; FIELDS]);

impl ShownCounts {
    /// Shows the counts to other threads. Only the owning shard calls this: plain stores suffice,
    /// because no other thread writes.
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
