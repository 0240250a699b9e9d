//! The read buffer that all connections of a thread share, and the small types of a read.
//! It belongs to one connection from `fill` until `next` says `None`, and to nobody in between.

use super::assembly::Assembly;

/// One read buffer for many connections: what a connection leaves incomplete is moved out to that connection.
pub struct ReadBuffer {
    pub(super) bytes: Box<[u8]>,
    pub(super) assembly: Assembly,
    pub(super) fragments: u32,
}

impl ReadBuffer {
    /// 64 KiB: a whole message of the default limit in one read, and about what a socket's receive buffer first holds.
    pub const CAPACITY_DEFAULT: usize = 64 * 1024;

    /// A buffer of `capacity` bytes (at least one), allocated now and never resized.
    pub fn new(capacity: usize) -> Self {
        Self {
            bytes: vec![0; capacity.max(1)].into_boxed_slice(),
            assembly: Assembly::default(),
            fragments: 0,
        }
    }

    /// Frames of messages in fragments, but for the last of each message, that began in the last
    /// [`fill`](super::reader::FrameReader::fill). The reader does not yield them.
    pub fn fragments(&self) -> u32 {
        self.fragments
    }

    /// Whether nothing is in it, so that another connection may use it.
    pub fn is_empty(&self) -> bool {
        self.assembly.is_idle()
    }

    pub(super) fn clear(&mut self) {
        self.assembly = Assembly::default();
    }
}

impl Default for ReadBuffer {
    /// [`ReadBuffer::CAPACITY_DEFAULT`] bytes.
    fn default() -> Self {
        Self::new(Self::CAPACITY_DEFAULT)
    }
}

/// What the reader refuses for size. Handed to each call rather than kept per connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// Bytes of payload of one text or binary message, all its fragments together. More is
    /// [`Violation::MessageTooBig`](super::violation::Violation), 1009, told from the header that would exceed it.
    pub message_bytes_max: usize,
}

/// What one [`FrameReader::fill`](super::reader::FrameReader::fill) did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filled {
    /// Bytes read. Zero is the peer's end of stream.
    pub read: usize,
    /// Bytes of space the read was offered.
    pub offered: usize,
}

impl Filled {
    /// The read left space unused: the socket is most likely empty now, and asking it again would block.
    pub fn is_short(&self) -> bool {
        self.read < self.offered
    }
}
