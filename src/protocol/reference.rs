//! `ref` and `join_ref`: opaque JSON values that are compared and echoed, never interpreted.

use super::escape::write_bytes;
use super::json::Json;

/// A `ref` or `join_ref`: any JSON value.
///
/// Equality is that of JSON values, strictly: `"1"`, `1` and `1.0` are three different refs, while
/// `"1"` and `"\u0031"` are equal. Arrays and objects, which no known client sends, are compared
/// less exactly: integers in them that are over 64 bits are compared as floats. Of values but
/// strings that have over 128 bytes the texts are compared, because each message would parse both.
///
/// A `Ref` takes 16 bytes. The refs of phoenix.js (decimal strings) and small integers need no
/// heap.
#[derive(Clone, Debug, Default)]
pub struct Ref(RefValue);

#[derive(Clone, Debug, Default, PartialEq)]
enum RefValue {
    #[default]
    Null,
    /// The string that is this number in decimal, without leading zeros.
    Decimal(u32),
    /// The number, written without fraction, exponent or leading zeros.
    Number(u32),
    /// The content of any other string. Two boxes deep, to keep a `Ref` at 16 bytes.
    Text(Box<Box<str>>),
    /// The text of any other value, as it came.
    Json(Box<Box<str>>),
}

impl Ref {
    /// JSON `null`: no ref.
    pub const NULL: Self = Self(RefValue::Null);

    /// True for JSON `null` (an empty string is not null).
    pub fn is_null(&self) -> bool {
        matches!(self.0, RefValue::Null)
    }

    /// Makes the ref that is the JSON string `text`.
    pub fn from_text(text: &str) -> Self {
        Self(match decimal(text) {
            Some(number) => RefValue::Decimal(number),
            None => RefValue::Text(Box::new(text.into())),
        })
    }

    /// Makes the ref that is the value `json`.
    pub fn from_json(json: Json<'_>) -> Self {
        if let Some(text) = json.as_str() {
            return Self::from_text(&text);
        }
        Self(match json.as_raw() {
            "null" => RefValue::Null,
            // Elixir reads the integer -0 as 0.
            "-0" => RefValue::Number(0),
            raw => match decimal(raw) {
                Some(number) => RefValue::Number(number),
                None => RefValue::Json(Box::new(raw.into())),
            },
        })
    }

    /// Returns the bytes of this ref's text: a string's content, or any other value's JSON. 0 if it
    /// needs no heap: then it has 10 at most.
    pub fn text_bytes(&self) -> usize {
        match &self.0 {
            RefValue::Null | RefValue::Decimal(_) | RefValue::Number(_) => 0,
            RefValue::Text(text) | RefValue::Json(text) => text.len(),
        }
    }

    /// Returns the bytes of heap that this ref keeps. Limits on a client's memory can count them.
    pub fn heap_bytes(&self) -> usize {
        match &self.0 {
            RefValue::Null | RefValue::Decimal(_) | RefValue::Number(_) => 0,
            RefValue::Text(text) | RefValue::Json(text) => text.len() + size_of::<Box<str>>(),
        }
    }

    /// Returns the ref as JSON, for a log.
    pub(crate) fn to_json(&self) -> String {
        let mut json = Vec::new();
        self.write_json(&mut json);
        String::from_utf8_lossy(&json).into_owned()
    }

    pub(super) fn write_json(&self, out: &mut Vec<u8>) {
        match &self.0 {
            RefValue::Null => out.extend_from_slice(b"null"),
            RefValue::Decimal(number) => {
                out.push(b'"');
                Digits::of(*number).write(out);
                out.push(b'"');
            }
            RefValue::Number(number) => Digits::of(*number).write(out),
            RefValue::Text(text) => write_bytes(out, text),
            RefValue::Json(json) => out.extend_from_slice(json.as_bytes()),
        }
    }

    /// Hands `f` the bytes of this ref in a binary header: nothing for null, the content of a
    /// string, the JSON of any other value.
    pub(super) fn with_bytes<R>(&self, f: impl FnOnce(&[u8]) -> R) -> R {
        match &self.0 {
            RefValue::Null => f(b""),
            RefValue::Decimal(number) | RefValue::Number(number) => {
                f(Digits::of(*number).as_bytes())
            }
            RefValue::Text(text) | RefValue::Json(text) => f(text.as_bytes()),
        }
    }
}

impl PartialEq for Ref {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (RefValue::Json(a), RefValue::Json(b)) => a == b || same_value(a, b),
            (a, b) => a == b,
        }
    }
}

/// The most bytes of a value that is parsed to be compared.
const PARSED_BYTES_MAX: usize = 128;

/// True if two different JSON texts are the same value. Numbers compare within their kind: integers
/// by their digits (which differ here), floats by value.
fn same_value(a: &str, b: &str) -> bool {
    let is_number =
        |text: &str| text.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    let is_float = |text: &str| text.contains(['.', 'e', 'E']);
    if a.len().max(b.len()) > PARSED_BYTES_MAX {
        return false;
    }
    match (is_number(a), is_number(b)) {
        (true, true) => is_float(a) && is_float(b) && a.parse::<f64>() == b.parse::<f64>(),
        (false, false) => {
            let value = |text| serde_json::from_str::<serde_json::Value>(text).ok();
            value(a).is_some_and(|a| value(b) == Some(a))
        }
        _ => false,
    }
}

/// Returns the number whose canonical decimal is `text`. `None` if there is none.
fn decimal(text: &str) -> Option<u32> {
    let canonical = text == "0" || !text.starts_with(['0', '+']);
    text.parse().ok().filter(|_| canonical)
}

/// A number's decimal digits, without the heap.
struct Digits {
    /// The digits are at the end.
    buffer: [u8; 10],
    start: usize,
}

impl Digits {
    fn of(mut number: u32) -> Self {
        let mut digits = Self {
            buffer: [b'0'; 10],
            start: 10,
        };
        for (at, slot) in digits.buffer.iter_mut().enumerate().rev() {
            *slot = b'0' + (number % 10) as u8;
            digits.start = at;
            number /= 10;
            if number == 0 {
                break;
            }
        }
        digits
    }

    fn as_bytes(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }
}
