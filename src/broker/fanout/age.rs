//! How old a log's oldest entry is, by a few marks instead of a time on each entry.

use std::collections::VecDeque;

/// A room that the sweep looks at: it has members that
/// are behind, or a log with room for a past burst.
#[derive(Debug)]
pub(crate) struct Watched {
    pub(crate) slot: u32,
    pub(crate) stamp: u32,
    /// Oldest first.
    pub(crate) marks: VecDeque<Mark>,
    /// Entries before this one are over the age.
    pub(crate) outdated: u64,
}

/// Where a log's head stood at some sweep: entries before the mark are at least as old as it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    at_ms: u32,
    head: u64,
}

/// Marks per age. Entries are dropped up to this part of the age late; a room keeps no more marks.
pub(crate) const MARKS: u64 = 8;

impl Watched {
    /// Finds which entries have become older than `age_ms_max`, and marks the present head.
    pub(crate) fn grow_older(&mut self, now_ms: u32, age_ms_max: u64, head: u64) {
        let age = |mark: &Mark| u64::from(now_ms.wrapping_sub(mark.at_ms));
        while let Some(mark) = self.marks.pop_front_if(|mark| age(mark) >= age_ms_max) {
            self.outdated = mark.head;
        }
        let last = self.marks.back();
        if last.is_none_or(|last| last.head < head && age(last) >= age_ms_max / MARKS) {
            self.marks.push_back(Mark {
                at_ms: now_ms,
                head,
            });
        }
    }
}

impl Watched {
    /// The least age that the oldest entry can have, outdated entries left out.
    pub(crate) fn age_ms(&self, now_ms: u32) -> usize {
        let oldest = self.marks.front();
        oldest.map_or(0, |mark| now_ms.wrapping_sub(mark.at_ms) as usize)
    }
}
