//! The age of a log's oldest entry, by marks that note where the log's head was at some times.

use std::collections::VecDeque;

/// A room that the sweep looks at: some members are behind, or the log has spare room from a past
/// burst.
#[derive(Debug)]
pub(crate) struct Watched {
    pub(crate) slot: u32,
    pub(crate) stamp: u32,
    /// Marks of the log's head, the oldest mark first.
    pub(crate) marks: VecDeque<Mark>,
    /// Sequence before which all entries are older than the retention allows.
    pub(crate) outdated: u64,
}

/// The place of a log's head at some sweep. Entries before the mark are at least as old as the
/// mark.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    at_ms: u32,
    head: u64,
}

/// Most marks that a room keeps, spread over the age that the retention allows. An outdated entry
/// is dropped late by up to an eighth of that age.
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
    /// Returns the age of the oldest mark, in milliseconds; 0 without a mark. Entries before the
    /// mark are at least this old, but they may have left the log since.
    pub(crate) fn age_ms(&self, now_ms: u32) -> usize {
        let oldest = self.marks.front();
        oldest.map_or(0, |mark| now_ms.wrapping_sub(mark.at_ms) as usize)
    }
}
