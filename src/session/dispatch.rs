//! The kind of work that a client's message asks for, by the connection's joined topics.

use super::joined::Joined;
use crate::broker::SubscriptionId;
use crate::protocol::{Message, Ref};

/// The kind of work that a message asks for. Cases are
/// tried in this order; the first that fits counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dispatch {
    /// A heartbeat, which is always answered.
    Heartbeat,
    /// A join of a topic that is not joined.
    Join,
    /// A leave of a topic that is not joined. The answer is the same as for a joined one.
    LeaveUnjoined,
    /// Any other message for a topic that is not joined.
    Unmatched,
    /// Any message for a topic whose channel waits for a job: it waits in line.
    Wait(SubscriptionId),
    /// A join of a topic that is joined: the old channel ends, then the new one joins.
    JoinAgain(SubscriptionId),
    /// A message that belongs to an earlier join of the topic. It is ignored without an answer.
    Stale,
    /// A leave.
    Leave(SubscriptionId),
    /// An event for the channel.
    Event(SubscriptionId),
}

/// The facts of a joined topic that dispatch needs.
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
    // A null join_ref belongs to the present join (Phoenix since 1.8.12); an empty string does not.
    let is_current = message.join_ref.is_null() || message.join_ref == *found.wire;
    match event {
        // The join that the message belongs to is known only when its turn comes.
        _ if found.is_busy => Dispatch::Wait(found.id),
        Some("phx_join") => Dispatch::JoinAgain(found.id),
        _ if !is_current => Dispatch::Stale,
        Some("phx_leave") => Dispatch::Leave(found.id),
        _ => Dispatch::Event(found.id),
    }
}
