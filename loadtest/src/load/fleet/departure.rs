//! The ways in which the load ends a connection.

/// The way in which the load ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Departure {
    /// The client leaves the channel, then sends a Close frame.
    Leave,
    /// The client sends a Close frame.
    Close,
    /// The TCP connection ends without a Close frame, as when a program is killed.
    Drop,
    /// The TCP connection is reset, as when a machine is gone.
    Reset,
}
