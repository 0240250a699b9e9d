//! The refs and topic of a message that is otherwise unreadable, so that it can be answered.
//!
//! Used where a decoder has failed, and by no decoder. The text behind the refs and the topic may
//! be anything: half of a surrogate pair, a number beyond the range of a float, no JSON at all.

use super::json::Json;
use super::message::Name;
use super::reference::Ref;
use super::scan::{Scanner, plain_length};
use super::scratch::DecodeScratch;
use super::version::Version;
use super::{binary, v1};

/// The parts of an unreadable message that an answer to it needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault<'a> {
    /// The ref of the join that the message belongs to.
    pub join_ref: Ref,
    /// The ref that the answer must repeat.
    pub reference: Ref,
    /// The topic. One with half of a surrogate pair is echoed as it came.
    pub topic: Name<'a>,
}

impl Version {
    /// Returns what can be read of a text message that is no message of this version. `None` if its
    /// refs and topic cannot be read.
    pub fn fault_in_text<'a>(
        self,
        text: &'a str,
        scratch: &mut DecodeScratch,
    ) -> Option<Fault<'a>> {
        match self {
            Self::V1 => in_object(text, scratch),
            Self::V2 => in_array(text, scratch),
        }
    }

    /// Returns what can be read of a binary message that is no message of this version.
    pub fn fault_in_binary<'a>(
        self,
        bytes: &'a [u8],
        scratch: &mut DecodeScratch,
    ) -> Option<Fault<'a>> {
        match self {
            Self::V1 => in_object(std::str::from_utf8(bytes).ok()?, scratch),
            Self::V2 => {
                let [join_ref, reference, topic] = binary::refs_and_topic(bytes)?;
                Some(Fault {
                    join_ref: Ref::from_text(&String::from_utf8_lossy(join_ref)),
                    reference: Ref::from_text(&String::from_utf8_lossy(reference)),
                    topic: Name::Text(String::from_utf8_lossy(topic)),
                })
            }
        }
    }
}

/// True if a string in `text` has an escape of half a surrogate pair. RFC 8259 §8.2 calls such text
/// grammatical, and what receivers make of it unpredictable.
pub fn has_half_a_pair(text: &str) -> bool {
    // The end of a first half, behind which its second half must stand.
    let mut first_ends_at = None;
    for (at, _) in text.match_indices("\\u") {
        let Some(unit) = unit_at(text, at) else {
            continue;
        };
        let is_second = (0xDC00..0xE000).contains(&unit);
        let awaited = first_ends_at.take();
        if is_second != awaited.is_some() || (is_second && awaited != Some(at)) {
            return true;
        }
        first_ends_at = (0xD800..0xDC00).contains(&unit).then_some(at + 6);
    }
    first_ends_at.is_some()
}

/// Returns the unit of the escape at `at`. `None` if it is no escape, because its backslash is
/// escaped itself.
fn unit_at(text: &str, at: usize) -> Option<u32> {
    let before = text.as_bytes().get(..at)?;
    let backslashes = before.iter().rev().take_while(|byte| **byte == b'\\');
    let is_escape = backslashes.count().is_multiple_of(2);
    let unit = u32::from_str_radix(text.get(at + 2..at + 6)?, 16).ok()?;
    is_escape.then_some(unit)
}

/// Reads `[join_ref, ref, topic, …`.
fn in_array<'a>(text: &'a str, scratch: &mut DecodeScratch) -> Option<Fault<'a>> {
    let mut scanner = Scanner::new(text);
    scanner.space();
    if !scanner.eat(b'[') {
        return None;
    }
    let mut refs = [Ref::NULL, Ref::NULL];
    for slot in &mut refs {
        let value = scanner.value(&mut scratch.nesting)?;
        *slot = Ref::from_json(Json::trusted(value));
        scanner.space();
        if !scanner.eat(b',') {
            return None;
        }
    }
    let [join_ref, reference] = refs;
    Some(Fault {
        join_ref,
        reference,
        topic: topic(string(scanner.rest())?),
    })
}

/// Reads `ref`, `topic` and `join_ref` of an object whose other values may be anything that ends.
fn in_object<'a>(text: &'a str, scratch: &mut DecodeScratch) -> Option<Fault<'a>> {
    let mut rest = text.trim_start().strip_prefix('{')?;
    let (mut join_ref, mut reference, mut found) = (Ref::NULL, None, None);
    while let Some(key) = string(rest) {
        let value = rest.trim_start().get(key.len()..)?.trim_start();
        let value = value.strip_prefix(':')?.trim_start();
        let as_ref = |scratch: &mut DecodeScratch| {
            let value = Scanner::new(value).value(&mut scratch.nesting);
            value.map(|value| Ref::from_json(Json::trusted(value)))
        };
        match &*v1::key_of(key) {
            "join_ref" => join_ref = as_ref(scratch)?,
            "ref" => reference = Some(as_ref(scratch)?),
            "topic" => found = Some(topic(string(value)?)),
            _ => {}
        }
        let behind = value.get(value_length(value)..)?.trim_start();
        match behind.strip_prefix(',') {
            Some(next) => rest = next,
            None => break,
        }
    }
    Some(Fault {
        join_ref,
        reference: reference?,
        topic: found?,
    })
}

/// Returns the topic that is the JSON string `raw`, quotes included.
fn topic(raw: &str) -> Name<'_> {
    match Json::new(raw) {
        Ok(json) => Name::from_json(json.as_raw()),
        Err(_) => Name::Other(raw),
    }
}

/// Returns the JSON string at the start of `text`, with its quotes. Its escapes are checked, but
/// halves of surrogate pairs pass.
fn string(text: &str) -> Option<&str> {
    let text = text.trim_start();
    let mut at = 1;
    text.strip_prefix('"')?;
    loop {
        at += plain_length(text.as_bytes().get(at..)?);
        match text.as_bytes().get(at)? {
            b'"' => return text.get(..=at),
            b'\\' => at += escape_length(text.get(at + 1..)?)?,
            _ => return None,
        }
    }
}

/// Returns the length of an escape, whose text behind the backslash is at the start of `text`.
fn escape_length(text: &str) -> Option<usize> {
    match text.bytes().next()? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(2),
        b'u' => {
            let digits = text.get(1..5)?;
            digits.bytes().all(|b| b.is_ascii_hexdigit()).then_some(6)
        }
        _ => None,
    }
}

/// Returns how long the value at the start of `text` is, which may be anything with strings and
/// brackets in pairs.
fn value_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => match text.get(at..).and_then(string) {
                Some(string) => at += string.len() - 1,
                None => return bytes.len(),
            },
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth > 0 => depth -= 1,
            b'}' | b']' => return at,
            b',' if depth == 0 => return at,
            _ => {}
        }
        at += 1;
    }
    at
}
