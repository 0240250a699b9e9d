//! Events of a connection, for the scenario.

/// An event of a connection that a scenario may act upon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The upgrade of a connection that reconnects by itself was answered.
    Upgraded(u32),
    /// A connection has joined.
    Joined(u32),
    /// A connection failed before it had joined, or its join was refused. The text is the reason.
    Refused(u32, String),
    /// A connection ended that the load did not end. The text is the reason, mostly the close code.
    Lost(u32, String),
    /// A connection has got its own message back.
    Echoed(u32),
    /// A connection got the reply to a push.
    Replied(u32),
}
