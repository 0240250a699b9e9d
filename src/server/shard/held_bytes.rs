//! Bytes that wait in line behind waiting channels of a shard, and whose they are.

use std::collections::HashMap;

use crate::server::limits::fair_queue::Party;

/// Most bytes of a party, in times of what is free. So a party alone can take seven eighths of all,
/// and the next finds room: whoever fills the lines is refused first.
const TIMES_FREE: u64 = 7;

/// Places for parties for which the memory is always kept.
const PLACES_KEPT: usize = 64;

/// The bytes of each party with something in line, and of all together.
#[derive(Default)]
pub(crate) struct HeldBytes {
    all: usize,
    parties: HashMap<Party, usize>,
}

impl HeldBytes {
    /// Returns the bytes of all parties.
    pub fn all(&self) -> usize {
        self.all
    }

    /// True if `party` would have too much with `more` bytes, where all may have `most` together.
    pub fn is_over_share(&self, party: Party, more: usize, most: u64) -> bool {
        let of_party = self.parties.get(&party).unwrap_or(&0) + more;
        let free = most.saturating_sub((self.all + more) as u64);
        of_party as u64 > free.saturating_mul(TIMES_FREE)
    }

    /// Notes that a connection of `party` has `now` bytes in line, and had `before` until now.
    pub fn note(&mut self, party: Party, before: usize, now: usize) {
        if before == now {
            return;
        }
        let of_party = self.parties.entry(party).or_default();
        *of_party = (*of_party + now).saturating_sub(before);
        self.all = (self.all + now).saturating_sub(before);
        if *of_party == 0 {
            self.parties.remove(&party);
            let spare = self.parties.capacity() / 8;
            if spare > PLACES_KEPT && self.parties.len() < spare {
                self.parties.shrink_to(2 * spare);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fills the lines with as much as `party` may have there.
    fn fill(waiting: &mut HeldBytes, party: Party, most: u64) -> usize {
        let mut filled = 0;
        while !waiting.is_over_share(party, 10, most) {
            waiting.note(party, filled, filled + 10);
            filled += 10;
        }
        filled
    }

    #[test]
    fn party_that_fills_the_lines_leaves_room_for_the_next() {
        let mut waiting = HeldBytes::default();
        let (first, second, third) = (Party::Address(1), Party::Address(2), Party::Alone(1));
        assert_eq!(fill(&mut waiting, first, 8_000), 7_000);
        assert!(!waiting.is_over_share(second, 500, 8_000));
        assert_eq!(fill(&mut waiting, second, 8_000), 870);
        assert!(
            waiting.is_over_share(first, 1, 8_000),
            "the first has too much"
        );
        assert!(!waiting.is_over_share(third, 100, 8_000));
        assert!(
            waiting.is_over_share(third, 200, 8_000),
            "no room is no room"
        );
    }

    #[test]
    fn party_without_anything_in_line_takes_no_memory() {
        let mut waiting = HeldBytes::default();
        (0..10_000).for_each(|party| waiting.note(Party::Address(party), 0, 5));
        assert_eq!(waiting.all(), 50_000);
        (0..10_000).for_each(|party| waiting.note(Party::Address(party), 5, 0));
        assert_eq!((waiting.all(), waiting.parties.len()), (0, 0));
        assert!(waiting.parties.capacity() < 4_000);
    }
}
