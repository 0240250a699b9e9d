//! Deliveries that members were owed and never got, and the sums of all deliveries.

use super::Ledger;
use super::cursor::Cursor;
use super::member::Owed;
use super::stream::Stream;
use crate::result::Deliveries;

impl Ledger {
    /// Returns how many of the messages owed until now `member` has not got.
    pub fn missing(&self, member: u32) -> u64 {
        self.reckon(member, |stream, _| stream.sent()).1
    }

    /// True if `member` lacks a message that is older than one that it got. Later messages do not
    /// count, because they may still come.
    pub fn has_gap(&self, member: u32) -> bool {
        self.reckon(member, |_, cursor| cursor.next()).1 > 0
    }

    /// Returns the sums of all members. They are exact once the run has settled. The cost is a look
    /// at every member.
    pub fn deliveries(&self) -> Deliveries {
        let tallies = self.tallies;
        let (mut expected, mut missing) = (tallies.settled_expected, tallies.settled_missing);
        for member in 0..self.members.len() as u32 {
            if self.members[member as usize].owed != Owed::Nothing {
                let owed_of = |stream: &Stream, _: &Cursor| match self.end_ns {
                    Some(end_ns) => stream.sent_before(end_ns),
                    None => stream.sent(),
                };
                let (owed, without) = self.reckon(member, owed_of);
                expected += owed;
                missing += without;
            }
        }
        Deliveries {
            published: self.published(),
            unsent: tallies.unsent,
            expected,
            received: expected.saturating_sub(missing),
            missing,
            duplicated: tallies.duplicated,
            out_of_order: tallies.out_of_order,
            altered: tallies.altered,
            strayed: tallies.strayed,
            early: tallies.early,
        }
    }

    /// Returns the expected and the missing deliveries of a member, in each stream up to `until`.
    pub(super) fn reckon(
        &self,
        member: u32,
        until: impl Fn(&Stream, &Cursor) -> u32,
    ) -> (u64, u64) {
        let number = member;
        let member = &self.members[member as usize];
        let begin = self.lobbies[member.lobby as usize].streams_begin;
        let (mut expected, mut missing) = (0, 0);
        for (local, cursor) in member.cursors.iter().enumerate() {
            let id = begin + local as u32;
            if member.silent == Some(id) {
                continue;
            }
            let stream = &self.streams[id as usize];
            let end = until(stream, cursor).max(cursor.base());
            let refused = |from, to| u64::from(stream.refused_between(from, to));
            expected += u64::from(end - cursor.base()) - refused(cursor.base(), end);
            let tail = cursor.next().max(cursor.base()).min(end);
            missing += u64::from(end - tail) - refused(tail, end);
            for hole in self.holes.between(number, id) {
                missing += u64::from(hole.end - hole.start) - refused(hole.start, hole.end);
            }
        }
        (expected, missing)
    }
}
