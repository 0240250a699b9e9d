//! Memory that a flush uses again for each member: the pieces and batches of one write.

use super::log::Log;
use crate::broker::shrink::is_mostly_spare;
use crate::broker::topics::entry::CLASSES;
use crate::broker::topics::entry::Class;
use crate::broker::topics::parcel::Parcel;
use bytes::Bytes;

/// Buffers that are kept from flush to flush, so that a write allocates nothing.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    spans: [Span; CLASSES],
    pub pieces: Vec<Piece>,
    pub cursors: Vec<u64>,
    pub bytes: Vec<u8>,
    pub parcels: Vec<Parcel>,
    /// Connections that fell off a log, of one slice of its members.
    pub fallen: Vec<u32>,
}

/// A batch of one room's frames, gathered once for a slice, because most members of a slice lack
/// the same frames.
#[derive(Debug, Default)]
pub(crate) struct Span {
    stamp: u32,
    from: u64,
    to: u64,
    /// True if every entry in the batch has a frame of this class.
    whole: bool,
    bytes: Vec<u8>,
}

/// Bytes that a buffer for spans keeps from one sweep to the next.
pub(crate) const SPAN_BYTES_KEPT: usize = 16 << 10;

impl Scratch {
    /// Gives back memory that large spans have left. A busy shard therefore allocates again, once a
    /// sweep.
    pub fn give_back(&mut self) {
        for span in &mut self.spans {
            if span.bytes.capacity() > SPAN_BYTES_KEPT {
                *span = Span::default();
            }
        }
        if is_mostly_spare(0, self.pieces.capacity()) {
            self.pieces = Vec::new();
        }
        if is_mostly_spare(0, self.cursors.capacity()) {
            self.cursors = Vec::new();
        }
    }

    /// Returns the bytes and the number of the frames `from..head`. Gathers the frames only if the
    /// last gathered batch does not hold them.
    pub(crate) fn span(&mut self, stamp: u32, log: &Log, class: Class, from: u64) -> (&[u8], u64) {
        let span = &mut self.spans[class.index()];
        let to = log.head();
        if span.stamp != stamp || span.to != to || span.from > from || span.from < log.first() {
            span.bytes.clear();
            log.gather(class, from, to, &mut span.bytes);
            (span.stamp, span.from, span.to) = (stamp, from, to);
            span.whole = log.frames_between(class, from, to) == to - from;
        }
        let frames = match span.whole {
            true => to - from,
            false => log.frames_between(class, from, to),
        };
        let skip = log.offset(class, from) - log.offset(class, span.from);
        (span.bytes.get(skip as usize..).unwrap_or_default(), frames)
    }
}

/// Bytes to be written, and the step that follows once they have been written.
#[derive(Debug)]
pub(crate) struct Piece {
    pub(crate) bytes: Bytes,
    pub(crate) then: Then,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Then {
    /// The rest of a cut frame has been written.
    PartialGone,
    /// The first frame of the outbox has been written.
    OutboxPopped,
    /// The cursor of the connection's subscription number `subscription` moves to `next`.
    CursorAt { subscription: usize, next: u64 },
}

impl Piece {
    pub(crate) fn new(bytes: &Bytes, then: Then) -> Piece {
        Piece {
            bytes: bytes.clone(),
            then,
        }
    }
}
