//! Version 2, binary: a kind, one length byte for each header field, the fields, then the data.

use super::error::{Undecodable, Unencodable};
use super::frame_kind::FrameKind;
use super::message::{Message, Name};
use super::payload::Payload;
use super::reference::Ref;

const PUSH: u8 = 0;
pub(super) const REPLY: u8 = 1;
pub(super) const BROADCAST: u8 = 2;

/// Reads `00 | len(jr) | len(ref) | len(topic) | len(event) | jr | ref | topic | event | data`, the
/// only kind that clients may send.
///
/// An empty join_ref or ref is the empty *string*, not null, as in Phoenix. Phoenix does not check
/// header fields for UTF-8 and crashes when it has to echo them in JSON; here bytes that are not
/// UTF-8 become U+FFFD at once.
pub(super) fn decode(bytes: &[u8]) -> Result<Message<'_>, Undecodable> {
    let (&kind, rest) = bytes.split_first().ok_or(Undecodable::Truncated)?;
    if kind != PUSH {
        return Err(Undecodable::UnknownKind);
    }
    let (lengths, mut rest) = rest
        .split_first_chunk::<4>()
        .ok_or(Undecodable::Truncated)?;
    let mut fields = [&[][..]; 4];
    for (field, length) in fields.iter_mut().zip(lengths) {
        (*field, rest) = rest
            .split_at_checked(usize::from(*length))
            .ok_or(Undecodable::Truncated)?;
    }
    let [join_ref, reference, topic, event] = fields.map(String::from_utf8_lossy);
    Ok(Message {
        join_ref: Ref::from_text(&join_ref),
        reference: Ref::from_text(&reference),
        topic: Name::Text(topic),
        event: Name::Text(event),
        payload: Payload::Binary(rest),
    })
}

/// Returns join_ref, ref and topic of a push that is cut short behind them. `None` if it is cut
/// short before, or is no push.
pub(super) fn refs_and_topic(bytes: &[u8]) -> Option<[&[u8]; 3]> {
    let (lengths, mut rest) = bytes.strip_prefix(&[PUSH])?.split_first_chunk::<4>()?;
    let mut fields = [&[][..]; 3];
    for (field, length) in fields.iter_mut().zip(lengths) {
        (*field, rest) = rest.split_at_checked(usize::from(*length))?;
    }
    Some(fields)
}

/// Appends a push: `00 | len(jr) | len(topic) | len(event) | jr | topic | event | data`. Unlike a
/// client's push, it has no ref.
pub(super) fn push(
    out: &mut Vec<u8>,
    join_ref: &Ref,
    topic: &str,
    event: &str,
    data: &[u8],
) -> Result<FrameKind, Unencodable> {
    join_ref.with_bytes(|join_ref| {
        write(
            out,
            PUSH,
            [join_ref, topic.as_bytes(), event.as_bytes()],
            data,
        )
    })
}

/// Appends a binary message. A message that is refused leaves `out` untouched.
pub(super) fn write<const N: usize>(
    out: &mut Vec<u8>,
    kind: u8,
    fields: [&[u8]; N],
    data: &[u8],
) -> Result<FrameKind, Unencodable> {
    let mut lengths = [0; N];
    for (length, field) in lengths.iter_mut().zip(fields) {
        *length = u8::try_from(field.len()).map_err(|_| Unencodable::TooLong)?;
    }
    out.push(kind);
    out.extend_from_slice(&lengths);
    for field in fields {
        out.extend_from_slice(field);
    }
    out.extend_from_slice(data);
    Ok(FrameKind::Binary)
}
