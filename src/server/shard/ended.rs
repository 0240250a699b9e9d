//! Connections whose clients have ended them, until a turn sees to each.
//!
//! The end of a connection costs some twenty times as much as the read that finds it. A crowd that
//! leaves at once would otherwise keep the clients that stay from being read.

use std::collections::VecDeque;

use crate::websocket::CloseReason;

/// The ends that were found and not seen to yet, in the order in which they came.
#[derive(Default)]
pub(crate) struct EndedConnections {
    queue: VecDeque<(u64, ClientEnd)>,
}

/// What is to be done about a connection that its client has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientEnd {
    /// The client sent a Close frame, or broke a rule: it gets a Close frame.
    Close(CloseReason),
    /// The socket has ended, so nothing can be sent.
    Drop(CloseReason),
}

impl EndedConnections {
    /// Notes the end of the connection with this name.
    pub fn push(&mut self, name: u64, end: ClientEnd) {
        self.queue.push_back((name, end));
    }

    /// Takes the end that came first.
    pub fn pop(&mut self) -> Option<(u64, ClientEnd)> {
        let first = self.queue.pop_front();
        if self.queue.is_empty() {
            self.queue = VecDeque::new();
        }
        first
    }

    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
}
