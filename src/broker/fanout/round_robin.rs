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

    /// Returns the next place to visit, and whether that place was the last of a lap.
    pub fn visit(&mut self) -> Option<(usize, bool)> {
        if self.left == 0 {
            return None;
        }
        let index = self.next;
        self.left -= 1;
        self.next += 1;
        let lap = self.next == self.len;
        if lap {
            self.next = 0;
        }
        Some((index, lap))
    }

    /// Adds the place of a member that joins, at the end.
    pub fn joined(&mut self) {
        self.len += 1;
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

    /// A member: the `head` it has seen, and whether the present lap visited it.
    #[derive(Clone, Copy)]
    struct Member {
        seen: u32,
        in_lap: bool,
    }

    proptest! {
        #[test]
        fn pass_leaves_nobody_out_whoever_joins_or_leaves_in_its_middle(steps in steps()) {
            let mut round_robin = RoundRobin::default();
            let mut members: Vec<Member> = Vec::new();
            let mut head = 0u32;
            for step in steps {
                match step {
                    Step::Publish => { head += 1; round_robin.restart(); }
                    Step::Visit(times) => for _ in 0..times {
                        let Some((index, lap)) = round_robin.visit() else { break };
                        members[index] = Member { seen: head, in_lap: true };
                        if lap {
                            // A member that is unvisited at the lap's end would lose the entries
                            // trimmed then.
                            prop_assert!(members.iter().all(|m| m.in_lap));
                            members.iter_mut().for_each(|m| m.in_lap = false);
                        }
                    },
                    Step::Join => { members.push(Member { seen: head, in_lap: false }); round_robin.joined(); }
                    Step::Leave(at) if !members.is_empty() => {
                        let index = usize::from(at) % members.len();
                        let wrapped = round_robin.next;
                        for (to, from) in round_robin.left_at(index).into_iter().flatten() {
                            members[to] = members[from];
                        }
                        members.pop();
                        if round_robin.next == 0 && wrapped != 0 {
                            // The lap ended with the member that left.
                            members.iter_mut().for_each(|m| m.in_lap = false);
                        }
                    }
                    Step::Leave(_) => {}
                }
                for index in 0..members.len() {
                    let ahead = (index + members.len() - round_robin.next) % members.len();
                    prop_assert!(members[index].seen == head || ahead < round_robin.left, "{index} waits, unvisited");
                }
            }
        }
    }
}
