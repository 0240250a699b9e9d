//! The frame reader of a connection: socket bytes in, whole messages and control frames out.
//!
//! The reader is strict by RFC 6455. It is the first step of the data path: its output goes to the
//! protocol's decoder.
//!
//! Frames that are whole in the shared buffer are yielded from there, unmasked in place, with no
//! copy. Only an incomplete frame or message takes memory of its connection. The next read then
//! goes to that memory, straight behind the kept bytes.

use std::io;

use super::assembly::Step;
use super::buffer::ReadBuffer;
use super::inbound::Inbound;
use super::limits::{Filled, ReadLimits};
use super::partial::Partial;
use super::violation::Violation;

/// The reader of one connection: 8 bytes, and no heap while no frame or message is incomplete.
///
/// Call [`fill`](Self::fill) once, then [`next`](Self::next) until it returns `None`, and repeat.
/// Between `fill` and that `None` the [`ReadBuffer`] belongs to this connection. To leave earlier,
/// call [`discard`](Self::discard).
#[derive(Default)]
pub struct FrameReader {
    partial: Option<Box<Partial>>,
}

impl FrameReader {
    /// A reader at the start of a stream. Allocates nothing.
    pub const fn new() -> Self {
        Self { partial: None }
    }

    /// Bytes of memory held for an incomplete frame or message (its capacity), or 0.
    ///
    /// After `next` returned `None` this is at most `2 × (message_bytes_max + 125) + 512` plus the
    /// bookkeeping of some 200 bytes. It is also at most twice the bytes really received of the
    /// message, or 512 more than them.
    pub fn kept_bytes(&self) -> usize {
        self.partial.as_ref().map_or(0, |p| p.memory_bytes())
    }

    /// Bytes that came of an incomplete frame or message, without headers and control frames that
    /// are whole. Meaningful after `next` returned `None`.
    pub fn partial_bytes(&self) -> usize {
        self.partial.as_ref().map_or(0, |p| p.live_bytes())
    }

    /// Whether a frame or message is incomplete. Meaningful after `next` returned `None`; start a
    /// deadline when it becomes true.
    pub fn is_partial(&self) -> bool {
        self.partial.is_some()
    }

    /// Whether a text or binary message is incomplete, between two of its fragments included. False
    /// for the header of a frame or a control frame alone. Meaningful after `next` returned `None`.
    pub fn is_inside_message(&self) -> bool {
        self.partial.as_ref().is_some_and(|p| p.is_inside_message())
    }

    /// Makes one read. `read` gets free space and returns how many bytes it put at the front. The
    /// space is the whole shared buffer, or, while something is incomplete, the space straight
    /// behind the kept bytes.
    ///
    /// Bytes that came with the HTTP handshake are fed the same way, with a `read` that copies. If
    /// they are more than the space offered, call `next` until `None` and `fill` again.
    ///
    /// # Errors
    /// Those of `read`, unchanged; no byte is lost by them.
    pub fn fill(
        &mut self,
        buffer: &mut ReadBuffer,
        read: impl FnOnce(&mut [u8]) -> io::Result<usize>,
    ) -> io::Result<Filled> {
        let space = match &mut self.partial {
            Some(partial) => partial.space(),
            None => &mut buffer.bytes[buffer.assembly.end()..],
        };
        debug_assert!(!space.is_empty(), "fill before next said None");
        let offered = space.len();
        buffer.fragments = 0;
        let read = read(space)?.min(offered);
        match &mut self.partial {
            Some(partial) => partial.extend(read),
            None => buffer.assembly.extend(read),
        }
        Ok(Filled { read, offered })
    }

    /// Returns the next message or control frame.
    ///
    /// `None` means that no other message or frame is whole. Incomplete bytes have then been moved
    /// to this connection, and `buffer` is free for another connection.
    ///
    /// # Errors
    /// The rule that the peer broke. Send its [`close_code`](Violation::close_code) and end the
    /// connection. [Discard](Self::discard) the unread bytes, or another connection gets to read
    /// them, and do not `fill` again.
    pub fn next<'a>(
        &'a mut self,
        buffer: &'a mut ReadBuffer,
        limits: &ReadLimits,
    ) -> Result<Option<Inbound<'a>>, Violation> {
        let step = match &mut self.partial {
            Some(partial) => partial.step(limits),
            None => buffer.assembly.step(&mut buffer.bytes, limits),
        };
        buffer.fragments += match &mut self.partial {
            Some(partial) => partial.take_fragments(),
            None => buffer.assembly.take_fragments(),
        };
        match step? {
            Step::Whole { opcode, payload } => {
                let bytes = match &self.partial {
                    Some(partial) => partial.bytes(),
                    None => &buffer.bytes,
                };
                Inbound::new(opcode, &bytes[payload]).map(Some)
            }
            Step::Incomplete => {
                self.set_aside(buffer);
                Ok(None)
            }
        }
    }

    /// Drops all bytes that were read and not yielded, here and in `buffer`, and frees the kept
    /// memory. For a connection that ends.
    pub fn discard(&mut self, buffer: &mut ReadBuffer) {
        self.partial = None;
        buffer.clear();
    }

    /// Moves incomplete bytes out of the shared buffer, or drops the kept memory if no bytes are
    /// incomplete.
    fn set_aside(&mut self, buffer: &mut ReadBuffer) {
        match &mut self.partial {
            Some(partial) if partial.is_idle() => self.partial = None,
            Some(partial) => partial.settle(),
            None if buffer.assembly.is_idle() => buffer.clear(),
            None => {
                buffer.assembly.close_gap(&mut buffer.bytes);
                let assembly = std::mem::take(&mut buffer.assembly);
                self.partial = Some(Box::new(Partial::keep(&buffer.bytes, assembly)));
            }
        }
    }
}
