//! Outgoing payloads: owned, shared by reference count, and made from values of the app.

use bytes::Bytes;
use serde::Serialize;

use super::json::Json;
use super::json_buf::JsonBuf;
use super::object::Object;
use super::parse::Mismatch;
use serde::de::DeserializeOwned;

/// A payload to be sent. A clone shares the bytes.
///
/// The enum is exhaustive, because Phoenix's serializers know no third kind of payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PayloadBuf {
    /// The text of one JSON value.
    Json(JsonBuf),
    /// Bytes, for which only V2 has a form.
    Binary(Bytes),
}

impl PayloadBuf {
    /// The empty object, the payload of a reply without response. Needs no allocation.
    pub const EMPTY: Self = Self::Json(JsonBuf::fixed("{}"));

    /// Makes a payload of an app's value, as JSON. Keys of maps that are numbers or booleans become
    /// strings.
    ///
    /// # Errors
    /// If `T`'s own `Serialize` fails, or if a map has keys of another kind, such as lists.
    pub fn from_serialize<T: Serialize + ?Sized>(value: &T) -> Result<Self, serde_json::Error> {
        let text = serde_json::to_string(value)?;
        Ok(Self::Json(JsonBuf::trusted(text)))
    }

    /// True if only V2 has a form for the payload.
    pub fn is_binary(&self) -> bool {
        matches!(self, Self::Binary(_))
    }

    /// A view of the payload, as a channel gets it.
    pub fn as_payload(&self) -> Payload<'_> {
        match self {
            Self::Json(json) => Payload::Json(json.as_json()),
            Self::Binary(data) => Payload::Binary(data),
        }
    }
}

/// A value that a channel may send: JSON as it came or as built, or bytes.
pub trait IntoPayload {
    /// The payload to be sent.
    fn into_payload(self) -> PayloadBuf;
}

/// Returns `{"reason": text}`, the usual response of an error.
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

/// Keeps the payload verbatim.
impl IntoPayload for Payload<'_> {
    fn into_payload(self) -> PayloadBuf {
        self.to_buf()
    }
}

/// Keeps the text verbatim.
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

/// Makes the empty object.
impl IntoPayload for () {
    fn into_payload(self) -> PayloadBuf {
        PayloadBuf::EMPTY
    }
}

/// A borrowed payload: from the network, or a view of a [`PayloadBuf`].
///
/// The enum is exhaustive, like [`PayloadBuf`]: a `match` in `handle_in` needs no third arm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload<'a> {
    /// Any JSON value.
    Json(Json<'a>),
    /// Bytes; from the network, those behind the header of a binary message.
    Binary(&'a [u8]),
}

impl<'a> Payload<'a> {
    /// Returns the JSON value. `None` if the payload is binary.
    pub fn as_json(&self) -> Option<Json<'a>> {
        match self {
            Self::Json(json) => Some(*json),
            Self::Binary(_) => None,
        }
    }

    /// Returns the bytes. `None` if the payload is JSON.
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

    /// Parses the payload into a type of the app's; see [`Json::parse`].
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
    /// fn body_of(payload: Payload<'_>) -> Result<String, lobbyd::Mismatch> {
    ///     Ok(payload.parse::<NewMsg>()?.body)
    /// }
    /// # let payload = lobbyd::Json::new(r#"{"body":"hi"}"#).unwrap();
    /// # assert_eq!(body_of(Payload::Json(payload)).unwrap(), "hi");
    /// ```
    ///
    /// # Errors
    /// If the payload does not fit the type, or is binary.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Mismatch> {
        self.as_json().ok_or(Mismatch::BINARY)?.parse()
    }

    /// Returns an owned copy, verbatim. Costs one allocation and one copy.
    pub fn to_buf(&self) -> PayloadBuf {
        match self {
            Self::Json(json) => PayloadBuf::Json(JsonBuf::from(*json)),
            Self::Binary(data) => PayloadBuf::Binary(Bytes::copy_from_slice(data)),
        }
    }
}

impl IntoPayload for JsonBuf {
    fn into_payload(self) -> PayloadBuf {
        PayloadBuf::Json(self)
    }
}
