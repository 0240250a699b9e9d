//! The bytes that a connection keeps while a frame or message is incomplete.
//!
//! The memory is bounded by the bytes that really came, whatever a length field claims.

use super::assembly::{Assembly, Missing, Step};
use super::limits::ReadLimits;
use super::tally;
use super::violation::Violation;

/// The least space that is made at a time, unless fewer bytes end the message. It is about the
/// memory that an almost empty partial frame costs.
const ROOM_BYTES_MIN: usize = 512;

pub(super) struct Partial {
    /// The kept bytes. They are in use up to `assembly.end()` and free behind that; all are
    /// initialised.
    bytes: Vec<u8>,
    assembly: Assembly,
}

impl Partial {
    /// Copies the live part of `bytes`, with room for the next read.
    pub(super) fn keep(bytes: &[u8], assembly: Assembly) -> Self {
        let live = &bytes[assembly.live()];
        let room = room(live.len(), assembly.missing());
        tally::touched(live.len() + room);
        let mut kept = Vec::with_capacity(live.len() + room);
        kept.extend_from_slice(live);
        kept.resize(kept.capacity(), 0);
        Self {
            bytes: kept,
            assembly: assembly.rebased(),
        }
    }

    pub(super) fn step(&mut self, limits: &ReadLimits) -> Result<Step, Violation> {
        self.assembly.step(&mut self.bytes, limits)
    }

    pub(super) fn take_fragments(&mut self) -> u32 {
        self.assembly.take_fragments()
    }

    pub(super) fn is_idle(&self) -> bool {
        self.assembly.is_idle()
    }

    pub(super) fn is_inside_message(&self) -> bool {
        self.assembly.is_inside_message()
    }

    /// Frees the memory of yielded bytes. Called after an incomplete step.
    pub(super) fn settle(&mut self) {
        self.assembly.close_gap(&mut self.bytes);
        if self.assembly.live().start > 0 {
            *self = Self::keep(&self.bytes, std::mem::take(&mut self.assembly));
        }
    }

    /// Returns the space for the next read, directly behind the kept bytes. If the bytes that the
    /// arriving frame still needs are known, the space has no more than these. The large shared
    /// buffer is better for the bytes behind the frame.
    pub(super) fn space(&mut self) -> &mut [u8] {
        let end = self.assembly.end();
        let missing = self.assembly.missing();
        let wanted = missing.map_or(ROOM_BYTES_MIN, |m| m.bytes).max(1);
        let spare = self.bytes.len() - end;
        // The space grows if it is below half of the least step. Each growth then adds at least an
        // eighth, so the cost of all growth together is linear.
        if spare < wanted.min(room_min(end) / 2) {
            self.grow(end + room(end, missing));
        }
        let spare = self.bytes.len() - end;
        let offered = missing.map_or(spare, |m| spare.min(m.bytes.max(1)));
        &mut self.bytes[end..end + offered]
    }

    pub(super) fn extend(&mut self, read: usize) {
        self.assembly.extend(read);
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the number of kept bytes in use.
    pub(super) fn live_bytes(&self) -> usize {
        self.assembly.live().len()
    }

    /// Returns the memory held, in bytes.
    pub(super) fn memory_bytes(&self) -> usize {
        size_of::<Self>() + self.bytes.capacity()
    }

    fn grow(&mut self, len: usize) {
        tally::touched(len);
        self.bytes
            .reserve_exact(len.saturating_sub(self.bytes.len()));
        self.bytes.resize(self.bytes.capacity(), 0);
    }
}

/// Returns how much space to make behind `live` bytes. Whatever a length field claims, it is at
/// most `live` again (or [`ROOM_BYTES_MIN`]). If the missing bytes end the message, it is at most
/// these. Otherwise it is large enough that the cost of many small growths stays linear.
fn room(live: usize, missing: Option<Missing>) -> usize {
    let least = room_min(live);
    let most = live.max(ROOM_BYTES_MIN);
    match missing {
        Some(missing) if missing.is_last => missing.bytes.min(most),
        Some(missing) => missing.bytes.clamp(least, most),
        None => least,
    }
}

fn room_min(live: usize) -> usize {
    (live / 4).max(ROOM_BYTES_MIN)
}
