//! Coalesced writes of rooms to their members: passes, round robin, a slice at a time.
//!
//! Mail that comes in begins a pass. A member whose socket takes no more leaves the passes, and
//! drains its own cursors (`write`) until it has caught up.
//!
//! A pass goes round the members of a room. It gives each member every frame from its cursor to the
//! head of *that* moment, in one write. The pass ends when a full round brought nothing new. A
//! flush never waits for a socket: only the owner of the sockets knows how to wait.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use bytes::Bytes;

use super::Fanout;
use super::age::Watched;
use super::listener::Heard;
use super::log::Log;
use super::outlet::Flow;
use super::room::Member;
use super::sink::Budget;
use super::sink::Failure;
use super::sink::Sink;
use crate::broker::topics::entry::Class;
use crate::broker::topics::parcel::Parcel;

/// Parcels (24 bytes each) for which the buffer for mail keeps room between turns.
const PARCELS_KEPT: usize = 4096;

/// Most members visited in one slice, written to or not. Bounds a slice over many members that need
/// nothing.
const VISITS_MAX: usize = 8192;

/// Bytes above which a span is written frame by frame (vectored), not gathered first.
const GATHER_BYTES_MAX: u64 = 256 << 10;

impl Fanout {
    /// Takes the mail in and writes as much as the budget allows: first to connections with frames
    /// of their own or catching up, then one slice of the passes. Returns true if work is left that
    /// needs no new event.
    pub fn flush(&mut self, sink: &mut impl Sink, mut budget: Budget) -> bool {
        self.take_mail();
        self.go_on_giving_up();
        self.passes.laps.clear();
        let written_before = self.counts.writes;
        // Connections that are drained have a budget of their own: passes go on however many
        // answers clients ask for.
        let mut own = budget;
        if !self.passes.rooms.is_empty() {
            own.drains = self.outlets.queued.len().min(budget.drains_beside_passes());
            budget.writes = budget.writes.max(own.drains);
        }
        self.drain_queued(sink, &mut own);
        let mut rooms = self.passes.rooms.len();
        while rooms > 0 && budget.has_left() {
            rooms -= 1;
            if let Some(slot) = self.passes.rooms.pop_front() {
                self.run_pass(slot, sink, &mut budget);
            }
        }
        self.relieve();
        if self.outlets.queued.is_empty() && self.passes.rooms.is_empty() {
            self.trim_after_catching_up();
        }
        self.show_lag();
        if self.counts.writes > written_before {
            self.counts.flushes += 1;
            self.hub
                .shards()
                .show_flush_counts(self.shard, &self.counts);
        }
        let is_passing = !self.outlets.queued.is_empty() || !self.passes.rooms.is_empty();
        is_passing || !self.kept.falls.is_empty() || self.has_heard()
    }

    /// Takes the mail in: every entry goes to its topic's log, and to the topic's listeners.
    pub fn take_mail(&mut self) {
        let mut parcels = std::mem::take(&mut self.scratch.parcels);
        self.hub.mailbox(self.shard).take(&mut parcels);
        for parcel in parcels.drain(..) {
            self.take_in(parcel);
        }
        if parcels.capacity() <= PARCELS_KEPT {
            self.scratch.parcels = parcels;
        }
    }

    fn take_in(&mut self, parcel: Parcel) {
        let slot = parcel.room.slot;
        let Some(room) = self.rooms.get_mut(slot) else {
            return;
        };
        if room.stamp != parcel.room.stamp {
            return;
        }
        if room.log.head() != parcel.sequence {
            return self.take_in_behind_a_gap(parcel);
        }
        let intercepting = room.interceptors.as_deref();
        let intercepting = intercepting.map_or(&[][..], |i| i.of_event(&parcel.entry));
        for listener in intercepting.iter().chain(&room.listeners) {
            self.outlets.looks.count();
            if let Some(by) = listener.hears(&parcel) {
                let heard = Heard {
                    outlet: listener.outlet,
                    opened: listener.opened,
                    id: listener.id,
                    topic: Arc::clone(room.topic.name()),
                    room: parcel.room,
                    entry: Arc::clone(&parcel.entry),
                    by,
                };
                room.lag.add(self.heard.push(heard));
            }
        }
        if room.members.is_empty() {
            self.kept.weight.take(room.log.skip(parcel.sequence + 1));
            room.lag.take(parcel.entry.bytes());
            room.settle();
            return;
        }
        self.passes.unsettled.add(parcel.entry.bytes());
        self.kept.weight.add(room.log.append(parcel.entry));
        room.begin_lap();
        if !room.active {
            room.active = true;
            self.passes.rooms.push_back(slot);
        }
        if room.log.is_roomy() {
            self.watch(slot);
        }
    }

    /// Takes in an entry that is not the next one of its room. Closes all members, because they
    /// would lack entries or get some twice. Only a bug leads here.
    #[cold]
    fn take_in_behind_a_gap(&mut self, parcel: Parcel) {
        let (slot, stamp) = (parcel.room.slot, parcel.room.stamp);
        let members: Vec<u32> = self.rooms[slot].members.iter().map(|m| m.outlet).collect();
        members
            .into_iter()
            .for_each(|outlet| self.close_gap(outlet));
        if let Some(room) = self.rooms.with_stamp(slot, stamp) {
            let weight = room.log.skip(parcel.sequence);
            room.settle();
            self.kept.weight.take(weight);
            self.take_in(parcel);
        }
    }

