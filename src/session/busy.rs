//! State of a channel that waits for a job, and the queue of messages that arrive meanwhile.

use crate::channel::Early;
use crate::channel::MailMessage;
use crate::protocol::Message;
use crate::protocol::Name;
use crate::protocol::Payload;
use crate::protocol::PayloadBuf;
use crate::protocol::Ref;
use bytes::Bytes;
use compact_str::CompactString;
use std::collections::VecDeque;

/// The state of a channel that waits for a job, or for the moment of its join.
pub(crate) struct Busy {
    pub(crate) cause: Cause,
    /// The ref of the join or event that the job answers. `None` if no reply is due.
    pub(crate) reference: Option<Ref>,
    pub(crate) line: VecDeque<QueueItem>,
    /// Bytes that the items in `line` keep, and the wait itself. They are part of
    /// [`Session`](super::Session)'s `waiting_bytes`.
    pub(crate) line_bytes: usize,
}

/// The callback that the job belongs to.
pub(crate) enum Cause {
    /// The join, with the effects that its callback wants once the join is accepted.
    Join(Early),
    /// Any other callback.
    Event,
    /// No callback yet, because the join's token is being checked. Holds the payload of the
    /// client's join.
    Token(PayloadBuf),
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
    /// Returns a wait that keeps `cause` and `reference`, with nobody in line.
    pub(crate) fn new(cause: Cause, reference: Option<Ref>) -> Self {
        let line_bytes = cause.heap_bytes() + reference.as_ref().map_or(0, Ref::heap_bytes);
        Self {
            cause,
            reference,
            line: VecDeque::new(),
            line_bytes,
        }
    }

    pub(crate) fn is_joining(&self) -> bool {
        !matches!(self.cause, Cause::Event)
    }
}

impl Cause {
    fn heap_bytes(&self) -> usize {
        match self {
            Self::Join(early) => early.frames.iter().map(Bytes::len).sum(),
            Self::Event => 0,
            Self::Held(payload) | Self::Token(payload) => payload_bytes(payload),
        }
    }
}

impl QueueItem {
    /// Returns the bytes that the item keeps: its place in the line, and all of its heap. So small
    /// items weigh something too, and no part of a message weighs nothing.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>() + self.heap_bytes()
    }

    fn heap_bytes(&self) -> usize {
        match self {
            Self::Message(message) => message.heap_bytes(),
            Self::Intercepted { event, payload } => event.len() + payload_bytes(payload),
            Self::Mail(mail) => match mail {
                MailMessage::Push { event, payload }
                | MailMessage::Broadcast { event, payload, .. } => {
                    event.len() + payload_bytes(payload)
                }
                MailMessage::Reply { reference, reply } => {
                    reference.heap_bytes() + reply.status.len() + payload_bytes(&reply.payload)
                }
                // A value that an app sends to itself has no size that is visible here.
                MailMessage::Info(_) | MailMessage::Stop(_) => 0,
            },
        }
    }
}

fn payload_bytes(payload: &PayloadBuf) -> usize {
    match payload.as_payload() {
        Payload::Json(json) => json.as_raw().len(),
        Payload::Binary(data) => data.len(),
    }
}

/// Returns the bytes of heap that a short text keeps.
pub(super) fn text_heap_bytes(text: &CompactString) -> usize {
    match text.is_heap_allocated() {
        true => text.capacity(),
        false => 0,
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

    fn heap_bytes(&self) -> usize {
        let event = match &self.event {
            KeptName::Text(text) => text_heap_bytes(text),
            KeptName::Other(json) => json.len(),
        };
        let refs = self.join_ref.heap_bytes() + self.reference.heap_bytes();
        event + refs + payload_bytes(&self.payload)
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
