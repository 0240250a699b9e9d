//! Tests of the messages that clients may send, and of messages that they may not send.
//!
//! They cover docs/protocol.md §1.3 and §2.2 – 2.5, and Phoenix's behaviours 82, 88 and 89
//! (numbered in `tests/wire/phoenix/mod.rs`).

use std::borrow::Cow;

use super::{binary, reference, text};
use crate::protocol::error::Undecodable;
use crate::protocol::message::{Message, Name};
use crate::protocol::payload::Payload;
use crate::protocol::reference::Ref;
use crate::protocol::scratch::DecodeScratch;
use crate::protocol::version::Version;

/// Asserts the parts of `message`: join_ref and ref as JSON, topic, event, and the payload's JSON.
#[track_caller]
fn assert_says(message: &Message<'_>, [join_ref, reference_, topic, event, payload]: [&str; 5]) {
    assert_eq!(message.join_ref, reference(join_ref));
    assert_eq!(message.reference, reference(reference_));
    assert_eq!(message.topic.as_str(), Some(topic));
    assert_eq!(message.event.as_str(), Some(event));
    assert_eq!(
        message.payload.as_json().map(|json| json.as_raw()),
        Some(payload)
    );
}

#[test]
fn vsn_picks_the_version_as_elixir_would() {
    use Version::{V1, V2};
    let table = [
        (None, Some(V1)),
        (Some("1.0.0"), Some(V1)),
        (Some("1.0.9"), Some(V1)),
        (Some("1.0.1-rc.1"), Some(V1)),
        (Some("2.0.0"), Some(V2)),
        (Some("2.0.5"), Some(V2)),
        (Some("2.0.0+b"), Some(V2)),
        (Some("2.0.1-rc.1"), Some(V2)),
        (Some("1.0.0-rc.1"), None),
        (Some("2.0.0-rc.1"), None),
        (Some("1.1.0"), None),
        (Some("2.1.0"), None),
        (Some("2.1.0-rc.1"), None),
        (Some("3.0.0"), None),
        (Some("0.9.9"), None),
        (Some(""), None),
        (Some("2"), None),
        (Some("2.0"), None),
        (Some("02.0.0"), None),
        (Some(" 2.0.0"), None),
        (Some("v2.0.0"), None),
        (Some("undefined"), None),
    ];
    for (vsn, version) in table {
        assert_eq!(Version::negotiate(vsn), version, "{vsn:?}");
    }
}

