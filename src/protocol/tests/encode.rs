//! Tests with the golden bytes of every frame that a server sends.
//!
//! They cover docs/protocol.md §2.2 – 2.4, and Phoenix's behaviours 81, 83 – 87 (numbered in
//! `tests/wire/phoenix/mod.rs`).

use bytes::Bytes;

use super::reference;
use crate::object;
use crate::protocol::error::Unencodable;
use crate::protocol::frame_kind::FrameKind;
use crate::protocol::message::Name;
use crate::protocol::payload::{IntoPayload, PayloadBuf, reason};
use crate::protocol::reference::Ref;
use crate::protocol::version::Version;

type Encoded = Result<FrameKind, Unencodable>;

fn written(encode: impl FnOnce(&mut Vec<u8>) -> Encoded) -> String {
    let mut out = Vec::new();
    assert_eq!(encode(&mut out), Ok(FrameKind::Text));
    String::from_utf8(out).expect("text frames are UTF-8")
}

fn written_binary(encode: impl FnOnce(&mut Vec<u8>) -> Encoded) -> Vec<u8> {
    let mut out = Vec::new();
    assert_eq!(encode(&mut out), Ok(FrameKind::Binary));
    out
}

#[track_caller]
fn refused(why: Unencodable, encode: impl FnOnce(&mut Vec<u8>) -> Encoded) {
    let mut out = b"before".to_vec();
    assert_eq!(encode(&mut out), Err(why));
    assert_eq!(out, b"before", "a refusal leaves the output alone");
}

fn bytes(data: &'static [u8]) -> PayloadBuf {
    PayloadBuf::Binary(Bytes::from_static(data))
}

fn one() -> Ref {
    Ref::from_text("1")
}

fn ok_reply(version: Version, join_ref: &Ref, reference: &Ref, topic: &str) -> String {
    let topic = Name::from(topic);
    written(|out| version.encode_reply(out, join_ref, reference, &topic, "ok", &PayloadBuf::EMPTY))
}

#[test]
fn heartbeat_answer_is_62_bytes_as_observed() {
    let answer = ok_reply(Version::V2, &Ref::NULL, &one(), "phoenix");
    assert_eq!(
        answer,
        r#"[null,"1","phoenix","phx_reply",{"response":{},"status":"ok"}]"#
    );
    assert_eq!(answer.len(), 62);
}

#[test]
fn v2_reply_carries_both_refs_as_they_came() {
    let two = Ref::from_text("2");
    assert_eq!(
        ok_reply(Version::V2, &one(), &two, "room:a"),
        r#"["1","2","room:a","phx_reply",{"response":{},"status":"ok"}]"#
    );
    assert_eq!(
        ok_reply(Version::V2, &reference("7"), &reference("[1.50,{}]"), "t"),
        r#"[7,[1.50,{}],"t","phx_reply",{"response":{},"status":"ok"}]"#
    );
}

#[test]
fn reply_may_hold_any_json_value() {
    let reply = |response: PayloadBuf| {
        written(|out| {
            Version::V2.encode_reply(out, &one(), &one(), &"t".into(), "error", &response)
        })
    };
    assert_eq!(
        reply(reason("unmatched topic")),
        r#"["1","1","t","phx_reply",{"response":{"reason":"unmatched topic"},"status":"error"}]"#
    );
    assert_eq!(
        reply(serde_json::json!([1, "two"]).into_payload()),
        r#"["1","1","t","phx_reply",{"response":[1,"two"],"status":"error"}]"#
    );
}

