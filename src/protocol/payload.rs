//! Payloads on their way out: owned, shared by count, made from what app code has at hand.

use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;

use super::json::Json;
use super::message::Payload;
use super::object::Object;

/// A payload to be sent. A clone shares the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PayloadBuf {
    /// The text of one JSON value.
    Json(JsonBuf),
    /// Bytes; only V2 has a form for them.
    Binary(Bytes),
}

impl PayloadBuf {
    /// The empty object, what a reply without response carries. No allocation.
    pub const EMPTY: Self = Self::Json(JsonBuf(Text::Static("{}")));

    /// A value of the app's as JSON. Fails as `T`'s own `Serialize` does, or if a map has keys that are not strings.
    pub fn from_serialize<T: Serialize + ?Sized>(value: &T) -> Result<Self, serde_json::Error> {
        let text = serde_json::to_string(value)?;
        Ok(Self::Json(JsonBuf::trusted(text)))
    }

    /// True if only V2 has a form for it.
    pub fn is_binary(&self) -> bool {
        matches!(self, Self::Binary(_))
    }

    /// A view of it, as a channel gets to see it.
    pub fn as_payload(&self) -> Payload<'_> {
        match self {
            Self::Json(json) => Payload::Json(json.as_json()),
            Self::Binary(data) => Payload::Binary(data),
        }
    }
}

/// The owned text of one valid JSON value, without white space around it. A clone shares the text.
#[derive(Clone, Debug)]
pub struct JsonBuf(Text);

#[derive(Clone, Debug)]
enum Text {
    Static(&'static str),
    Shared(Arc<str>),
}

impl JsonBuf {
    /// `text` must be one valid JSON value.
    pub(super) fn trusted(text: String) -> Self {
        Self(Text::Shared(text.into()))
    }

    /// The text, verbatim.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Text::Static(text) => text,
            Text::Shared(text) => text,
        }
    }

    /// A view of it.
    pub fn as_json(&self) -> Json<'_> {
        Json::trusted(self.as_str())
    }
}

impl From<Json<'_>> for JsonBuf {
    fn from(json: Json<'_>) -> Self {
        Self(Text::Shared(json.as_raw().into()))
    }
}

impl PartialEq for JsonBuf {
    /// By text: equal values that are written differently are not equal.
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for JsonBuf {}

/// What a channel may send: JSON as it came or as built, or bytes.
pub trait IntoPayload {
    /// The payload to be sent.
    fn into_payload(self) -> PayloadBuf;
}

/// `{"reason": text}`, the usual response of an error.
pub fn reason(text: &str) -> PayloadBuf {
    Object::new().put("reason", text).into_payload()
}

impl IntoPayload for PayloadBuf {
    fn into_payload(self) -> PayloadBuf {
        self
    }
}

impl IntoPayload for &PayloadBuf {
    fn into_payload(self) -> PayloadBuf {
        self.clone()
    }
}

/// Verbatim.
impl IntoPayload for Payload<'_> {
    fn into_payload(self) -> PayloadBuf {
        self.to_buf()
    }
}

/// Verbatim.
impl IntoPayload for Json<'_> {
    fn into_payload(self) -> PayloadBuf {
        PayloadBuf::Json(self.into())
    }
}

impl IntoPayload for Object {
    fn into_payload(self) -> PayloadBuf {
        PayloadBuf::Json(JsonBuf::trusted(self.into_text()))
    }
}

impl IntoPayload for serde_json::Value {
    fn into_payload(self) -> PayloadBuf {
        PayloadBuf::Json(JsonBuf::trusted(self.to_string()))
    }
}

impl IntoPayload for JsonBuf {
    fn into_payload(self) -> PayloadBuf {
        PayloadBuf::Json(self)
    }
}

impl IntoPayload for Bytes {
    fn into_payload(self) -> PayloadBuf {
        PayloadBuf::Binary(self)
    }
}

impl IntoPayload for Vec<u8> {
    fn into_payload(self) -> PayloadBuf {
        PayloadBuf::Binary(self.into())
    }
}

/// The empty object.
impl IntoPayload for () {
    fn into_payload(self) -> PayloadBuf {
        PayloadBuf::EMPTY
    }
}
