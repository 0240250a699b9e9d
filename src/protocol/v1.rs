//! Version 1: every message is a JSON object, with any opcode, and there is no binary form.

use std::borrow::Cow;

use super::error::{Undecodable, Unencodable};
use super::escape::{unescape, write_bytes};
use super::frame_kind::FrameKind;
use super::json::Json;
use super::message::{Message, Name};
use super::payload::Payload;
use super::payload::PayloadBuf;
use super::reference::Ref;
use super::scan::Scanner;
use super::scratch::DecodeScratch;

/// Reads `{"topic":…,"event":…,"payload":…,"ref":…}`, where `join_ref` is optional and other keys
/// are ignored. Of duplicate keys the last one counts.
pub(super) fn decode<'a>(
    text: &'a str,
    scratch: &mut DecodeScratch,
) -> Result<Message<'a>, Undecodable> {
    let mut scanner = Scanner::new(text);
    scanner.space();
    let slots = if scanner.rest().starts_with('{') {
        slots(&mut scanner, scratch).ok_or(Undecodable::NotJson)?
    } else {
        Json::new(text)?;
        return Err(Undecodable::Shape);
    };
    let present = |slot: Option<&'a str>| slot.ok_or(Undecodable::MissingKey);
    Ok(Message {
        join_ref: slots
            .join_ref
            .map_or(Ref::NULL, |raw| Ref::from_json(Json::trusted(raw))),
        reference: Ref::from_json(Json::trusted(present(slots.reference)?)),
        topic: Name::from_json(present(slots.topic)?),
        event: Name::from_json(present(slots.event)?),
        payload: Payload::Json(Json::trusted(present(slots.payload)?)),
    })
}

/// The texts of a message's known keys.
#[derive(Default)]
struct Slots<'a> {
    join_ref: Option<&'a str>,
    reference: Option<&'a str>,
    topic: Option<&'a str>,
    event: Option<&'a str>,
    payload: Option<&'a str>,
}

/// Scans the whole object, and checks that nothing follows the object.
fn slots<'a>(scanner: &mut Scanner<'a>, scratch: &mut DecodeScratch) -> Option<Slots<'a>> {
    let mut slots = Slots::default();
    scanner.eat(b'{');
    scanner.space();
    if scanner.eat(b'}') {
        return scanner.at_end().then_some(slots);
    }
    loop {
        scanner.space();
        let key = scanner.key()?;
        let value = scanner.value(&mut scratch.nesting)?;
        match &*unescape(key) {
            "join_ref" => slots.join_ref = Some(value),
            "ref" => slots.reference = Some(value),
            "topic" => slots.topic = Some(value),
            "event" => slots.event = Some(value),
            "payload" => slots.payload = Some(value),
            _ => {}
        }
        scanner.space();
        if scanner.eat(b',') {
            continue;
        }
        return (scanner.eat(b'}') && scanner.at_end()).then_some(slots);
    }
}

/// Returns the content of a key, given its text with quotes.
pub(super) fn key_of(key: &str) -> Cow<'_, str> {
    unescape(key.get(1..key.len() - 1).unwrap_or_default())
}

/// Appends a push or a broadcast, which have the same form. Unlike on V2 the payload may be any
/// JSON value.
pub(super) fn push(
    out: &mut Vec<u8>,
    topic: &str,
    event: &str,
    payload: &PayloadBuf,
) -> Result<FrameKind, Unencodable> {
    let PayloadBuf::Json(json) = payload else {
        return Err(Unencodable::BinaryToV1);
    };
    write(out, topic, event, json.as_str(), &Ref::NULL);
    Ok(FrameKind::Text)
}

pub(super) fn write(out: &mut Vec<u8>, topic: &str, event: &str, payload: &str, reference: &Ref) {
    out.extend_from_slice(br#"{"topic":"#);
    write_bytes(out, topic);
    out.extend_from_slice(br#","event":"#);
    write_bytes(out, event);
    out.extend_from_slice(br#","payload":"#);
    out.extend_from_slice(payload.as_bytes());
    out.extend_from_slice(br#","ref":"#);
    reference.write_json(out);
    out.push(b'}');
}
