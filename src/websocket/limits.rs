//! What a read may cost, and what it brought.

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
