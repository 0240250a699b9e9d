//! A channel that waits for something, and the line of what arrives meanwhile.

use crate::channel::Early;
use crate::channel::MailMessage;
use crate::protocol::Message;
use crate::protocol::Name;
use crate::protocol::Payload;
use crate::protocol::PayloadBuf;
use crate::protocol::Ref;
use compact_str::CompactString;
use std::collections::VecDeque;

/// A channel that waits for its [`Job`].
pub(crate) struct Busy {
    pub(crate) cause: Cause,
    /// The ref of the join or event; none if there is nobody to reply to.
    pub(crate) reference: Option<Ref>,
    pub(crate) line: VecDeque<Waiting>,
    /// What the line counts for in the connection's `waiting_bytes`.
    pub(crate) line_bytes: usize,
}

/// Which callback it is that waits.
pub(crate) enum Cause {
    /// The join, with what it wants done once it is accepted.
    Join(Early),
    /// Any other.
    Event,
    /// None yet: the join's turn has not come. What the client sent with it.
    Turn(PayloadBuf),
}

/// Something that stands in line.
pub(crate) enum Waiting {
    Message(KeptMessage),
    Intercepted {
        event: Box<str>,
        payload: PayloadBuf,
    },
    Mail(MailMessage),
}

/// A client's message without its topic, which is the line's.
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
        matches!(self.cause, Cause::Join(_) | Cause::Turn(_))
    }
}

impl Waiting {
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
            // What an app sends itself has no size that could be seen here.
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
