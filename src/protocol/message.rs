//! A client's decoded message, borrowed from the WebSocket message in which it came.

use std::borrow::Cow;

use super::escape::write_bytes;
use super::json::Json;
use super::payload::Payload;
use super::reference::Ref;

/// One decoded message from a client.
#[derive(Clone, Debug, PartialEq)]
pub struct Message<'a> {
    /// The ref of the join that this message belongs to; null on heartbeats.
    pub join_ref: Ref,
    /// The ref that the reply to this message must repeat.
    pub reference: Ref,
    /// The topic.
    pub topic: Name<'a>,
    /// The event.
    pub event: Name<'a>,
    /// The payload: any JSON value, or bytes.
    pub payload: Payload<'a>,
}

/// A topic or event as a client wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name<'a> {
    /// A string, decoded. It is owned only if the name had escapes, or bytes in a binary header
    /// that are not UTF-8. Such bytes are replaced by U+FFFD. Phoenix kills the socket when it
    /// echoes such bytes; here the name is matched and echoed with U+FFFD in their place.
    Text(Cow<'a, str>),
    /// The JSON of a name that is not a string. Such a name is no error: it matches nothing and is
    /// echoed as it came.
    Other(&'a str),
}

impl<'a> Name<'a> {
    /// Returns the name. `None` if the name is not a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Other(_) => None,
        }
    }

    /// Makes a name of `json`, which is one valid value without space around it.
    pub(super) fn from_json(json: &'a str) -> Self {
        match Json::trusted(json).as_str() {
            Some(text) => Self::Text(text),
            None => Self::Other(json),
        }
    }

    pub(super) fn write_json(&self, out: &mut Vec<u8>) {
        match self {
            Self::Text(text) => write_bytes(out, text),
            Self::Other(json) => out.extend_from_slice(json.as_bytes()),
        }
    }

    /// The name as a binary header holds it.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Other(json) => json,
        }
    }
}

impl<'a> From<&'a str> for Name<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}
