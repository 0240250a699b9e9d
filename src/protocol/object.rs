//! The builder of JSON objects that channels answer with.

use std::borrow::Cow;

use super::escape::write_string;
use super::json::Json;
use super::json_buf::JsonBuf;

/// A JSON object being built, key by key in order. Duplicate keys are not checked; receivers take
/// the last.
///
/// ```
/// use lobbyd::object;
/// use lobbyd::IntoPayload;
///
/// let payload = object! { "body": "hi", "n": 1 }.into_payload();
/// ```
#[derive(Clone, Debug)]
pub struct Object {
    /// The text so far, without the closing brace.
    text: String,
}

impl Object {
    /// The empty object.
    pub fn new() -> Self {
        Self {
            text: String::from("{"),
        }
    }

    /// Adds `key` with `value`.
    #[must_use]
    pub fn put(mut self, key: &str, value: impl ToJson) -> Self {
        if self.text.len() > 1 {
            self.text.push(',');
        }
        push_string(&mut self.text, key);
        self.text.push(':');
        value.write_json(&mut self.text);
        self
    }

    /// The object as JSON text.
    pub fn into_text(mut self) -> String {
        self.text.push('}');
        self.text
    }
}

impl Default for Object {
    fn default() -> Self {
        Self::new()
    }
}

/// Builds an [`Object`](self::Object): `object! { "body": body, "n": 1 }`. Values are anything that
/// implements [`ToJson`](self::ToJson); JSON from a client goes in verbatim.
#[macro_export]
macro_rules! object {
    ($($key:literal : $value:expr),* $(,)?) => {
        $crate::Object::new()$(.put($key, $value))*
    };
}

fn push_string(out: &mut String, text: &str) {
    write_string(text, |piece| out.push_str(piece));
}

/// A type whose values can be in an [`Object`].
pub trait ToJson {
    /// Appends the value's JSON to `out`: exactly one valid value.
    fn write_json(self, out: &mut String);
}

/// Appends the text verbatim.
impl ToJson for &JsonBuf {
    fn write_json(self, out: &mut String) {
        out.push_str(self.as_str());
    }
}

/// Appends the text verbatim.
impl ToJson for Json<'_> {
    fn write_json(self, out: &mut String) {
        out.push_str(self.as_raw());
    }
}

impl ToJson for Object {
    fn write_json(self, out: &mut String) {
        out.push_str(&self.text);
        out.push('}');
    }
}

impl ToJson for &str {
    fn write_json(self, out: &mut String) {
        push_string(out, self);
    }
}

impl ToJson for String {
    fn write_json(self, out: &mut String) {
        push_string(out, &self);
    }
}

impl ToJson for &String {
    fn write_json(self, out: &mut String) {
        push_string(out, self);
    }
}

impl ToJson for Cow<'_, str> {
    fn write_json(self, out: &mut String) {
        push_string(out, &self);
    }
}

impl ToJson for bool {
    fn write_json(self, out: &mut String) {
        out.push_str(if self { "true" } else { "false" });
    }
}

/// Appends `null` for `None`.
impl<T: ToJson> ToJson for Option<T> {
    fn write_json(self, out: &mut String) {
        match self {
            Some(value) => value.write_json(out),
            None => out.push_str("null"),
        }
    }
}

impl<T: ToJson> ToJson for Vec<T> {
    fn write_json(self, out: &mut String) {
        out.push('[');
        for (at, value) in self.into_iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            value.write_json(out);
        }
        out.push(']');
    }
}

impl ToJson for serde_json::Value {
    fn write_json(self, out: &mut String) {
        out.push_str(&self.to_string());
    }
}

macro_rules! numbers {
    ($doc:literal: $($number:ty),*) => {$(
        #[doc = $doc]
        impl ToJson for $number {
            fn write_json(self, out: &mut String) {
                serde_json::Value::from(self).write_json(out);
            }
        }
    )*};
}
numbers!("A JSON number.": u8, u16, u32, u64, usize, i8, i16, i32, i64, isize);
numbers!("A JSON number; `null` for infinities and NaN, for which JSON has no number.": f32, f64);