#[test]
fn v2_text_is_an_array_of_five() {
    let heartbeat = text(Version::V2, r#"[null,"1","phoenix","heartbeat",{}]"#).expect("valid");
    assert_says(&heartbeat, ["null", r#""1""#, "phoenix", "heartbeat", "{}"]);
    let push = text(Version::V2, r#"["0","1","t","e",{"foo":1}]"#).expect("valid");
    assert_says(&push, [r#""0""#, r#""1""#, "t", "e", r#"{"foo":1}"#]);
}

#[test]
fn space_around_anything_is_skipped_and_payloads_stay_verbatim() {
    let frame = " \t\r\n[ null , 1 ,\"t\" , \"e\"\n, { \"a\" : [ 1 , 2 ] } ] \n";
    let message = text(Version::V2, frame).expect("valid");
    assert_says(&message, ["null", "1", "t", "e", "{ \"a\" : [ 1 , 2 ] }"]);
}

#[test]
fn elements_after_the_fifth_are_ignored_but_must_be_json() {
    let message = text(Version::V2, r#"["1","2","t","e",[],"more",{"x":[]}]"#).expect("valid");
    assert_says(&message, [r#""1""#, r#""2""#, "t", "e", "[]"]);
    let bad = text(Version::V2, r#"["1","2","t","e",[],01]"#);
    assert_eq!(bad, Err(Undecodable::NotJson));
}

#[test]
fn v2_text_that_is_no_array_of_five_is_refused() {
    let shapes = [
        "[]",
        r#"["1","1","t","e"]"#,
        "{}",
        "null",
        "1",
        r#""s""#,
        " [ ] ",
    ];
    for shape in shapes {
        assert_eq!(text(Version::V2, shape), Err(Undecodable::Shape), "{shape}");
    }
}

#[test]
fn v1_is_an_object_with_or_without_join_ref() {
    let frame = r#"{"topic":"t","event":"e","payload":"p","ref":"1"}"#;
    assert_says(
        &text(Version::V1, frame).expect("valid"),
        ["null", r#""1""#, "t", "e", r#""p""#],
    );
    let frame =
        r#" { "ref" : null , "x":[{}], "payload":{},"event":"e","topic":"t","join_ref":7 } "#;
    assert_says(
        &text(Version::V1, frame).expect("valid"),
        ["7", "null", "t", "e", "{}"],
    );
}

#[test]
fn v1_ignores_the_opcode() {
    let frame = br#"{"topic":"t","event":"e","payload":null,"ref":"1"}"#;
    let message = Version::V1
        .decode_binary(frame, &mut DecodeScratch::new())
        .expect("valid");
    assert_says(&message, ["null", r#""1""#, "t", "e", "null"]);
    let mut broken = frame.to_vec();
    broken[10] = 0xff;
    let result = Version::V1.decode_binary(&broken, &mut DecodeScratch::new());
    assert_eq!(result, Err(Undecodable::NotJson));
}

#[test]
fn v1_takes_the_last_of_duplicate_keys_also_when_escaped() {
    let frame = r#"{"topic":"a","event":"e","payload":{},"ref":"1","\u0074opic":"b","ref":"2"}"#;
    assert_says(
        &text(Version::V1, frame).expect("valid"),
        ["null", r#""2""#, "b", "e", "{}"],
    );
}

#[test]
fn v1_without_one_of_its_keys_is_refused() {
    let keys = [
        r#""topic":"t""#,
        r#""event":"e""#,
        r#""payload":{}"#,
        r#""ref":"1""#,
    ];
    for missing in keys {
        let rest: Vec<&str> = keys.into_iter().filter(|key| *key != missing).collect();
        let frame = format!("{{{}}}", rest.join(","));
        assert_eq!(
            text(Version::V1, &frame),
            Err(Undecodable::MissingKey),
            "{frame}"
        );
    }
    assert_eq!(text(Version::V1, "{}"), Err(Undecodable::MissingKey));
    assert_eq!(
        text(Version::V1, r#"["1","1","t","e",{}]"#),
        Err(Undecodable::Shape)
    );
    assert_eq!(text(Version::V1, "{},"), Err(Undecodable::NotJson));
}

#[test]
fn names_that_are_no_strings_are_kept_as_they_came() {
    let message = text(Version::V2, r#"[null,"1",{"a":1},null,{}]"#).expect("valid");
    assert_eq!(message.topic, Name::Other(r#"{"a":1}"#));
    assert_eq!(message.event, Name::Other("null"));
    assert_eq!(message.topic.as_str(), None);
}

#[test]
fn names_with_escapes_are_decoded_and_others_borrowed() {
    let message = text(
        Version::V2,
        r#"[null,"1","a\/\u00e9\ud83d\udcac\n","é",{}]"#,
    )
    .expect("valid");
    assert_eq!(message.topic.as_str(), Some("a/é💬\n"));
    assert!(matches!(message.event, Name::Text(Cow::Borrowed("é"))));
}

#[test]
fn binary_push_is_read_as_observed() {
    let message = binary(b"\x00\x01\x01\x06\x0312room:abin\xde\xad").expect("valid");
    assert_eq!(
        (&message.join_ref, &message.reference),
        (&Ref::from_text("1"), &Ref::from_text("2"))
    );
    assert_eq!(
        (message.topic.as_str(), message.event.as_str()),
        (Some("room:a"), Some("bin"))
    );
    assert_eq!(message.payload, Payload::Binary(b"\xde\xad"));
    let accented = binary(b"\x00\x01\x01\x07\x0312room:\xc3\xa9bin\x00").expect("valid");
    assert_eq!(accented.topic.as_str(), Some("room:é"));
    assert_eq!(accented.payload.as_binary(), Some(&b"\x00"[..]));
}

#[test]
fn empty_ref_in_a_binary_header_is_the_empty_string_not_null() {
    let message = binary(b"\x00\x00\x00\x00\x00").expect("valid");
    assert_eq!(message.join_ref, reference(r#""""#));
    assert!(!message.reference.is_null());
    assert_eq!(message.topic.as_str(), Some(""));
    assert_eq!(message.payload, Payload::Binary(b""));
}

#[test]
fn binary_refs_equal_the_text_refs_of_the_same_string() {
    let message = binary(b"\x00\x01\x02\x00\x00112").expect("valid");
    assert_eq!(
        (message.join_ref, message.reference),
        (reference(r#""1""#), reference(r#""12""#))
    );
}

#[test]
fn binary_header_bytes_that_are_no_utf8_survive_as_replacement_characters() {
    let message = binary(b"\x00\x01\x01\x03\x01\xff1a\xe9be").expect("valid");
    assert_eq!(message.join_ref, Ref::from_text("\u{fffd}"));
    assert_eq!(message.topic.as_str(), Some("a\u{fffd}b"));
}

#[test]
fn binary_frames_of_other_kinds_or_cut_short_are_refused() {
    for kind in 1..=255 {
        assert_eq!(binary(&[kind, 0, 0, 0, 0]), Err(Undecodable::UnknownKind));
    }
    let frame = b"\x00\x01\x01\x06\x0312room:abin";
    for length in 0..frame.len() {
        assert_eq!(
            binary(&frame[..length]),
            Err(Undecodable::Truncated),
            "{length}"
        );
    }
    assert!(binary(frame).is_ok());
}
