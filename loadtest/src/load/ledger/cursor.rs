//! A member's position in a stream, and the messages before it that are missing.

use std::collections::HashMap;
use std::ops::Range;

use super::tallies::Tallies;

/// A member's place in one stream. The member is owed the messages from `base` on, and it has the
/// messages before `next` except those in the holes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cursor {
    base: u32,
    next: u32,
}

impl Cursor {
    /// Returns a cursor of a member that is owed the messages from `sequence` on.
    pub fn at(sequence: u32) -> Cursor {
        Cursor {
            base: sequence,
            next: sequence,
        }
    }

    pub fn base(&self) -> u32 {
        self.base
    }

    pub fn next(&self) -> u32 {
        self.next
    }

    #[inline]
    pub fn advance(&mut self) {
        self.next += 1;
    }

    /// Enters a sequence that is not the next one. True if it is owed and came for the first time.
    #[cold]
    pub fn irregular(
        &mut self,
        sequence: u32,
        holes: &mut Vec<Range<u32>>,
        tallies: &mut Tallies,
    ) -> bool {
        if sequence > self.next {
            holes.push(self.next..sequence);
            self.next = sequence + 1;
            return true;
        }
        if sequence < self.base {
            tallies.early += 1;
            return false;
        }
        let at = holes.partition_point(|hole| hole.end <= sequence);
        match holes.get(at).cloned() {
            Some(hole) if hole.contains(&sequence) => {
                let halves = [hole.start..sequence, sequence + 1..hole.end];
                holes.splice(at..=at, halves.into_iter().filter(|half| !half.is_empty()));
                tallies.out_of_order += 1;
                true
            }
            _ => {
                tallies.duplicated += 1;
                false
            }
        }
    }
}

/// The holes of all members, in order of their sequences. Normally there are none, so they are not
/// kept with the cursors.
#[derive(Debug, Default)]
pub(super) struct Holes {
    by_place: HashMap<(u32, u32), Vec<Range<u32>>>,
}

impl Holes {
    /// Returns the holes of `member` in `stream`, to be changed.
    pub fn of(&mut self, member: u32, stream: u32) -> &mut Vec<Range<u32>> {
        self.by_place.entry((member, stream)).or_default()
    }

    pub fn between(&self, member: u32, stream: u32) -> &[Range<u32>] {
        // A lookup in an empty map hashes nothing.
        self.by_place
            .get(&(member, stream))
            .map_or(&[], Vec::as_slice)
    }

    pub fn forget(&mut self, member: u32) {
        self.by_place.retain(|(owner, _), _| *owner != member);
    }
}
