//! What a message from the client is, given what the connection has joined. Decides and does nothing.

use super::joined::Joined;
use crate::broker::SubscriptionId;
use crate::protocol::{Message, Ref};

/// What is to be done with a message. In the order in which the cases are tried; the first that fits counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dispatch {
    /// A heartbeat, which is answered whatever else goes on.
    Heartbeat,
    /// A join of a topic that is not joined.
    Join,
    /// A leave of a topic that is not joined, which is answered as if it had been.
    LeaveUnjoined,
    /// Anything else for a topic that is not joined.
    Unmatched,
    /// Anything for a topic whose channel waits for something: it waits in line.
    Wait(SubscriptionId),
    /// A join of a topic that is joined: the old channel ends, then the new one joins.
    JoinAgain(SubscriptionId),
    /// A message that belongs to an earlier join of the topic: ignored without an answer.
    Stale,
    /// A leave.
    Leave(SubscriptionId),
    /// An event for the channel.
    Event(SubscriptionId),
}

/// What dispatch must know of a joined topic.
#[derive(Clone, Copy)]
pub(super) struct Found<'a> {
    pub(super) id: SubscriptionId,
    pub(super) wire: &'a Ref,
    pub(super) is_busy: bool,
}

impl<'a> From<&'a Joined> for Found<'a> {
    fn from(joined: &'a Joined) -> Self {
        Self {
            id: joined.id,
            wire: joined.refs.wire(),
            is_busy: joined.busy.is_some(),
        }
    }
}

/// `found` is the channel that the connection has for the message's topic.
pub(super) fn dispatch(message: &Message<'_>, found: Option<Found<'_>>) -> Dispatch {
    let event = message.event.as_str();
    if message.topic.as_str() == Some("phoenix") && event == Some("heartbeat") {
        return Dispatch::Heartbeat;
    }
    let Some(found) = found else {
        return match event {
            Some("phx_join") => Dispatch::Join,
            Some("phx_leave") => Dispatch::LeaveUnjoined,
            _ => Dispatch::Unmatched,
        };
    };
    // A null join_ref belongs to whatever is joined (Phoenix since 1.8.12); an empty string does not.
    let is_current = message.join_ref.is_null() || message.join_ref == *found.wire;
    match event {
        // Only when its turn comes will it be known which join it belongs to.
        _ if found.is_busy => Dispatch::Wait(found.id),
        Some("phx_join") => Dispatch::JoinAgain(found.id),
        _ if !is_current => Dispatch::Stale,
        Some("phx_leave") => Dispatch::Leave(found.id),
        _ => Dispatch::Event(found.id),
    }
}
