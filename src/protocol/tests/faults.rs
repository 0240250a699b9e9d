//! Tests of what can be read of a message that is none (protocol.md §2.5).

use super::reference;
use crate::protocol::fault::{Fault, has_half_a_pair};
use crate::protocol::message::Name;
use crate::protocol::scratch::DecodeScratch;
use crate::protocol::version::Version;

fn fault(version: Version, text: &str) -> Option<Fault<'_>> {
    let mut scratch = DecodeScratch::new();
    assert!(version.decode_text(text, &mut scratch).is_err(), "{text}");
    version.fault_in_text(text, &mut scratch)
}

fn expected(topic: Name<'_>) -> Option<Fault<'_>> {
    Some(Fault {
        join_ref: reference("\"1\""),
        reference: reference("2"),
        topic,
    })
}

#[test]
fn refs_and_topic_are_read_whatever_is_wrong_behind_them() {
    let behind = [
        r#","e",{"name":"aaa\ud83d"}]"#,
        r#","e",{"n":1e400}]"#,
        r#","e",nonsense]"#,
        r#","e"]"#,
        r#","\ud83d",{}]"#,
        "",
    ];
    for behind in behind {
        let text = format!(r#" ["1" , 2,"room:a"{behind}"#);
        assert_eq!(
            fault(Version::V2, &text),
            expected("room:a".into()),
            "{text}"
        );
    }
}

#[test]
fn refs_and_topic_of_an_object_are_read_on_either_side_of_what_is_wrong() {
    let payloads = [
        r#"{"name":"aaa\ud83d"}"#,
        r#"{"a":[1e400,"]}",{"b":"\udc00\"}"}]}"#,
        "nonsense",
    ];
    for payload in payloads {
        let text = format!(
            r#"{{"join_ref":"1","topic":"room:a","event":"e","payload":{payload} , "ref":2}}"#
        );
        assert_eq!(
            fault(Version::V1, &text),
            expected("room:a".into()),
            "{text}"
        );
        let text = format!(
            r#"{{"join_ref":"1","\u0072ef":2,"topic":"room:a","event":"e","payload":{payload}"#
        );
        assert_eq!(
            fault(Version::V1, &text),
            expected("room:a".into()),
            "{text}"
        );
    }
}

#[test]
fn topic_with_half_of_a_pair_is_kept_as_it_came() {
    let text = r#"["1",2,"room:\ud83d","phx_join",{}]"#;
    let topic = Name::Other(r#""room:\ud83d""#);
    assert_eq!(fault(Version::V2, text), expected(topic));
}

#[test]
fn message_without_readable_refs_or_topic_has_none() {
    let texts = [
        "",
        "[",
        "{}",
        "nonsense",
        r#"["1","#,
        r#"["1",2]"#,
        r#"["1",2,3,"e",{}"#,
        r#"["1",2,"room:a"#,
        r#"["1",2,"room:\x","e",{}]"#,
        r#"["\ud83d",2,"room:a","e",{}]"#,
        r#"["1" 2,"room:a","e",{}]"#,
    ];
    for text in texts {
        assert_eq!(fault(Version::V2, text), None, "{text}");
    }
    let texts = [
        "",
        "{",
        "{}",
        "[]",
        r#"{"topic":"t"}"#,
        r#"{"topic":"t","event":"e","payload":"a"#,
        r#"{"topic":"t","event":"e","payload":"	","ref":"1"}"#,
        r#"{"topic" "t","event":"e","payload":{},"ref":"1"}"#,
    ];
    for text in texts {
        assert_eq!(fault(Version::V1, text), None, "{text}");
    }
}

#[test]
fn push_in_bytes_that_is_cut_behind_its_topic_has_its_refs() {
    let whole = b"\x00\x01\x01\x06\x0412room:aecho";
    let read = |len: usize| Version::V2.fault_in_binary(&whole[..len], &mut DecodeScratch::new());
    for len in 0..whole.len() {
        assert_eq!(read(len).is_some(), len >= 13, "{len}");
    }
    let fault = read(13).expect("its topic is whole");
    assert_eq!(fault.reference, reference("\"2\""));
    assert_eq!(fault.topic, "room:a".into());
    let reply = b"\x01\x01\x01\x06\x0212room:aok";
    let fault = Version::V2.fault_in_binary(reply, &mut DecodeScratch::new());
    assert_eq!(fault, None);
}

#[test]
fn half_of_a_surrogate_pair_is_told_from_a_whole_one() {
    let halves = [
        r"\ud83d",
        r"a\ud83db",
        r"\udc00",
        r"\ud83d\ud83d\ude00",
        r"\udc00\ud83d",
        r"\\\ud83d",
    ];
    for text in halves {
        assert!(has_half_a_pair(text), "{text}");
    }
    for text in [
        "",
        "u",
        r"\u00e9",
        r"\ud83d\ude00",
        r"\\ud83d",
        r"\ud83",
        "\u{1f600}",
    ] {
        assert!(!has_half_a_pair(text), "{text}");
    }
}
