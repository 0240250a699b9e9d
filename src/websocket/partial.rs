//! The bytes that a connection keeps while a frame or message is incomplete.
//!
//! The memory grows with the bytes that really came; a length field can only make it smaller.

use super::assembly::{Assembly, Missing, Step};
use super::limits::ReadLimits;
use super::tally;
use super::violation::Violation;

/// The least space made at a time, in bytes. An almost empty partial frame costs about this much
/// memory.
const ROOM_BYTES_MIN: usize = 512;

pub(super) struct Partial {
    /// Initialised memory: in use up to `assembly.end()`, and free behind.
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

    /// Gives back the memory of yielded bytes, after an incomplete step.
    pub(super) fn settle(&mut self) {
        self.assembly.close_gap(&mut self.bytes);
        if self.assembly.live().start > 0 {
            *self = Self::keep(&self.bytes, std::mem::take(&mut self.assembly));
        }
    }

    /// Returns the space for the next read, straight behind the kept bytes. If the need of the
    /// arriving frame is known, the space is no larger: bytes behind the frame are better read into
    /// the large shared buffer.
    pub(super) fn space(&mut self) -> &mut [u8] {
        let end = self.assembly.end();
        let missing = self.assembly.missing();
        let wanted = missing.map_or(ROOM_BYTES_MIN, |m| m.bytes).max(1);
        let spare = self.bytes.len() - end;
        // Half of the least step: each growth adds at least an eighth, so the cost of all growth
        // together is linear.
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

    /// Memory held, in bytes.
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

/// Returns how much space to make behind `live` bytes: at most `live` again (or
/// [`ROOM_BYTES_MIN`]), whatever a length field claims. It is the exact rest if the rest ends the
/// message. Otherwise it is enough that many small growths stay linear.
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
