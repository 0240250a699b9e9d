//! One subscription, and the lobby that it is in.

use super::cursor::Cursor;
use super::recognition::Recognition;

/// A lobby: its streams, and the number of its members that are waited for.
#[derive(Debug, Default)]
pub(super) struct Lobby {
    /// The first of the lobby's streams, whose numbers are consecutive.
    pub streams_begin: u32,
    pub streams: u32,
    /// Members that a message published now waits for.
    pub counted: u32,
    pub recognition: Recognition,
}

/// One subscription.
#[derive(Debug)]
pub(super) struct Member {
    pub lobby: u32,
    pub owed: Owed,
    /// The member's place in each stream of its lobby.
    pub cursors: Box<[Cursor]>,
    /// The stream that the member publishes, if any.
    pub own: Option<u32>,
    /// The stream that the member publishes, if it gets none of its own messages back.
    pub silent: Option<u32>,
}

/// The messages that a member is owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owed {
    /// No message: the member has not joined yet, or has left.
    Nothing,
    /// Every message published since the join, and each message waits for this member.
    All,
    /// Every message published since the join, but messages do not wait for this member.
    AllInTime,
    /// Every message published since the join, though the member's connection was lost.
    Lost,
}
