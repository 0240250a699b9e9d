//! One connection's writes: its outbox, and the entries its cursors lack, in one order.

use std::io::IoSlice;

use bytes::Bytes;

use super::Fanout;
use super::log::is_left_out;
use super::outlet::Flow;
use super::scratch::Piece;
use super::scratch::Then;
use super::sink::{Budget, Failure, Sink};
use crate::broker::topics::position::SubscriptionId;

/// Most pieces in one vectored write. Linux takes 1,024, but more than some dozens gain nothing.
const PIECES_MAX: usize = 64;

/// Bytes at which a write takes no further frame, and a connection leaves the rest to the next
/// turn.
const DRAIN_BYTES_MAX: usize = 256 << 10;

/// Bytes up to which copying pieces together costs less than a vectored write.
const COPY_BYTES_MAX: usize = 16 << 10;

impl Fanout {
    /// Sends a frame to one connection, behind all entries that subscription `behind` was to get
    /// until now. Does nothing for a connection that was given up. A blocked connection is given up
    /// if its outbox then weighs more than the settings allow: its bytes, and some 120 for each
    /// frame.
    pub fn send(&mut self, outlet: u32, frame: Bytes, behind: Option<SubscriptionId>) {
        // All broadcasts published before this call, from any thread, are in the log or in the
        // mail.
        if behind.is_some() && self.hub.mailbox(self.shard).bytes() > 0 {
            self.take_mail();
        }
        let fence = behind.and_then(|id| self.fence(outlet, id));
        let limit = self.settings.outbox_bytes_max;
        let Some(o) = self.outlet_mut(outlet).filter(|o| o.flow != Flow::Failed) else {
            return;
        };
        o.push(frame, fence);
        let waiting = if o.flow == Flow::Blocked {
            o.direct_weight()
        } else {
            0
        };
        self.kept.high_water.outbox_bytes = self.kept.high_water.outbox_bytes.max(waiting);
        if waiting > limit {
            self.give_up(outlet, Failure::OutboxFull);
        } else {
            self.queue(outlet);
        }
    }

    /// Sends a connection its last frame, behind the whole outbox, however large. If the connection
    /// was given up, only the rest of a half-written frame goes before the last frame.
    ///
    /// The connection's subscriptions have to have ended: entries in logs would come behind the
    /// last frame.
    pub fn send_last(&mut self, outlet: u32, frame: Bytes) {
        if let Some(o) = self.outlet_mut(outlet) {
            // Try to write: the socket may have become writable since the connection was given up,
            // and reports that only once.
            if o.flow == Flow::Failed {
                o.flow = Flow::CatchingUp;
            }
            o.push(frame, None);
            self.queue(outlet);
        }
    }

    /// Puts a connection on the list to be drained, unless its socket takes nothing now.
    pub(crate) fn queue(&mut self, outlet: u32) {
        if let Some(o) = self.outlets.get_mut(outlet)
            && !o.queued
            && matches!(o.flow, Flow::Open | Flow::CatchingUp)
        {
            o.queued = true;
            self.outlets.queued.push_back(outlet);
        }
    }

    /// Drains connections that have frames of their own or are catching up, each once.
    pub(crate) fn drain_queued(&mut self, sink: &mut impl Sink, budget: &mut Budget) {
        for _ in 0..self.outlets.queued.len().min(budget.drains) {
            if budget.bytes == 0 {
                return;
            }
            let Some(outlet) = self.outlets.queued.pop_front() else {
                return;
            };
            if let Some(o) = self.outlet_mut(outlet)
                && o.queued
            {
                o.queued = false;
                self.drain(outlet, sink, budget);
            }
        }
    }

