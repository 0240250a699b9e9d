//! State of a channel that waits for a job, and the queue of messages that arrive meanwhile.

use crate::channel::Early;
use crate::channel::MailMessage;
use crate::protocol::Message;
use crate::protocol::Name;
use crate::protocol::Payload;
use crate::protocol::PayloadBuf;
use crate::protocol::Ref;
use compact_str::CompactString;
use std::collections::VecDeque;

/// The state of a channel that waits for a job, or for the moment of its join.
pub(crate) struct Busy {
    pub(crate) cause: Cause,
    /// The ref of the join or event that the job answers. `None` if no reply is due.
    pub(crate) reference: Option<Ref>,
    pub(crate) line: VecDeque<QueueItem>,
    /// Bytes of the items in `line`, and of the payload of a join that waits for its moment. They
    /// are part of [`Session`](super::Session)'s `waiting_bytes`.
    pub(crate) line_bytes: usize,
}

/// The callback that the job belongs to.
pub(crate) enum Cause {
    /// The join, with the effects that its callback wants once the join is accepted.
    Join(Early),
    /// Any other callback.
    Event,
    /// No callback yet, because the join's moment has not come. Holds the payload of the client's
    /// join.
    Held(PayloadBuf),
}

/// An item in the line of a waiting channel.
pub(crate) enum QueueItem {
    Message(KeptMessage),
    Intercepted {
        event: Box<str>,
        payload: PayloadBuf,
    },
    Mail(MailMessage),
}

/// A client's message without its topic, which the channel has.
pub(crate) struct KeptMessage {
    join_ref: Ref,
    reference: Ref,
    event: KeptName,
    payload: PayloadBuf,
}

pub(crate) enum KeptName {
    Text(CompactString),
    Other(Box<str>),
}

impl Busy {
    pub(crate) fn is_joining(&self) -> bool {
        matches!(self.cause, Cause::Join(_) | Cause::Held(_))
    }
}

impl QueueItem {
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Message(KeptMessage { payload, .. })
            | Self::Intercepted { payload, .. }
            | Self::Mail(
                MailMessage::Push { payload, .. } | MailMessage::Broadcast { payload, .. },
            ) => payload_bytes(payload.as_payload()),
            Self::Mail(MailMessage::Reply { reply, .. }) => {
                payload_bytes(reply.payload.as_payload())
            }
            // A value that an app sends to itself has no size that is visible here.
            Self::Mail(MailMessage::Info(_) | MailMessage::Stop(_)) => 0,
        }
    }
}

pub(crate) fn payload_bytes(payload: Payload<'_>) -> usize {
    match payload {
        Payload::Json(json) => json.as_raw().len(),
        Payload::Binary(data) => data.len(),
    }
}

impl KeptMessage {
    pub(crate) fn new(message: &Message<'_>) -> Self {
        Self {
            join_ref: message.join_ref.clone(),
            reference: message.reference.clone(),
            event: match &message.event {
                Name::Text(text) => KeptName::Text((&**text).into()),
                Name::Other(json) => KeptName::Other((*json).into()),
            },
            payload: message.payload.to_buf(),
        }
    }

    pub(crate) fn view<'a>(&'a self, topic: &'a str) -> Message<'a> {
        Message {
            join_ref: self.join_ref.clone(),
            reference: self.reference.clone(),
            topic: topic.into(),
            event: match &self.event {
                KeptName::Text(text) => text.as_str().into(),
                KeptName::Other(json) => Name::Other(json),
            },
            payload: self.payload.as_payload(),
        }
    }
}
