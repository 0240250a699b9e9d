//! Sealing a broadcast: the encodings that a topic's subscribers need, each made once.

use fastwebsockets::OpCode;

use crate::broker::{CLASSES, Class, Draft, Original, Wants};
use crate::protocol::{FrameKind, Payload, PayloadBuf, Version};
use crate::websocket::seal;

/// The class of subscribers that speak `version`.
pub(crate) fn class_of(version: Version) -> Class {
    match version {
        Version::V1 => Class::V1,
        Version::V2 => Class::V2,
    }
}

const VERSIONS: [(Class, Version); CLASSES] = [(Class::V1, Version::V1), (Class::V2, Version::V2)];

/// Puts into `draft` what `wants` asks for. A payload that has no form in a class (bytes in version 1, or a list as
/// payload in version 2) has none there; subscribers of that class then miss nothing that could be said to them.
pub(crate) fn encode_broadcast(
    draft: &mut Draft,
    wants: Wants,
    topic: &str,
    event: &str,
    payload: &PayloadBuf,
) {
    let mut out = Vec::with_capacity(64 + topic.len() + event.len() + payload_bytes(payload).len());
    for (class, version) in VERSIONS {
        if !wants.classes[class as usize] {
            continue;
        }
        out.clear();
        let frame = match version.encode_broadcast(&mut out, topic, event, payload) {
            Ok(FrameKind::Text) => Some(seal(OpCode::Text, &out)),
            Ok(FrameKind::Binary) => Some(seal(OpCode::Binary, &out)),
            Err(unencodable) => {
                tracing::warn!(topic, event, ?version, %unencodable, "a broadcast skips the subscribers of one version");
                None
            }
        };
        draft.seal(class, frame);
    }
    if wants.original {
        draft.keep_original(original(event, payload));
    }
}

fn original(event: &str, payload: &PayloadBuf) -> Original {
    Original {
        event: event.into(),
        payload: payload_bytes(payload).to_vec().into(),
        binary: matches!(payload, PayloadBuf::Binary(_)),
    }
}

fn payload_bytes(payload: &PayloadBuf) -> &[u8] {
    match payload.as_payload() {
        Payload::Json(json) => json.as_raw().as_bytes(),
        Payload::Binary(bytes) => bytes,
    }
}