    /// Writes to one connection until it has all its frames, its socket is full, or its share of
    /// the turn is used.
    pub(crate) fn drain(&mut self, outlet: u32, sink: &mut impl Sink, budget: &mut Budget) {
        let shut = |flow| matches!(flow, Flow::Blocked | Flow::Failed);
        if self.outlet(outlet).is_none_or(|o| shut(o.flow)) {
            return;
        }
        let mut share = DRAIN_BYTES_MAX;
        loop {
            let mut pieces = std::mem::take(&mut self.scratch.pieces);
            let Some(whole) = self.collect(outlet, &mut pieces) else {
                return self.close_gap(outlet);
            };
            let total: usize = pieces.iter().map(|p| p.bytes.len()).sum();
            budget.writes = budget.writes.saturating_sub(1);
            budget.bytes = budget.bytes.saturating_sub(total);
            share = share.saturating_sub(total);
            let result = self.write_pieces(outlet, &pieces, total, sink);
            let written = *result.as_ref().unwrap_or(&0);
            self.counts.writes += u64::from(total > 0);
            self.counts.bytes += written as u64;
            let rest = self.apply(outlet, &mut pieces, written);
            pieces.clear();
            self.scratch.pieces = pieces;
            match result {
                Err(error) => return self.write_failed(outlet, &error),
                Ok(_) if written < total => return self.block(outlet, rest),
                Ok(_) if whole => return self.caught_up(outlet),
                Ok(_) if share == 0 => return self.go_on_later(outlet),
                Ok(_) => {}
            }
        }
    }

    fn caught_up(&mut self, outlet: u32) {
        if let Some(o) = self.outlet_mut(outlet)
            && o.flow == Flow::CatchingUp
        {
            o.flow = Flow::Open;
            self.set_lagging(outlet, false);
            self.notify(outlet);
        }
    }

    fn go_on_later(&mut self, outlet: u32) {
        if let Some(o) = self.outlet_mut(outlet)
            && o.flow == Flow::Open
        {
            o.flow = Flow::CatchingUp;
            self.set_lagging(outlet, true);
        }
        self.queue(outlet);
        self.notify(outlet);
    }

    /// Fills `pieces` with the frames that come next, in order: at most [`PIECES_MAX`] of them have
    /// bytes. True if `pieces` then holds all frames that wait for the connection. `None` if a
    /// cursor stands in front of its log.
    fn collect(&mut self, outlet: u32, pieces: &mut Vec<Piece>) -> Option<bool> {
        let Some(o) = self.outlets.get(outlet) else {
            return Some(true);
        };
        let mut cursors = std::mem::take(&mut self.scratch.cursors);
        cursors.clear();
        let mut lacks_some = false;
        cursors.extend(o.subscriptions.as_slice().iter().map(|s| {
            let room = &self.rooms[s.room];
            let member = room.members.get(s.member as usize);
            member.map_or(0, |m| {
                lacks_some |= m.next < room.log.first();
                m.next
            })
        }));
        if lacks_some {
            self.scratch.cursors = cursors;
            return None;
        }
        let mut bytes = 0;
        let mut whole = true;
        if let Some(direct) = &o.direct {
            if let Some(rest) = &direct.partial {
                bytes += rest.len();
                pieces.push(Piece::new(rest, Then::PartialGone));
            }
            for fenced in &direct.outbox {
                if let Some(fence) = fenced.fence {
                    let mut subscriptions = o.subscriptions.as_slice().iter();
                    let at = subscriptions.position(|s| s.id == fence.id && !s.listens());
                    whole = at.is_none_or(|at| {
                        self.span(outlet, at, fence.before, &mut cursors, pieces, &mut bytes)
                    });
                }
                whole = whole && pieces.len() < PIECES_MAX && bytes < DRAIN_BYTES_MAX;
                if !whole {
                    break;
                }
                bytes += fenced.frame.len();
                pieces.push(Piece::new(&fenced.frame, Then::OutboxPopped));
            }
        }
        for at in 0..cursors.len() {
            whole = whole && self.span(outlet, at, u64::MAX, &mut cursors, pieces, &mut bytes);
        }
        self.scratch.cursors = cursors;
        Some(whole)
    }

