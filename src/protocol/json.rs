//! The text of one JSON value, with look-ups that do not parse it as a whole.

use std::borrow::Cow;

use serde::de::DeserializeOwned;

use super::error::Undecodable;
use super::escape::unescape;
use super::parse::{Mismatch, parse};
use super::scan::{Nesting, Scanner};
use super::scratch::DecodeScratch;

/// The text of one valid JSON value, without white space around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Json<'a>(&'a str);

impl<'a> Json<'a> {
    /// Checks that `text` is one JSON value, and drops white space around it.
    pub fn new(text: &'a str) -> Result<Self, Undecodable> {
        let mut scratch = DecodeScratch::new();
        let mut scanner = Scanner::new(text);
        let value = scanner.value(&mut scratch.nesting);
        match value {
            Some(value) if scanner.at_end() => Ok(Self(value)),
            _ => Err(Undecodable::NotJson),
        }
    }

    /// Makes a `Json` of `text`, which must be a text that [`Json::new`] could return.
    pub(crate) fn trusted(text: &'a str) -> Self {
        Self(text)
    }

    /// The text, verbatim.
    pub fn as_raw(&self) -> &'a str {
        self.0
    }

    /// The content of a string; `None` for any other value. Borrowed unless the string has escapes.
    pub fn as_str(&self) -> Option<Cow<'a, str>> {
        let inner = self.0.strip_prefix('"')?.strip_suffix('"')?;
        Some(unescape(inner))
    }

    /// True for `null`.
    pub fn is_null(&self) -> bool {
        self.0 == "null"
    }

    /// True for an object.
    pub fn is_object(&self) -> bool {
        self.0.starts_with('{')
    }

    /// Returns the value of `key`, if this is an object with that key. Of duplicate keys the last
    /// counts, as in Phoenix.
    ///
    /// Costs one pass over the object; [`get_many`](Self::get_many) returns several keys in one
    /// pass.
    pub fn get(&self, key: &str) -> Option<Json<'a>> {
        let [found] = self.get_many([key]);
        found
    }

    /// Returns the values of several keys in one pass over the object, each as [`get`](Self::get)
    /// returns it.
    ///
    /// ```
    /// use lobbyd::Json;
    ///
    /// let payload = Json::new(r#"{"size":1.50,"body":"hi"}"#)?;
    /// let [body, size, colour] = payload.get_many(["body", "size", "colour"]);
    /// assert_eq!(body.map(|json| json.as_raw()), Some(r#""hi""#));
    /// assert_eq!(size.map(|json| json.as_raw()), Some("1.50"));
    /// assert_eq!(colour, None);
    /// # Ok::<(), lobbyd::Undecodable>(())
    /// ```
    pub fn get_many<const N: usize>(&self, keys: [&str; N]) -> [Option<Json<'a>>; N] {
        let mut found = [None; N];
        self.get_into(&keys, &mut found);
        found
    }

    /// Like [`get_many`](Self::get_many), for keys whose number is not known beforehand. Puts the
    /// value of each of `keys` into the place with the same index in `found`, and leaves the other
    /// places as they are.
    pub fn get_into<K: AsRef<str>>(&self, keys: &[K], found: &mut [Option<Json<'a>>]) {
        let _ = self.members(|name, value| {
            for (key, found) in keys.iter().zip(found.iter_mut()) {
                if *name == *key.as_ref() {
                    *found = Some(value);
                }
            }
        });
    }

    /// Hands each member of an object to `see`, in order. Always returns `None`.
    fn members(&self, mut see: impl FnMut(Cow<'a, str>, Json<'a>)) -> Option<()> {
        let mut nesting = Nesting::default();
        let mut scanner = Scanner::new(self.0);
        if !scanner.eat(b'{') {
            return None;
        }
        loop {
            scanner.space();
            let name = scanner.key()?;
            let value = scanner.value(&mut nesting)?;
            see(unescape(name), Json(value));
            scanner.space();
            if !scanner.eat(b',') {
                return None;
            }
        }
    }

    /// Parses the value into a type of the app's, by simd-json.
    ///
    /// Copies the text once, because simd-json parses in place. The memory is kept for the next
    /// parse on the thread. Use this method for payloads that an app takes apart. For payloads that
    /// an app only relays, [`get`](Self::get) returns the text as it came.
    ///
    /// # Errors
    /// If the value does not fit the type: another kind of value, a missing field, an integer too
    /// large for the type, or nesting over 1,024 deep.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Mismatch> {
        parse(self.0)
    }
}
