//! Something that befell a connection, for the scenario.

/// Something that a scenario may want to act upon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// The upgrade of a connection that comes back by itself was answered.
    Upgraded(u32),
    /// A connection has joined.
    Joined(u32),
    /// A connection could not be had, or its join was refused: why.
    Refused(u32, String),
    /// A connection ended that was not asked to: the close code, in words.
    Lost(u32, String),
    /// A connection has got its own message back.
    Echoed(u32),
    /// A connection got the reply to a push.
    Replied(u32),
}
