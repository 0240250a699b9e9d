//! The seam to sockets: the trait for their writes, a flush's budget, and failures of a connection.

use std::io;

/// The sockets, as far as a flush needs them.
///
/// A write that takes less than it was given, or fails with `WouldBlock`, obliges the sink to call
/// [`Fanout::writable`](super::Fanout::writable) when the socket takes bytes again. A write never
/// fails with `Interrupted`.
pub trait Sink {
    /// Writes to a connection's socket without waiting. Returns how many bytes the socket took.
    fn write(&mut self, outlet: u32, bytes: &[u8]) -> io::Result<usize>;

    /// Writes several pieces in one call, without waiting. Returns the bytes taken in all.
    fn write_vectored(&mut self, outlet: u32, pieces: &[io::IoSlice<'_>]) -> io::Result<usize>;
}

/// The work that one call of [`Fanout::flush`](super::Fanout::flush) may do before the shard looks
/// at its sockets again.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Writes to members of rooms. Default 64, the slice of a pass. Between two slices the shard
    /// reads its sockets, and members that are visited later get the new entries in the same write.
    /// So a much larger slice was measured to cost more (docs/engine.md). If connections are
    /// drained in the same turn, the passes get as many writes as these, up to half of all.
    pub writes: usize,
    /// Connections that are drained: those with frames of their own, or catching up. Default 64. If
    /// passes run as well, at most half of all writes of the turn, which is as many by default.
    pub drains: usize,
    /// Bytes for connections that are drained, and the same number again for passes. Default 4 MiB.
    pub bytes: usize,
}

impl Budget {
    /// True if writes and bytes are left.
    pub fn has_left(&self) -> bool {
        self.writes > 0 && self.bytes > 0
    }

    /// Returns how many connections are drained in a turn in which passes run as well: half of the
    /// turn's writes. The passes get as many writes as the drains, and never fewer than `writes`.
    pub(crate) fn drains_beside_passes(&self) -> usize {
        self.drains.min((self.writes + self.drains) / 2)
    }
}

impl Default for Budget {
    fn default() -> Budget {
        Budget {
            writes: 64,
            drains: 64,
            bytes: 4 << 20,
        }
    }
}

/// The reason why the fan-out gave a connection up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The connection's socket failed.
    Io(io::ErrorKind),
    /// The connection read nothing until a topic's log had more bytes than it may keep and no
    /// longer held the connection's next entry.
    LogTooLarge,
    /// The same for a log of more entries than it may keep.
    LogTooLong,
    /// The connection read nothing, and its next entry is older than a log may keep.
    Outdated,
    /// The connection read nothing, the shard's logs together passed their bound, and its topic's
    /// log was among the heaviest.
    CrowdedOut,
    /// The connection read nothing, and more replies and pushes wait for it than the outbox may
    /// hold.
    OutboxFull,
    /// A subscription of the connection ended while the connection was blocked or catching up. Its
    /// missing entries would have made more than 1,024 frames of the outbox.
    FellBehind,
}
