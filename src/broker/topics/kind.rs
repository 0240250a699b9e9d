//! Two kinds of topics, rooms and socket ids: a name of one kind reaches nothing of the other.

/// The kind of a topic. A topic's key is its kind and its name. No client and no publish chooses
/// the kind: it is that of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TopicKind {
    /// A topic that clients join, and that is published to.
    Room,
    /// The id of sockets, which is reached by a forced disconnect alone.
    SocketId,
}

/// One value for each kind.
#[derive(Debug, Default)]
pub(crate) struct ByKind<T> {
    pub rooms: T,
    pub socket_ids: T,
}

impl<T> ByKind<T> {
    pub fn of(&self, kind: TopicKind) -> &T {
        match kind {
            TopicKind::Room => &self.rooms,
            TopicKind::SocketId => &self.socket_ids,
        }
    }

    pub fn of_mut(&mut self, kind: TopicKind) -> &mut T {
        match kind {
            TopicKind::Room => &mut self.rooms,
            TopicKind::SocketId => &mut self.socket_ids,
        }
    }
}
