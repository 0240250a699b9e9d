//! The read buffer that all connections of a thread share.
//!
//! The buffer belongs to one connection from `fill` until `next` returns `None`, and to no
//! connection otherwise.

use super::assembly::Assembly;

/// One read buffer for many connections. Incomplete bytes are moved out to their connection.
pub struct ReadBuffer {
    pub(super) bytes: Box<[u8]>,
    pub(super) assembly: Assembly,
    pub(super) fragments: u32,
}

impl ReadBuffer {
    /// 64 KiB: one read can then take a whole message of the default limit. That is also about the
    /// size with which a socket's receive buffer begins.
    pub const CAPACITY_DEFAULT: usize = 64 * 1024;

    /// A buffer of `capacity` bytes (at least one), allocated now and never resized.
    pub fn new(capacity: usize) -> Self {
        Self {
            bytes: vec![0; capacity.max(1)].into_boxed_slice(),
            assembly: Assembly::default(),
            fragments: 0,
        }
    }

    /// Returns the number of fragments that began since the last
    /// [`fill`](super::reader::FrameReader::fill), without the last fragment of each message. The
    /// reader yields no message for them, but a rate limit has to count them.
    pub fn fragments(&self) -> u32 {
        self.fragments
    }

    /// True if the buffer is empty, so that another connection may use it.
    #[cfg(feature = "engine")]
    pub fn is_empty(&self) -> bool {
        self.assembly.is_idle()
    }

    pub(super) fn clear(&mut self) {
        self.assembly = Assembly::default();
    }
}

impl Default for ReadBuffer {
    /// Returns a buffer of [`ReadBuffer::CAPACITY_DEFAULT`] bytes.
    fn default() -> Self {
        Self::new(Self::CAPACITY_DEFAULT)
    }
}
