//! A queue in which each address or lone connection has its turn, however much it has queued.

use std::collections::{HashMap, VecDeque};

/// Most places that an empty queue keeps the memory for.
const PLACES_KEPT: usize = 64;

/// Whom an entry of a [`FairQueue`] is charged to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Party {
    /// An address, by its key among the addresses of a server.
    Address(u64),
    /// One connection, by its name, where its address is not counted.
    Alone(u64),
}

/// A queue with a line for each party. The parties take turns, and each line is first in, first
/// out. So whoever fills the queue waits longest.
pub(crate) struct FairQueue<T> {
    lines: HashMap<Party, VecDeque<T>>,
    /// The parties with a line, in the order of their turns.
    turns: VecDeque<Party>,
    len: usize,
}

impl<T> Default for FairQueue<T> {
    fn default() -> FairQueue<T> {
        FairQueue {
            lines: HashMap::new(),
            turns: VecDeque::new(),
            len: 0,
        }
    }
}

impl<T> FairQueue<T> {
    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds an entry at the end of the line of `party`.
    pub fn push(&mut self, party: Party, entry: T) {
        let line = self.lines.entry(party).or_default();
        if line.is_empty() {
            self.turns.push_back(party);
        }
        line.push_back(entry);
        self.len += 1;
    }

    /// Drops the entries for which `keep` is false.
    pub fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        let lines = &mut self.lines;
        self.turns.retain(|party| {
            let Some(line) = lines.get_mut(party) else {
                return false;
            };
            line.retain(&keep);
            if line.is_empty() {
                lines.remove(party);
                return false;
            }
            true
        });
        self.len = self.lines.values().map(VecDeque::len).sum();
    }

    /// True if `is_meant` is true for an entry.
    #[cfg(test)]
    pub fn has(&self, is_meant: impl Fn(&T) -> bool) -> bool {
        self.lines.values().flatten().any(is_meant)
    }

    /// Takes the first entry of the party whose turn it is.
    pub fn pop(&mut self) -> Option<(Party, T)> {
        let party = self.turns.pop_front()?;
        let line = self.lines.get_mut(&party)?;
        let entry = line.pop_front()?;
        self.len -= 1;
        if line.is_empty() {
            self.lines.remove(&party);
        } else {
            self.turns.push_back(party);
        }
        if self.is_empty() && self.lines.capacity() > PLACES_KEPT {
            *self = FairQueue::default();
        }
        Some((party, entry))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn party_with_many_entries_waits_and_others_do_not() {
        let mut queue = FairQueue::default();
        let (flood, one, two) = (Party::Address(1), Party::Address(2), Party::Alone(1));
        (0..1_000).for_each(|number| queue.push(flood, number));
        queue.push(one, 1_000);
        queue.push(two, 1_001);
        queue.push(one, 1_002);
        let order = std::iter::from_fn(|| queue.pop());
        let order: Vec<_> = order.map(|(_, number)| number).collect();
        assert_eq!(order[..6], [0, 1_000, 1_001, 1, 1_002, 2]);
        assert_eq!(order.len(), 1_003);
        (0..4).for_each(|number| queue.push(flood, number));
        queue.push(one, 4);
        queue.retain(|number| number % 2 == 1);
        assert_eq!(queue.len(), 2);
        assert_eq!(
            [queue.pop(), queue.pop()],
            [Some((flood, 1)), Some((flood, 3))]
        );
        assert!(queue.is_empty() && queue.lines.is_empty() && queue.turns.is_empty());
    }
}
