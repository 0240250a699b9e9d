//! The seam to sockets: what a flush writes to, its budget, and why a connection failed.

use std::io;

/// The sockets, as far as a flush needs them.
///
/// A write that takes less than it was given, or fails with `WouldBlock`, obliges the sink to call
/// [`Fanout::writable`] when the socket takes bytes again. It never fails with `Interrupted`.
pub trait Sink {
    /// Writes to a connection's socket without waiting. Returns how many bytes it took.
    fn write(&mut self, outlet: u32, bytes: &[u8]) -> io::Result<usize>;

    /// Writes several pieces in one call, without waiting. Returns how many bytes were taken in all.
    fn write_vectored(&mut self, outlet: u32, pieces: &[io::IoSlice<'_>]) -> io::Result<usize>;
}

/// What one call of [`Fanout::flush`] may do before the shard looks at its sockets again.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Writes to members of rooms. Default 64: the elevator's slice. Smaller ones let more frames in before a member's
    /// turn and save writes; much larger ones were measured to cost more (docs/architecture.md).
    pub writes: usize,
    /// Connections with frames of their own that are drained. Default 256.
    pub drains: usize,
    /// Bytes written to connections with frames of their own, and as many again by passes. Default 4 MiB.
    pub bytes: usize,
}

impl Default for Budget {
    fn default() -> Budget {
        Budget {
            writes: 64,
            drains: 256,
            bytes: 4 << 20,
        }
    }
}

/// Why the fan-out gave a connection up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Its socket failed.
    Io(io::ErrorKind),
    /// It read nothing for so long that a topic's log no longer holds what it has to get next.
    FellBehind,
    /// It read nothing, and what it has to get next is older than is kept.
    Outdated,
    /// It read nothing, and the shard's logs together held more than they may, its topic's among the most.
    CrowdedOut,
    /// It read nothing, and more replies and pushes wait for it than may.
    OutboxFull,
}
