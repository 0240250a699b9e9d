//! Coalesced writes of rooms to their members: passes, round robin, a slice at a time.
//!
//! A pass goes round the members of a room. It gives each member every frame from its cursor to the
//! head of *that* moment, in one write. The pass ends when a full circle brought nothing new. A
//! flush never waits for a socket: only the owner of the sockets knows how to wait.

use std::io;

use bytes::Bytes;

use super::Fanout;
use super::outlet::Flow;
use super::room::Member;
use super::sink::Budget;
use super::sink::Failure;
use super::sink::Sink;

/// Members looked at per call, written to or not. It bounds a pass over many that need nothing.
const VISITS_MAX: usize = 8192;

/// A span of more bytes is written frame by frame (vectored) rather than gathered first.
const GATHER_BYTES_MAX: u64 = 256 << 10;

impl Fanout {
    /// Takes the mail in and writes as much as the budget allows: first
    /// to connections with frames of their own, then one slice of the
    /// passes. Returns true if work is left that needs no new event.
    pub fn flush(&mut self, sink: &mut impl Sink, mut budget: Budget) -> bool {
        self.take_mail();
        self.passes.laps.clear();
        let written_before = self.counts.writes;
        // Frames of their own have a budget of their own:
        // passes go on however many answers clients ask for.
        let mut own = budget;
        self.drain_queued(sink, &mut own);
        let mut rooms = self.passes.rooms.len();
        while rooms > 0 && budget.writes > 0 && budget.bytes > 0 {
            rooms -= 1;
            if let Some(slot) = self.passes.rooms.pop_front() {
                self.run_pass(slot, sink, &mut budget);
            }
        }
        self.relieve();
        self.hub
            .shards()
            .set_unsettled_bytes(self.shard, self.passes.unsettled_bytes + self.heard.bytes());
        if self.counts.writes > written_before {
            self.counts.flushes += 1;
            self.hub
                .shards()
                .show_flush_counts(self.shard, &self.counts);
        }
        !self.outlets.queued.is_empty() || !self.passes.rooms.is_empty() || self.has_heard()
    }

    /// A slice of one room's pass. The room goes to the end of the list if its circle is not over.
    fn run_pass(&mut self, slot: u32, sink: &mut impl Sink, budget: &mut Budget) {
        for _ in 0..VISITS_MAX {
            let Some(room) = self.rooms.get_mut(slot) else {
                return;
            };
            if budget.writes == 0 || budget.bytes == 0 {
                break;
            }
            let Some((index, lap)) = room.circle.visit() else {
                break;
            };
            self.visit(slot, index, sink, budget);
            if lap && let Some(room) = self.rooms.get_mut(slot) {
                let settled = room.end_lap();
                self.passes.settled(settled);
                self.trim(slot);
            }
        }
        self.end_slice(slot);
    }

    fn end_slice(&mut self, slot: u32) {
        let Some(room) = self.rooms.get_mut(slot) else {
            return;
        };
        if room.circle.left() > 0 {
            self.passes.rooms.push_back(slot);
            return;
        }
        room.active = false;
        let settled = room.settle();
        self.passes.settled(settled);
        self.trim(slot);
    }

    fn visit(&mut self, slot: u32, index: usize, sink: &mut impl Sink, budget: &mut Budget) {
        let room = &self.rooms[slot];
        let member = room.members[index];
        let head = room.log.head();
        if member.lagging || member.next >= head {
            return;
        }
        let has_own = self
            .outlet(member.outlet)
            .is_some_and(|o| o.direct.is_some());
        let uneven = member.intercepts || room.log.leaves_out(member.id, member.next);
        let offset = |sequence| room.log.offset(member.class, sequence);
        let bytes = offset(head) - offset(member.next);
        if bytes == 0 {
            self.rooms[slot].members[index].next = head;
        } else if has_own || uneven || bytes > GATHER_BYTES_MAX {
            self.counts.members += 1;
            self.drain(member.outlet, sink, budget);
        } else {
            self.write_span(slot, index, sink, budget);
        }
    }

    /// The common case: one write of everything that a member lacks.
    fn write_span(&mut self, slot: u32, index: usize, sink: &mut impl Sink, budget: &mut Budget) {
        let room = &mut self.rooms[slot];
        let Member {
            outlet,
            class,
            next,
            ..
        } = room.members[index];
        let single = (room.log.head() == next + 1)
            .then(|| room.log.entry(next).and_then(|e| e.frame(class)))
            .flatten();
        let (span, frames): (&[u8], u64) = match single {
            Some(frame) => (frame, 1),
            None => self.scratch.span(room.stamp, &room.log, class, next),
        };
        budget.writes -= 1;
        budget.bytes = budget.bytes.saturating_sub(span.len());
        self.counts.writes += 1;
        self.counts.members += 1;
        match sink.write(outlet, span) {
            Ok(written) if written == span.len() => {
                room.members[index].next = room.log.head();
                self.counts.deliveries += frames;
                self.counts.bytes += written as u64;
            }
            Ok(written) => {
                let (stopped, rest) = room.log.stopped_at(class, next, written);
                room.members[index].next = stopped;
                self.counts.deliveries += room.log.frames_between(class, next, stopped);
                self.counts.bytes += written as u64;
                self.block(outlet, rest);
            }
            Err(error) => self.write_failed(outlet, &error),
        }
    }

    pub(crate) fn write_failed(&mut self, outlet: u32, error: &io::Error) {
        match error.kind() {
            io::ErrorKind::WouldBlock => self.block(outlet, None),
            kind => self.give_up(outlet, Failure::Io(kind)),
        }
    }

    /// The socket takes no more for now, and may have stopped in the middle of a frame.
    pub(crate) fn block(&mut self, outlet: u32, rest: Option<Bytes>) {
        if let Some(o) = self.outlet_mut(outlet) {
            o.flow = Flow::Blocked;
            if let Some(rest) = rest {
                o.keep_partial(rest);
            }
        }
        self.set_lagging(outlet, true);
    }
}
