//! The place of one client in one topic: its refs, and whether its join is answered.

use super::app_values::AppValue;
use super::mail::Info;
use crate::broker::SubscriptionId;
use crate::credentials::Credentials;
use crate::protocol::Ref;
use crate::protocol::Version;
use bytes::Bytes;
use std::sync::Arc;

/// The client, topic and refs that a socket belongs to.
#[derive(Clone, Copy)]
pub(crate) struct Standing<'a> {
    pub(crate) version: Version,
    pub(crate) id: SubscriptionId,
    pub(crate) topic: &'a str,
    pub(crate) refs: &'a JoinRefs,
    pub(crate) credentials: Option<&'a Arc<Credentials>>,
    /// True if the client's token was genuine and is over.
    pub(crate) is_told: bool,
}

/// The credentials of a token that is good for one topic alone. They are in the assigns of that
/// topic's channel, and take the place of the connection's there.
#[derive(Clone)]
pub(crate) struct TopicCredentials(pub(crate) Arc<Credentials>);

/// Which callback is running, as far as the socket must know.
pub(crate) enum JoinPhase<'a> {
    /// `join`, not yet answered: frames and infos for the client wait for the reply.
    Joining(&'a mut Early),
    /// A callback of a joined channel, with the event that it handles.
    Joined(HandledEvent<'a>),
    /// `terminate`: the subscription is gone.
    Ended,
}

/// The client's event that a callback handles. Most callbacks handle none.
#[derive(Clone, Copy, Default)]
pub(crate) struct HandledEvent<'a> {
    /// The ref of the event: null if it came without one, `None` where no reply is possible.
    pub(crate) reference: Option<&'a Ref>,
    /// The name of the event. `None` if it is no string, and behind a job, which keeps the ref
    /// alone.
    pub(crate) name: Option<&'a str>,
}

/// The frames and infos of a `join`, sent in order once the join is accepted; a refusal drops them.
#[derive(Default)]
pub(crate) struct Early {
    pub(crate) frames: Vec<Bytes>,
    pub(crate) infos: Vec<AppValue<Info>>,
}

/// The refs of a join, of which Phoenix keeps two. Phoenix's transport keeps the `join_ref` as it
/// came, null included: messages are compared with it, and `phx_close` and `phx_error` carry it.
/// Phoenix's channel puts the `join_ref` on replies and pushes, or the join's `ref` if the
/// `join_ref` was null.
pub(crate) struct JoinRefs {
    channel: Ref,
    wire_is_null: bool,
}

impl JoinRefs {
    pub(crate) fn new(join_ref: &Ref, reference: &Ref) -> Self {
        let wire_is_null = join_ref.is_null();
        let channel = if wire_is_null { reference } else { join_ref };
        Self {
            channel: channel.clone(),
            wire_is_null,
        }
    }

    /// Returns the `join_ref` of the channel's replies and pushes.
    pub(crate) fn channel(&self) -> &Ref {
        &self.channel
    }

    /// Returns the `join_ref` of the join message.
    pub(crate) fn wire(&self) -> &Ref {
        static NULL: Ref = Ref::NULL;
        if self.wire_is_null {
            &NULL
        } else {
            &self.channel
        }
    }
}
