//! The ways in which a connection goes by its own will.

/// How a connection goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Departure {
    /// It leaves the channel, then closes.
    Leave,
    /// It closes.
    Close,
    /// The TCP connection ends without a Close frame, as when a program is killed.
    Drop,
    /// The TCP connection is reset, as when a machine is gone.
    Reset,
}
