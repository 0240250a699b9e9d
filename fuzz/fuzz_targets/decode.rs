//! Arbitrary bytes into all three decoders, with the results compared to serde_json.
//!
//! A difference proves nothing where the two differ on purpose: nesting over 128, and numbers out
//! of the range of a float (of which lobbyd accepts the integers).

#![no_main]

use libfuzzer_sys::fuzz_target;
use lobbyd::protocol::{
    DecodeScratch, FrameKind, Json, Message, Name, Payload, PayloadBuf, Ref, Undecodable, Version,
};
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    let mut scratch = DecodeScratch::new();
    let v1 = Version::V1.decode_binary(bytes, &mut scratch);
    match std::str::from_utf8(bytes) {
        Ok(text) => {
            assert_eq!(v1, Version::V1.decode_text(text, &mut scratch));
            let v2 = Version::V2.decode_text(text, &mut scratch);
            check_json(text, &v1, &v2);
            for message in [&v1, &v2].into_iter().flatten() {
                check_answers(message, &mut scratch);
            }
        }
        Err(_) => assert_eq!(v1, Err(Undecodable::NotJson)),
    }
    if let Ok(message) = Version::V2.decode_binary(bytes, &mut scratch) {
        check_binary(bytes, &message);
        check_answers(&message, &mut scratch);
    }
});

type Decoded<'a> = Result<Message<'a>, Undecodable>;

fn check_json(text: &str, v1: &Decoded<'_>, v2: &Decoded<'_>) {
    let whole = Json::new(text);
    assert_eq!(whole.is_err(), v1 == &Err(Undecodable::NotJson));
    assert_eq!(whole.is_err(), v2 == &Err(Undecodable::NotJson));
    match serde_json::from_str::<Value>(text) {
        Ok(value) => {
            assert!(whole.is_ok(), "refused what is valid");
            check_v1(&value, v1);
            check_v2(&value, v2);
        }
        Err(error) => {
            let error = error.to_string();
            let no_say = error.contains("out of range") || error.contains("recursion limit");
            assert!(no_say || whole.is_err(), "accepted what is not valid");
        }
    }
}

fn check_v1(value: &Value, decoded: &Decoded<'_>) {
    let complete = value.as_object().is_some_and(|object| {
        ["topic", "event", "payload", "ref"]
            .iter()
            .all(|key| object.contains_key(*key))
    });
    assert_eq!(decoded.is_ok(), complete);
    if let Ok(message) = decoded {
        let join_ref = value.get("join_ref").unwrap_or(&Value::Null);
        check_elements(
            [
                join_ref,
                &value["ref"],
                &value["topic"],
                &value["event"],
                &value["payload"],
            ],
            message,
        );
    }
}

fn check_v2(value: &Value, decoded: &Decoded<'_>) {
    let elements = value.as_array().map_or(&[][..], Vec::as_slice);
    assert_eq!(decoded.is_ok(), elements.len() >= 5);
    if let (Ok(message), [join_ref, reference, topic, event, payload, ..]) = (decoded, elements) {
        check_elements([join_ref, reference, topic, event, payload], message);
    }
}

fn check_elements(
    [join_ref, reference, topic, event, payload]: [&Value; 5],
    message: &Message<'_>,
) {
    assert_eq!(message.join_ref.is_null(), join_ref.is_null());
    assert_eq!(message.reference.is_null(), reference.is_null());
    for (name, value) in [(&message.topic, topic), (&message.event, event)] {
        assert_eq!(name.as_str(), value.as_str());
        if let Name::Other(text) = name {
            assert_eq!(&parse(text), value);
        }
    }
    let json = message.payload.as_json().expect("text messages carry JSON");
    assert_eq!(&parse(json.as_raw()), payload);
    assert_eq!(json.as_str().as_deref(), payload.as_str());
    for (key, member) in payload.as_object().into_iter().flatten() {
        assert_eq!(
            &parse(json.get(key).expect("the key is there").as_raw()),
            member
        );
    }
}

fn written(text: &[u8]) -> &str {
    std::str::from_utf8(text).expect("a text message is UTF-8")
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).expect("a part of valid JSON is valid")
}

/// Asserts that the answers to a message have the content that was to be sent, and that answers in
/// text can be decoded again.
fn check_answers(message: &Message<'_>, scratch: &mut DecodeScratch) {
    let Message {
        join_ref,
        reference,
        topic,
        payload,
        ..
    } = message;
    let response = payload.to_buf();
    let mut out = Vec::new();
    match Version::V2.encode_reply(&mut out, join_ref, reference, topic, "ok", &response) {
        Ok(FrameKind::Text) => {
            let reply = Version::V2
                .decode_text(written(&out), scratch)
                .expect("a reply is a message");
            assert_eq!(
                (&reply.join_ref, &reply.reference, &reply.topic),
                (join_ref, reference, topic)
            );
            assert_eq!(reply.payload.get("response"), payload.as_json());
        }
        Ok(FrameKind::Binary) => assert_eq!(out.first(), Some(&1)),
        Err(_) => assert!(response.is_binary() && out.is_empty()),
    }
    if let (Some(topic), Some(event)) = (message.topic.as_str(), message.event.as_str()) {
        check_push(join_ref, topic, event, &response, scratch);
    }
}

fn check_push(
    join_ref: &Ref,
    topic: &str,
    event: &str,
    payload: &PayloadBuf,
    scratch: &mut DecodeScratch,
) {
    for version in [Version::V1, Version::V2] {
        let mut out = Vec::new();
        match version.encode_push(&mut out, join_ref, topic, event, payload) {
            Ok(FrameKind::Text) => {
                let push = version
                    .decode_text(written(&out), scratch)
                    .expect("a push is a message");
                assert_eq!(
                    (push.topic.as_str(), push.event.as_str()),
                    (Some(topic), Some(event))
                );
                assert_eq!(push.payload, payload.as_payload());
            }
            Ok(FrameKind::Binary) => assert_eq!(out.first(), Some(&0)),
            Err(_) => assert!(out.is_empty()),
        }
    }
}

fn check_binary(bytes: &[u8], message: &Message<'_>) {
    let Payload::Binary(data) = message.payload else {
        panic!("binary messages carry bytes");
    };
    assert!(bytes.ends_with(data));
    let header: usize = bytes[1..5].iter().map(|length| usize::from(*length)).sum();
    assert_eq!(5 + header + data.len(), bytes.len());
}
