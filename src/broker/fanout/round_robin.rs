//! The order of a pass over a room's members, round robin, as plain arithmetic on indices.
//!
//! A pass goes round the members and ends when a full round brought nothing new. Members come and
//! go in the middle of a pass; no member that still waits may be left out.

/// A round of `len` places. The `left` places from `next` on (wrapping) are still to be visited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RoundRobin {
    next: usize,
    left: usize,
    len: usize,
    /// Number of visits since the start, less those that joins and leaves have put off.
    visited: i64,
    /// How often a visit came to the last place; it wraps.
    rounds: u32,
}

/// The moves that fill the hole of a leaving member. Each pair moves a member from the second index
/// to the first, in this order; then the last place goes.
pub(crate) type Moves = [Option<(usize, usize)>; 2];

impl RoundRobin {
    /// Starts a full round at the next place, because there is something new for every member.
    pub fn restart(&mut self) {
        self.left = self.len;
    }

    /// Returns the number of places still to be visited.
    pub fn left(&self) -> usize {
        self.left
    }

    /// Returns the next place to visit.
    pub fn visit(&mut self) -> Option<usize> {
        if self.left == 0 {
            return None;
        }
        let index = self.next;
        self.left -= 1;
        self.visited += 1;
        self.next += 1;
        if self.next == self.len {
            self.next = 0;
            self.rounds = self.rounds.wrapping_add(1);
        }
        Some(index)
    }

    /// Returns how often the last place was visited. Once it has changed, a room may be due to be
    /// trimmed.
    pub fn rounds(&self) -> u32 {
        self.rounds
    }

    /// Returns the number by which [`is_over`](RoundRobin::is_over) knows the lap that begins now,
    /// at the next place. The lap is over once all members that are there now were visited.
    pub fn lap_end(&self) -> i64 {
        self.visited + self.len as i64
    }

    /// True if the lap with this end is over.
    pub fn is_over(&self, lap_end: i64) -> bool {
        lap_end <= self.visited
    }

    /// Adds the place of a member that joins, at the end.
    pub fn joined(&mut self) {
        self.len += 1;
        // The laps under way may have to pass the new place too.
        self.visited -= 1;
        // If the unvisited places wrap round the end, they now include the new place.
        if self.left > 0 {
            self.left = (self.left + 1).min(self.len);
        }
    }

    /// Removes the place of the member at `index`. A member before `next` was visited in this lap
    /// and must stay before `next`; a member behind `next` was not visited and must stay behind it.
    pub fn left_at(&mut self, index: usize) -> Moves {
        let last = self.len - 1;
        let mut moves = [None, None];
        if index < self.next {
            let mark = self.next - 1;
            moves = [
                (mark != index).then_some((index, mark)),
                (last != mark).then_some((mark, last)),
            ];
            self.next = mark;
            // The laps under way come to that place again as well.
            self.visited -= 1;
            // The member moved to `next` may have been visited in this round: visit it once more.
            if self.left > 0 {
                self.left += 1;
            }
        } else if index != last {
            moves[0] = Some((index, last));
        }
        self.len = last;
        self.left = self.left.min(self.len);
        if self.next >= self.len {
            self.next = 0;
        }
        moves
    }
}

#[cfg(test)]
mod tests {
    use super::RoundRobin;
    use proptest::prelude::*;

    #[derive(Clone, Debug)]
    enum Step {
        Publish,
        Visit(u8),
        Join,
        Leave(u16),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            1 => Just(Step::Publish),
            4 => (1u8..6).prop_map(Step::Visit),
            2 => Just(Step::Join),
            2 => any::<u16>().prop_map(Step::Leave),
        ];
        proptest::collection::vec(step, 1..200)
    }

    #[test]
    fn lap_is_over_as_soon_as_each_member_was_visited_once() {
        let mut round_robin = RoundRobin::default();
        (0..3).for_each(|_| round_robin.joined());
        round_robin.restart();
        round_robin.visit();
        // A broadcast comes in the middle of the first round.
        round_robin.restart();
        let lap_end = round_robin.lap_end();
        let over = (0..3).map(|_| (round_robin.visit(), round_robin.is_over(lap_end)));
        let over: Vec<_> = over.collect();
        assert_eq!(over, [(Some(1), false), (Some(2), false), (Some(0), true)]);
        assert_eq!((round_robin.visit(), round_robin.rounds()), (None, 1));
    }

    proptest! {
        #[test]
        fn pass_leaves_nobody_out_whoever_joins_or_leaves_in_its_middle(steps in steps()) {
            let mut round_robin = RoundRobin::default();
            // The head that each member has seen.
            let mut members: Vec<u32> = Vec::new();
            let mut laps = Vec::new();
            let mut head = 0u32;
            for step in steps {
                match step {
                    Step::Publish => {
                        head += 1;
                        round_robin.restart();
                        laps.push((round_robin.lap_end(), head));
                    }
                    Step::Visit(times) => for _ in 0..times {
                        let Some(index) = round_robin.visit() else { break };
                        members[index] = head;
                    },
                    Step::Join => { members.push(head); round_robin.joined(); }
                    Step::Leave(at) if !members.is_empty() => {
                        let index = usize::from(at) % members.len();
                        for (to, from) in round_robin.left_at(index).into_iter().flatten() {
                            members[to] = members[from];
                        }
                        members.pop();
                    }
                    Step::Leave(_) => {}
                }
                // A member that has not seen what a lap settles would lose it when it is trimmed.
                if round_robin.left() == 0 {
                    laps.clear();
                }
                for (lap_end, settled) in &laps {
                    let is_over = round_robin.is_over(*lap_end);
                    prop_assert!(!is_over || members.iter().all(|seen| seen >= settled));
                }
                for index in 0..members.len() {
                    let ahead = (index + members.len() - round_robin.next) % members.len();
                    prop_assert!(members[index] == head || ahead < round_robin.left, "{index} waits, unvisited");
                }
            }
        }
    }
}