    /// Runs a slice of one room's pass. The room goes to the end of the list if its round is not
    /// over.
    fn run_pass(&mut self, slot: u32, sink: &mut impl Sink, budget: &mut Budget) {
        let rounds = self.rooms.get(slot).map(|room| room.round_robin.rounds());
        for _ in 0..VISITS_MAX {
            let Some(room) = self.rooms.get_mut(slot) else {
                return;
            };
            if !budget.has_left() {
                break;
            }
            let Some(index) = room.round_robin.visit() else {
                break;
            };
            self.visit(slot, index, sink, budget);
        }
        self.end_slice(slot, rounds);
    }

    /// Settles what the slice has offered to all members. `rounds` is the room's number of rounds
    /// before the slice: a log is trimmed once a round, because that may look at each member.
    fn end_slice(&mut self, slot: u32, rounds: Option<u32>) {
        let Some(room) = self.rooms.get_mut(slot) else {
            return;
        };
        let is_over = room.round_robin.left() == 0;
        let is_round_over = Some(room.round_robin.rounds()) != rounds;
        let settled = if is_over {
            room.active = false;
            Some(room.settle())
        } else {
            self.passes.rooms.push_back(slot);
            room.end_laps()
        };
        if let Some(settled) = settled {
            self.passes.settled(settled);
        }
        if is_over || is_round_over {
            self.trim(slot);
        }
    }

    pub(crate) fn visit(
        &mut self,
        slot: u32,
        index: usize,
        sink: &mut impl Sink,
        budget: &mut Budget,
    ) {
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
        let bytes = room.log.bytes_from(member.class, member.next);
        if member.next < room.log.first() {
            self.close_gap(member.outlet);
        } else if bytes == 0 {
            self.rooms[slot].members[index].next = head;
        } else if has_own || uneven || bytes > GATHER_BYTES_MAX {
            self.counts.members += 1;
            self.drain(member.outlet, sink, budget);
        } else {
            self.write_span(slot, index, sink, budget);
        }
    }

    /// Writes all frames that a member lacks in one write. This is the common case.
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
                let (stopped, rest) = stopped_at(&room.log, class, next, written);
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

    /// Marks a connection as blocked: its socket takes no more for now, and may have stopped in the
    /// middle of a frame. `rest` is the rest of that frame.
    pub(crate) fn block(&mut self, outlet: u32, rest: Option<Bytes>) {
        if let Some(o) = self.outlet_mut(outlet) {
            o.flow = Flow::Blocked;
            if let Some(rest) = rest {
                o.keep_partial(rest);
            }
        }
        self.set_lagging(outlet, true);
        self.notify(outlet);
    }

    /// Takes a connection's cursors out of the passes, or gives them back to the passes.
    pub(crate) fn set_lagging(&mut self, outlet: u32, lagging: bool) {
        let of = |fanout: &Fanout, at: usize| {
            let subscriptions = fanout.outlet(outlet)?.subscriptions.as_slice();
            subscriptions.get(at).copied()
        };
        for at in 0.. {
            let Some(subscription) = of(self, at) else {
                return;
            };
            if subscription.listens() {
                continue;
            }
            let room = &mut self.rooms[subscription.room];
            let member = &mut room.members[subscription.member as usize];
            match (member.lagging, lagging) {
                (false, true) => room.lagging += 1,
                (true, false) => room.lagging -= 1,
                _ => {}
            }
            member.lagging = lagging;
            if lagging {
                self.watch(subscription.room);
            }
        }
    }

    /// Puts a room on the list of rooms that the sweep looks at.
    pub(crate) fn watch(&mut self, slot: u32) {
        let room = &mut self.rooms[slot];
        if !std::mem::replace(&mut room.watched, true) {
            self.kept.watched.push(Watched {
                slot,
                stamp: room.stamp,
                marks: VecDeque::new(),
                outdated: 0,
            });
        }
    }
}

/// Finds where a write of `written` bytes from the beginning of entry `from` stopped. Returns the
/// sequence after the last entry touched, and the rest of that entry's frame if the frame was cut.
fn stopped_at(log: &Log, class: Class, from: u64, written: usize) -> (u64, Option<Bytes>) {
    let mut left = written;
    let mut sequence = from;
    while let Some(entry) = log.entry(sequence) {
        let frame = entry.frame(class);
        let len = frame.map_or(0, Bytes::len);
        if left < len {
            let rest = frame.filter(|_| left > 0).map(|f| f.slice(left..));
            return (sequence + u64::from(rest.is_some()), rest);
        }
        left -= len;
        sequence += 1;
    }
    (sequence, None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::topics::entry::Draft;

    #[test]
    fn cut_write_is_found_again_in_the_frame_it_cut() {
        let mut log = Log::new(5);
        for frame in ["ab", "cde", "f"] {
            let mut draft = Draft::default();
            draft.seal(Class::V2, Some(Bytes::from_static(frame.as_bytes())));
            log.append(Arc::new(draft.into_entry(None)));
        }
        let cut = |from, written| stopped_at(&log, Class::V2, from, written);
        assert_eq!(cut(5, 0), (5, None));
        assert_eq!(cut(5, 1), (6, Some(Bytes::from_static(b"b"))));
        assert_eq!(cut(5, 2), (6, None));
        assert_eq!(cut(5, 4), (7, Some(Bytes::from_static(b"e"))));
        assert_eq!(cut(6, 4), (8, None));
    }
}
