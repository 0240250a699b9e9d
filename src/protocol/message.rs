//! What a client sent, with everything borrowed from the WebSocket message it came in.

use std::borrow::Cow;

use bytes::Bytes;
use serde::de::DeserializeOwned;

use super::escape::write_bytes;
use super::json::Json;
use super::parse::Mismatch;
use super::payload::JsonBuf;
use super::payload::PayloadBuf;
use super::reference::Ref;

/// One decoded message from a client.
#[derive(Clone, Debug, PartialEq)]
pub struct Message<'a> {
    /// The ref of the join that this message belongs to; null on heartbeats.
    pub join_ref: Ref,
    /// What the reply to this message must repeat.
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
    /// A string, decoded. Owned only if it had escapes (or, in a binary header, bytes that are not UTF-8, which are
    /// replaced by U+FFFD: where Phoenix kills the socket when it echoes them, such a name simply matches nothing).
    Text(Cow<'a, str>),
    /// The JSON of a name that is not a string. No error: it matches nothing, and is echoed as it came.
    Other(&'a str),
}

impl<'a> Name<'a> {
    /// The name, if it is a string at all.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Other(_) => None,
        }
    }

    /// `json` is one valid value without space around it.
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

/// A payload that is only looked at: from the network, or a view of a [`PayloadBuf`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload<'a> {
    /// Any JSON value.
    Json(Json<'a>),
    /// The rest of a binary frame.
    Binary(&'a [u8]),
}

impl<'a> Payload<'a> {
    /// The JSON value, if it is JSON.
    pub fn as_json(&self) -> Option<Json<'a>> {
        match self {
            Self::Json(json) => Some(*json),
            Self::Binary(_) => None,
        }
    }

    /// The bytes, if it is binary.
    pub fn as_binary(&self) -> Option<&'a [u8]> {
        match self {
            Self::Json(_) => None,
            Self::Binary(data) => Some(data),
        }
    }

    /// The value of `key`, if this is a JSON object that has it; see [`Json::get`].
    pub fn get(&self, key: &str) -> Option<Json<'a>> {
        self.as_json()?.get(key)
    }

    /// The values of several keys in one pass, if this is a JSON object; see [`Json::get_many`].
    pub fn get_many<const N: usize>(&self, keys: [&str; N]) -> [Option<Json<'a>>; N] {
        self.as_json().map_or([None; N], |json| json.get_many(keys))
    }

    /// The values of several keys in one pass, if this is a JSON object; see [`Json::get_into`].
    pub fn get_into<K: AsRef<str>>(&self, keys: &[K], found: &mut [Option<Json<'a>>]) {
        if let Some(json) = self.as_json() {
            json.get_into(keys, found);
        }
    }

    /// The payload as a type of the app's; see [`Json::parse`].
    ///
    /// ```
    /// use lobbyd::Payload;
    /// use serde::Deserialize;
    ///
    /// #[derive(Deserialize)]
    /// struct NewMsg {
    ///     body: String,
    /// }
    ///
    /// fn body_of(payload: Payload<'_>) -> Result<String, lobbyd::protocol::Mismatch> {
    ///     Ok(payload.parse::<NewMsg>()?.body)
    /// }
    /// # let payload = lobbyd::Json::new(r#"{"body":"hi"}"#).unwrap();
    /// # assert_eq!(body_of(Payload::Json(payload)).unwrap(), "hi");
    /// ```
    ///
    /// # Errors
    /// If it does not fit the type, or is binary.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Mismatch> {
        self.as_json().ok_or(Mismatch::BINARY)?.parse()
    }

    /// An owned copy, verbatim. Costs one allocation and one copy.
    pub fn to_buf(&self) -> PayloadBuf {
        match self {
            Self::Json(json) => PayloadBuf::Json(JsonBuf::from(*json)),
            Self::Binary(data) => PayloadBuf::Binary(Bytes::copy_from_slice(data)),
        }
    }
}
