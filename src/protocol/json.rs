//! One JSON value as text, looked into without being parsed as a whole.

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use thiserror::Error;

use super::escape::unescape;
use super::scan::{Nesting, Scanner};
use super::scratch::DecodeScratch;
use super::version::Undecodable;

/// The text of one valid JSON value, without white space around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Json<'a>(&'a str);

impl<'a> Json<'a> {
    /// Checks that `text` is one JSON value; white space around it is dropped.
    pub fn new(text: &'a str) -> Result<Self, Undecodable> {
        let mut scratch = DecodeScratch::new();
        let mut scanner = Scanner::new(text);
        let value = scanner.value(&mut scratch.nesting);
        match value {
            Some(value) if scanner.at_end() => Ok(Self(value)),
            _ => Err(Undecodable::NotJson),
        }
    }

    /// `text` must be what [`Json::new`] would return.
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

    /// The value of `key`, if this is an object that has it. Of duplicate keys the last one counts, as in Phoenix.
    ///
    /// Costs one pass over the object: to take many keys out of a large one, [`Json::parse`] it.
    pub fn get(&self, key: &str) -> Option<Json<'a>> {
        let mut nesting = Nesting::default();
        let mut scanner = Scanner::new(self.0);
        let mut found = None;
        if !scanner.eat(b'{') {
            return None;
        }
        loop {
            scanner.space();
            let Some(name) = scanner.key() else {
                return found;
            };
            let value = scanner.value(&mut nesting)?;
            if unescape(name) == key {
                found = Some(Json(value));
            }
            scanner.space();
            if !scanner.eat(b',') {
                return found;
            }
        }
    }

    /// The value as a type of the app's.
    ///
    /// Copies the text once, as simd-json parses in place: for payloads that an app takes apart, not for what it only
    /// relays.
    ///
    /// # Errors
    /// If the value does not fit the type: another kind of value, a missing field, an integer too large for it, or
    /// nesting over 1,024 deep.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Mismatch> {
        let mut copy = self.0.as_bytes().to_vec();
        simd_json::serde::from_slice(&mut copy).map_err(Mismatch)
    }
}

/// A JSON value that is not of the type asked for. Its text says where and why.
#[derive(Debug, Error)]
#[error(transparent)]
pub struct Mismatch(simd_json::Error);
