//! Size limits of a read, and the byte counts of one read.

/// Sizes that the reader refuses. Passed to each call, not kept per connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// Bytes of payload of one text or binary message, all its fragments together. A larger message
    /// is [`Violation::MessageTooBig`](super::violation::Violation), 1009. The header that would
    /// exceed the limit is refused.
    pub message_bytes_max: usize,
}

/// The result of one [`FrameReader::fill`](super::reader::FrameReader::fill).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filled {
    /// Bytes read. Zero is the peer's end of stream.
    pub read: usize,
    /// Bytes of space that the read was offered.
    pub offered: usize,
}

impl Filled {
    /// Whether the read left space unused: the socket is most likely empty now, and another read
    /// would block.
    pub fn is_short(&self) -> bool {
        self.read < self.offered
    }
}