#[test]
fn topic_that_is_no_string_is_echoed_as_it_came() {
    let topic = Name::Other(r#"{"a" : 1.0}"#);
    let reply = written(|out| {
        Version::V2.encode_reply(out, &Ref::NULL, &one(), &topic, "ok", &PayloadBuf::EMPTY)
    });
    assert_eq!(
        reply,
        r#"[null,"1",{"a" : 1.0},"phx_reply",{"response":{},"status":"ok"}]"#
    );
}

#[test]
fn v2_push_has_a_null_ref_and_a_broadcast_two() {
    let payload = object! { "foo": 1 }.into_payload();
    let push = written(|out| Version::V2.encode_push(out, &one(), "room:a", "e", &payload));
    assert_eq!(push, r#"["1",null,"room:a","e",{"foo":1}]"#);
    let broadcast = written(|out| Version::V2.encode_broadcast(out, "room:a", "e", &payload));
    assert_eq!(broadcast, r#"[null,null,"room:a","e",{"foo":1}]"#);
}

#[test]
fn close_and_error_repeat_the_join_ref() {
    let end = |version: Version, join_ref: &Ref| {
        let (mut close, mut error) = (Vec::new(), Vec::new());
        assert_eq!(
            version.encode_close(&mut close, join_ref, "t"),
            FrameKind::Text
        );
        assert_eq!(
            version.encode_error(&mut error, join_ref, "t"),
            FrameKind::Text
        );
        [close, error].map(|out| String::from_utf8(out).expect("text frames are UTF-8"))
    };
    assert_eq!(
        end(Version::V2, &one()),
        [
            r#"["1","1","t","phx_close",{}]"#,
            r#"["1","1","t","phx_error",{"reason":"channel_crash"}]"#
        ]
    );
    assert_eq!(
        end(Version::V2, &Ref::NULL)[0],
        r#"[null,null,"t","phx_close",{}]"#
    );
    assert_eq!(
        end(Version::V1, &one()),
        [
            r#"{"topic":"t","event":"phx_close","payload":{},"ref":"1"}"#,
            r#"{"topic":"t","event":"phx_error","payload":{"reason":"channel_crash"},"ref":"1"}"#
        ]
    );
}

#[test]
fn v1_message_never_has_a_join_ref() {
    assert_eq!(
        ok_reply(Version::V1, &one(), &Ref::from_text("2"), "t"),
        r#"{"topic":"t","event":"phx_reply","payload":{"response":{},"status":"ok"},"ref":"2"}"#
    );
    let payload = object! { "foo": 1 }.into_payload();
    let frame = r#"{"topic":"t","event":"e","payload":{"foo":1},"ref":null}"#;
    assert_eq!(
        written(|out| Version::V1.encode_push(out, &one(), "t", "e", &payload)),
        frame
    );
    assert_eq!(
        written(|out| Version::V1.encode_broadcast(out, "t", "e", &payload)),
        frame
    );
}

#[test]
fn payload_that_is_no_object_has_a_v1_form_but_no_v2_form() {
    let list = serde_json::json!([1]).into_payload();
    assert_eq!(
        written(|out| Version::V1.encode_broadcast(out, "t", "e", &list)),
        r#"{"topic":"t","event":"e","payload":[1],"ref":null}"#
    );
    refused(Unencodable::NotAnObject, |out| {
        Version::V2.encode_push(out, &one(), "t", "e", &list)
    });
    refused(Unencodable::NotAnObject, |out| {
        Version::V2.encode_broadcast(out, "t", "e", &list)
    });
}

#[test]
fn names_are_escaped_and_other_characters_stay_raw() {
    let event = "\"\\\n\r\t\u{8}\u{c}\u{0}\u{1f}\u{7f}/é💬";
    assert_eq!(
        written(|out| Version::V2.encode_broadcast(out, "é", event, &PayloadBuf::EMPTY)),
        "[null,null,\"é\",\"\\\"\\\\\\n\\r\\t\\b\\f\\u0000\\u001f\u{7f}/é💬\",{}]"
    );
}

#[test]
fn binary_frames_match_the_observed_bytes() {
    let reply = written_binary(|out| {
        let (two, topic) = (Ref::from_text("2"), Name::from("room:a"));
        Version::V2.encode_reply(out, &one(), &two, &topic, "ok", &bytes(b"\xde\xad"))
    });
    assert_eq!(reply, b"\x01\x01\x01\x06\x0212room:aok\xde\xad");
    let push = written_binary(|out| {
        Version::V2.encode_push(out, &one(), "room:a", "pb", &bytes(b"\x05\x06"))
    });
    assert_eq!(push, b"\x00\x01\x06\x021room:apb\x05\x06");
    let broadcast = written_binary(|out| {
        Version::V2.encode_broadcast(out, "room:m", "bc", &bytes(b"\x01\x02"))
    });
    assert_eq!(broadcast, b"\x02\x06\x02room:mbc\x01\x02");
}

#[test]
fn binary_header_ref_is_nothing_for_null_digits_or_a_strings_content() {
    let header = |join_ref: &Ref| {
        written_binary(|out| Version::V2.encode_push(out, join_ref, "t", "e", &bytes(b"")))
    };
    assert_eq!(header(&Ref::NULL), b"\x00\x00\x01\x01te");
    assert_eq!(
        header(&reference("4294967295")),
        b"\x00\x0a\x01\x014294967295te"
    );
    assert_eq!(header(&reference("1.0")), b"\x00\x03\x01\x011.0te");
    assert_eq!(
        header(&reference(r#""a\"\u00e9""#)),
        b"\x00\x04\x01\x01a\"\xc3\xa9te"
    );
}

#[test]
fn binary_header_field_holds_255_bytes_and_not_one_more() {
    let most = "é".repeat(127) + "a";
    let over = "é".repeat(128);
    let frame = written_binary(|out| Version::V2.encode_broadcast(out, &most, "e", &bytes(b"d")));
    assert_eq!(frame.get(..3), Some(&[2, 255, 1][..]));
    let data = bytes(b"d");
    let long_ref = Ref::from_text(&over);
    refused(Unencodable::TooLong, |out| {
        Version::V2.encode_broadcast(out, &over, "e", &data)
    });
    refused(Unencodable::TooLong, |out| {
        Version::V2.encode_broadcast(out, "t", &over, &data)
    });
    refused(Unencodable::TooLong, |out| {
        Version::V2.encode_push(out, &long_ref, "t", "e", &data)
    });
    refused(Unencodable::TooLong, |out| {
        Version::V2.encode_reply(out, &one(), &long_ref, &"t".into(), "ok", &data)
    });
}

#[test]
fn v1_has_no_binary_form() {
    let data = bytes(b"d");
    refused(Unencodable::BinaryToV1, |out| {
        Version::V1.encode_push(out, &one(), "t", "e", &data)
    });
    refused(Unencodable::BinaryToV1, |out| {
        Version::V1.encode_broadcast(out, "t", "e", &data)
    });
    refused(Unencodable::BinaryToV1, |out| {
        Version::V1.encode_reply(out, &one(), &one(), &"t".into(), "ok", &data)
    });
}

#[test]
fn encoder_appends_to_what_is_there() {
    let mut out = b"before".to_vec();
    Version::V2.encode_close(&mut out, &Ref::NULL, "t");
    assert!(out.starts_with(b"before["));
}
