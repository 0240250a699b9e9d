//! Version 2, text: every message is a JSON array, `[join_ref, ref, topic, event, payload]`.

use super::error::{Undecodable, Unencodable};
use super::escape::write_bytes;
use super::frame_kind::FrameKind;
use super::json::Json;
use super::json_buf::JsonBuf;
use super::message::{Message, Name};
use super::payload::Payload;
use super::reference::Ref;
use super::scan::Scanner;
use super::scratch::DecodeScratch;

/// Reads an array of five or more elements. Elements after the fifth are checked and ignored.
pub(super) fn decode<'a>(
    text: &'a str,
    scratch: &mut DecodeScratch,
) -> Result<Message<'a>, Undecodable> {
    let mut scanner = Scanner::new(text);
    scanner.space();
    if !scanner.eat(b'[') {
        Json::new(text)?;
        return Err(Undecodable::Shape);
    }
    let mut elements = [""; 5];
    let count = elements_of(&mut scanner, scratch, &mut elements).ok_or(Undecodable::NotJson)?;
    if count < 5 {
        return Err(Undecodable::Shape);
    }
    let [join_ref, reference, topic, event, payload] = elements;
    Ok(Message {
        join_ref: Ref::from_json(Json::trusted(join_ref)),
        reference: Ref::from_json(Json::trusted(reference)),
        topic: Name::from_json(topic),
        event: Name::from_json(event),
        payload: Payload::Json(Json::trusted(payload)),
    })
}

/// Scans the elements behind the opening bracket, and checks that nothing follows the closing
/// bracket. Returns the number of elements.
fn elements_of<'a>(
    scanner: &mut Scanner<'a>,
    scratch: &mut DecodeScratch,
    elements: &mut [&'a str; 5],
) -> Option<usize> {
    scanner.space();
    if scanner.eat(b']') {
        return scanner.at_end().then_some(0);
    }
    let mut count = 0;
    loop {
        let value = scanner.value(&mut scratch.nesting)?;
        if let Some(element) = elements.get_mut(count) {
            *element = value;
        }
        count += 1;
        scanner.space();
        if scanner.eat(b',') {
            continue;
        }
        return (scanner.eat(b']') && scanner.at_end()).then_some(count);
    }
}

/// Appends a push. The payload must be an object.
pub(super) fn push(
    out: &mut Vec<u8>,
    join_ref: &Ref,
    topic: &str,
    event: &str,
    payload: &JsonBuf,
) -> Result<FrameKind, Unencodable> {
    if !payload.as_json().is_object() {
        return Err(Unencodable::NotAnObject);
    }
    write(out, join_ref, &Ref::NULL, topic, event, payload.as_str());
    Ok(FrameKind::Text)
}

pub(super) fn write(
    out: &mut Vec<u8>,
    join_ref: &Ref,
    reference: &Ref,
    topic: &str,
    event: &str,
    payload: &str,
) {
    out.push(b'[');
    join_ref.write_json(out);
    out.push(b',');
    reference.write_json(out);
    out.push(b',');
    write_bytes(out, topic);
    out.push(b',');
    write_bytes(out, event);
    out.push(b',');
    out.extend_from_slice(payload.as_bytes());
    out.push(b']');
}
