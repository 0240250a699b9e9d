//! Events of connections that scenarios act upon: upgraded, joined, refused, lost and others.

use super::reason::Reason;

/// An event of a connection that a scenario may act upon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The upgrade of a connection that reconnects by itself was answered.
    Upgraded(u32),
    /// A connection has joined.
    Joined(u32),
    /// A connection failed before it had joined, or its join was refused.
    Refused(u32, Reason),
    /// A connection ended that the load did not end, or the channel of a client that reconnects by
    /// itself crashed. The reason is mostly a close code.
    Lost(u32, Reason),
    /// A connection has got its own message back.
    Echoed(u32),
    /// A connection got the reply to a push.
    Replied(u32),
}