    /// Adds to `pieces` the frames before `to` that the subscription number `at` lacks. False if
    /// the write is full earlier.
    fn span(
        &self,
        outlet: u32,
        at: usize,
        to: u64,
        cursors: &mut [u64],
        pieces: &mut Vec<Piece>,
        bytes: &mut usize,
    ) -> bool {
        let Some(o) = self.outlet(outlet) else {
            return true;
        };
        let subscription = o.subscriptions.as_slice()[at];
        if subscription.listens() {
            return true;
        }
        let room = &self.rooms[subscription.room];
        let intercepts = room.members[subscription.member as usize].intercepts;
        let intercept = if intercepts {
            room.intercepts(subscription.id)
        } else {
            &[]
        };
        let to = to.min(room.log.head());
        while cursors[at] < to {
            let next = cursors[at] + 1;
            let entry = room.log.entry(cursors[at]);
            let wanted = entry.filter(|e| !is_left_out(e, subscription.id, intercept));
            let then = Then::CursorAt {
                subscription: at,
                next,
            };
            match wanted.and_then(|entry| entry.frame(o.class)) {
                Some(_) if pieces.len() >= PIECES_MAX || *bytes >= DRAIN_BYTES_MAX => return false,
                Some(frame) => {
                    *bytes += frame.len();
                    pieces.push(Piece::new(frame, then));
                }
                // There is nothing to write, but the cursor moves.
                None => pass_over(pieces, then),
            }
            cursors[at] = next;
        }
        true
    }

    fn write_pieces(
        &mut self,
        outlet: u32,
        pieces: &[Piece],
        total: usize,
        sink: &mut impl Sink,
    ) -> std::io::Result<usize> {
        let mut filled = pieces.iter().filter(|p| !p.bytes.is_empty());
        match (filled.next(), filled.next()) {
            (None, _) => Ok(0),
            (Some(only), None) => sink.write(outlet, &only.bytes),
            _ if total <= COPY_BYTES_MAX => {
                self.scratch.bytes.clear();
                for piece in pieces {
                    self.scratch.bytes.extend_from_slice(&piece.bytes);
                }
                sink.write(outlet, &self.scratch.bytes)
            }
            _ => {
                // Leave out empty pieces, because the kernel counts them too. Each subscription may
                // have an empty piece.
                let mut filled = pieces.iter().filter(|p| !p.bytes.is_empty());
                // On the stack: a list would be an allocation for each write.
                let mut slices = [IoSlice::new(&[]); PIECES_MAX];
                let mut used = 0;
                for (slice, piece) in slices.iter_mut().zip(&mut filled) {
                    *slice = IoSlice::new(&piece.bytes);
                    used += 1;
                }
                debug_assert!(filled.next().is_none(), "more pieces than a write has");
                sink.write_vectored(outlet, &slices[..used])
            }
        }
    }

    /// Moves the outbox and the cursors past the written bytes. Returns the rest of a frame that
    /// was cut.
    fn apply(&mut self, outlet: u32, pieces: &mut [Piece], written: usize) -> Option<Bytes> {
        let mut left = written;
        for piece in pieces {
            let len = piece.bytes.len();
            if len > left && left == 0 {
                return None;
            }
            self.pass(outlet, piece.then);
            match piece.then {
                Then::OutboxPopped => self.counts.own_frames += 1,
                Then::CursorAt { .. } => self.counts.deliveries += u64::from(len > 0),
                Then::PartialGone => {}
            }
            if len > left {
                return Some(piece.bytes.slice(left..));
            }
            left -= len;
        }
        None
    }

    fn pass(&mut self, outlet: u32, then: Then) {
        let Some(o) = self.outlets.get_mut(outlet) else {
            return;
        };
        if let Then::CursorAt { subscription, next } = then {
            let s = o.subscriptions.as_slice()[subscription];
            self.rooms[s.room].members[s.member as usize].next = next;
            return;
        }
        let Some(direct) = &mut o.direct else {
            return;
        };
        let gone = match then {
            Then::PartialGone => direct.partial.take(),
            _ => direct.outbox.pop_front().map(|fenced| fenced.frame),
        };
        direct.bytes -= gone.map_or(0, |frame| frame.len());
        if direct.partial.is_none() && direct.outbox.is_empty() {
            o.direct = None;
        }
    }
}

/// Moves a cursor on without a byte. Changes the last piece if that piece moves the same cursor.
fn pass_over(pieces: &mut Vec<Piece>, then: Then) {
    if let (Some(last), Then::CursorAt { subscription, .. }) = (pieces.last_mut(), then)
        && matches!(last.then, Then::CursorAt { subscription: s, .. } if s == subscription)
    {
        last.then = then;
        return;
    }
    pieces.push(Piece {
        bytes: Bytes::new(),
        then,
    });
}
