//! The faults of a misbehaving server, and when they happen.

use std::net::TcpStream;
use std::time::Duration;

/// The number of the message at which the fault happens, counted from 0.
pub const AT: u64 = 100;

/// Number of members that are there from the start. Members that join later are latecomers.
pub const EARLY: usize = 4;

/// The fault of a server. "One subscriber" is the first that joined and did not publish the message
/// itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No fault, but the server uses all that WebSocket allows: fragments, pings between them, and
    /// frames that arrive together or cut anywhere.
    None,
    /// No fault, and only whole frames.
    Behaves,
    /// One subscriber does not get message [`AT`].
    Drops,
    /// One subscriber gets message [`AT`] twice.
    DeliversTwice,
    /// One subscriber gets message [`AT`] behind the next one.
    Swaps,
    /// From message [`AT`] on, the server sends and answers nothing for this time.
    Stalls(Duration),
    /// One subscriber gets message [`AT`] with another last letter.
    Alters,
    /// One subscriber gets message [`AT`] with another digit at this place of its text, from 0.
    Garbles(usize),
    /// Message [`AT`] goes to a member of another lobby too.
    Strays,
    /// Latecomers do not get their own messages.
    HidesEchoes,
    /// Joins after the first `but` are refused with this reason.
    RefusesJoins { but: usize, reason: &'static str },
    /// The first join is refused.
    RefusesOneJoin,
    /// Joins are answered with phx_error.
    CrashesJoins,
    /// Heartbeats are not answered.
    IgnoresHeartbeats,
    /// Upgrades are answered with this text instead, together with the end of the connection.
    Answers(&'static str),
    /// All connections are reset at message [`AT`].
    ResetsAll,
    /// One subscriber's connection is closed with 1013 at message [`AT`].
    ClosesOne,
    /// One subscriber's connection ends with message [`AT`], without a Close frame.
    EndsOne,
    /// Pushes are answered with an error of the reason "slow down", and are not broadcast.
    RefusesPushes,
}

/// Holds back bytes that are written from now on, so that they leave in one segment with the end of
/// the connection.
pub fn hold_back(stream: &TcpStream) {
    let _ = socket2::SockRef::from(stream).set_tcp_cork(true);
}
