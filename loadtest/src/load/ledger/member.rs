//! One subscription, and the lobby that it is in.

use super::cursor::Cursor;
use super::recognition::Recognition;

/// Who is in one lobby, and whose messages go there.
#[derive(Debug, Default)]
pub(super) struct Lobby {
    /// The first of its streams; they stand in a row.
    pub streams_begin: u32,
    pub streams: u32,
    /// Members that a message published now is waited for from.
    pub counted: u32,
    pub recognition: Recognition,
}

/// One subscription.
#[derive(Debug)]
pub(super) struct Member {
    pub lobby: u32,
    pub owed: Owed,
    /// Its place in each stream of its lobby.
    pub cursors: Box<[Cursor]>,
    /// The stream it publishes.
    pub own: Option<u32>,
    /// The stream it is not sent back, being its publisher.
    pub silent: Option<u32>,
}

/// What a member is owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owed {
    /// Nothing: it is not there yet, or it has left.
    Nothing,
    /// Everything that is published, and messages are waited for until it has them.
    All,
    /// It is owed everything, but is not waited for: it reads when it likes.
    AllInTime,
    /// Everything, and it will not get it: it was lost.
    Lost,
}
