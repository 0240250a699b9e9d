//! JSON text that owns its bytes, or shares them.

use std::sync::Arc;

use super::json::Json;

/// The owned text of one valid JSON value, without white space around it. A clone shares the text.
#[derive(Clone, Debug)]
pub struct JsonBuf(Text);

#[derive(Clone, Debug)]
enum Text {
    Static(&'static str),
    Shared(Arc<str>),
}

impl JsonBuf {
    /// Makes a `JsonBuf` of `text`, which must be one valid JSON value.
    pub(crate) const fn fixed(text: &'static str) -> Self {
        Self(Text::Static(text))
    }

    /// Makes a `JsonBuf` of `text`, which must be one valid JSON value.
    pub(crate) fn trusted(text: String) -> Self {
        Self(Text::Shared(text.into()))
    }

    /// The text, verbatim.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Text::Static(text) => text,
            Text::Shared(text) => text,
        }
    }

    /// Returns a view of the text.
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
    /// Compares the texts: equal values that are written differently are not equal.
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for JsonBuf {}
