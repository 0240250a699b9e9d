//! Tests of refs, JSON views and the payloads that apps build.

use std::borrow::Cow;
use std::collections::HashMap;

use bytes::Bytes;

use super::reference;
use crate::object;
use crate::protocol::json::Json;
use crate::protocol::json_buf::JsonBuf;
use crate::protocol::object::Object;
use crate::protocol::payload::Payload;
use crate::protocol::payload::{IntoPayload, PayloadBuf, reason};
use crate::protocol::reference::Ref;

fn json(text: &str) -> Json<'_> {
    Json::new(text).expect("a test's own JSON")
}

#[track_caller]
fn assert_sends(payload: impl IntoPayload, text: &str) {
    let payload = payload.into_payload();
    assert_eq!(payload.as_payload(), Payload::Json(json(text)));
}

#[test]
fn ref_is_sixteen_bytes_and_usually_no_heap() {
    assert_eq!(size_of::<Ref>(), 16);
    for text in ["null", r#""0""#, r#""4294967295""#, "0", "17"] {
        assert_eq!(reference(text).heap_bytes(), 0, "{text}");
    }
    assert!(reference(r#""4294967296""#).heap_bytes() > 0);
}

#[test]
fn refs_are_equal_only_as_the_same_json_value() {
    let different = [
        "null",
        r#""""#,
        r#""null""#,
        r#""0""#,
        "0",
        r#""1""#,
        "1",
        "1.0",
        r#""01""#,
        r#""+1""#,
        r#""1.0""#,
        "-1",
        "true",
        "false",
        r#""4294967296""#,
        "4294967296",
        "4294967297",
        "99999999999999999999999",
        "99999999999999999999998",
        "[]",
        "{}",
        "[1]",
        "[1.0]",
        r#"["1"]"#,
        r#"{"a":1}"#,
        "1.5",
    ];
    for (at, a) in different.iter().enumerate() {
        for (other, b) in different.iter().enumerate() {
            assert_eq!(reference(a) == reference(b), at == other, "{a} and {b}");
        }
    }
}

#[test]
fn refs_written_differently_may_be_the_same_value() {
    let same = [
        (r#""1""#, r#""\u0031""#),
        (r#""a/é""#, r#""a\/\u00e9""#),
        ("0", "-0"),
        ("1.0", "1.00"),
        ("100.0", "1E2"),
        ("[1, 2]", "[1,2]"),
        (r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#),
        (r#"["a"]"#, r#"["\u0061"]"#),
    ];
    for (a, b) in same {
        assert_eq!(reference(a), reference(b));
    }
}

#[test]
fn long_refs_are_compared_by_their_texts() {
    // Two spellings of one array of one text, each of so many bytes.
    let spellings = |bytes: usize| {
        let text = format!("{:?}", "x".repeat(bytes - 5));
        [format!("[ {text}]"), format!("[{text} ]")].map(|json| reference(&json))
    };
    let [one, other] = spellings(128);
    assert_eq!(one, other);
    let [one, other] = spellings(129);
    assert_ne!(one, other);
    assert_eq!(one, one.clone());
    let [one, other] = [127, 128].map(|zeros| reference(&format!("1.{}", "0".repeat(zeros))));
    assert_ne!(one, other);
}

#[test]
fn get_finds_a_key_at_the_top_level_only() {
    let object = json("{ \"a\" : {\"b\":1} , \"c\":[ 1 ,{\"d\":2}],\"e\":null}");
    assert_eq!(
        object.get("a").map(|value| value.as_raw()),
        Some("{\"b\":1}")
    );
    assert_eq!(
        object.get("c").map(|value| value.as_raw()),
        Some("[ 1 ,{\"d\":2}]")
    );
    assert!(object.get("e").is_some_and(|value| value.is_null()));
    assert_eq!(object.get("b"), None);
    assert_eq!(object.get(""), None);
    for other in ["{}", "[]", "[\"a\",1]", "\"a\"", "1", "null"] {
        assert_eq!(json(other).get("a"), None);
    }
}

#[test]
fn get_takes_the_last_of_duplicates_also_when_escaped() {
    let object = json(r#"{"a":1,"\u0061":2,"b":3}"#);
    assert_eq!(object.get("a").map(|value| value.as_raw()), Some("2"));
    let odd = json(r#"{"__proto__":1,"\"":2,"":3}"#);
    assert_eq!(odd.get("__proto__").map(|value| value.as_raw()), Some("1"));
    assert_eq!(odd.get("\"").map(|value| value.as_raw()), Some("2"));
    assert_eq!(odd.get("").map(|value| value.as_raw()), Some("3"));
}

#[test]
fn as_str_is_for_strings_alone_and_decodes_them() {
    assert!(matches!(
        json(r#""plain é""#).as_str(),
        Some(Cow::Borrowed("plain é"))
    ));
    let escaped = json(r#""\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\udcac\\u0041""#);
    assert_eq!(
        escaped.as_str().as_deref(),
        Some("\"\\/\u{8}\u{c}\n\r\tAé💬\\u0041")
    );
    assert_eq!(json(r#""""#).as_str().as_deref(), Some(""));
    assert_eq!(json("1").as_str(), None);
    assert_eq!(json(r#"["a"]"#).as_str(), None);
}

#[test]
fn parse_gives_a_type_of_the_apps() {
    let counts: HashMap<String, u8> = json(r#"{"a":1,"b":2}"#).parse().expect("it fits");
    assert_eq!(counts.get("b"), Some(&2));
    assert!(json("300").parse::<u8>().is_err());
}

#[test]
fn object_takes_client_json_verbatim_and_escapes_the_rest() {
    let body = json(r#"[1.50, "\u0061"]"#);
    let built = object! {
        "body": body,
        "str": "a\"b",
        "string": String::from("é\n"),
        "cow": Cow::Borrowed("c"),
        "n": 1,
        "big": u64::MAX,
        "float": 1.5,
        "nan": f64::NAN,
        "yes": true,
        "none": None::<&str>,
        "some": Some(body),
        "list": vec!["a", "b"],
        "value": serde_json::json!({"x": [null]}),
        "nested": object! { "k\"": object! {} },
    };
    assert_sends(
        built,
        concat!(
            r#"{"body":[1.50, "\u0061"],"str":"a\"b","string":"é\n","cow":"c","n":1,"big":18446744073709551615,"#,
            r#""float":1.5,"nan":null,"yes":true,"none":null,"some":[1.50, "\u0061"],"list":["a","b"],"#,
            r#""value":{"x":[null]},"nested":{"k\"":{}}}"#
        ),
    );
    assert_sends(object! {}, "{}");
    assert_sends(
        Object::default().put("a", &JsonBuf::from(body)),
        r#"{"a":[1.50, "\u0061"]}"#,
    );
}

#[test]
fn payloads_come_from_what_an_app_has_at_hand() {
    #[derive(serde::Serialize)]
    struct Position {
        x: u8,
    }
    assert_sends((), "{}");
    assert_sends(reason("a\"b"), r#"{"reason":"a\"b"}"#);
    assert_sends(json("[ 1 ]"), "[ 1 ]");
    assert_sends(Payload::Json(json("1.0")), "1.0");
    assert_sends(serde_json::json!({"a": 1}), r#"{"a":1}"#);
    assert_sends(
        PayloadBuf::from_serialize(&Position { x: 1 }).expect("it has JSON"),
        r#"{"x":1}"#,
    );
    assert!(PayloadBuf::from_serialize(&HashMap::from([(vec![1], 1)])).is_err());
    let binary = PayloadBuf::Binary(Bytes::from_static(b"\x00\xff"));
    assert_eq!(vec![0, 255].into_payload(), binary);
    assert_eq!(Payload::Binary(b"\x00\xff").into_payload(), binary);
    assert_eq!(Bytes::from_static(b"\x00\xff").into_payload(), binary);
}

#[test]
fn clone_of_a_payload_shares_its_text() {
    let payload = object! { "a": 1 }.into_payload();
    let clone = payload.clone();
    let (PayloadBuf::Json(a), PayloadBuf::Json(b)) = (&payload, &clone) else {
        panic!("an object is JSON");
    };
    assert_eq!(a.as_str().as_ptr(), b.as_str().as_ptr());
}

#[test]
fn payload_is_taken_apart_into_a_type_of_the_apps_or_says_why_not() {
    #[derive(serde::Deserialize, PartialEq, Debug)]
    struct Move {
        x: u8,
        note: Option<String>,
    }
    let parse = |text| Json::new(text).unwrap().parse::<Move>();
    let note = Some("ü\n".to_owned());
    assert_eq!(
        parse(r#"{"x":7,"note":"ü\n","more":[1]}"#).unwrap(),
        Move { x: 7, note }
    );
    for mismatch in [r#"{"x":256}"#, r#"{"note":"n"}"#, "[]", "7", r#"{"x":"7"}"#] {
        assert!(
            !parse(mismatch).unwrap_err().to_string().is_empty(),
            "{mismatch}"
        );
    }
    let binary = Payload::Binary(b"{}").parse::<Move>();
    assert!(binary.unwrap_err().to_string().contains("binary payload"));
    let deep = "[".repeat(60_000) + &"]".repeat(60_000);
    assert!(
        Json::new(&deep)
            .unwrap()
            .parse::<serde_json::Value>()
            .is_err()
    );
}

#[test]
fn type_may_parse_while_it_is_parsed_and_a_failure_leaves_nothing() {
    #[derive(Debug, PartialEq)]
    struct Quoted(Vec<u8>);

    impl<'de> serde::Deserialize<'de> for Quoted {
        fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            let inner = String::deserialize(from)?;
            let inner = Json::new(&inner).map_err(serde::de::Error::custom)?;
            inner.parse().map(Self).map_err(serde::de::Error::custom)
        }
    }

    let quoted = |text| Json::new(text).unwrap().parse::<[Quoted; 2]>();
    let numbers = [Quoted(vec![1, 2]), Quoted(vec![3])];
    for _ in 0..3 {
        assert_eq!(quoted(r#"["[1,2]","[3]"]"#).unwrap(), numbers);
        assert!(quoted(r#"["[1,2]","[300]"]"#).is_err());
        assert!(quoted("[[[[]]]]").is_err());
    }
}

#[test]
fn get_many_finds_keys_as_each_alone_last_of_duplicates_as_they_came() {
    let object = json(r#"{"a":1.50,"b":{"a":2},"\u0061":[1e2 ,"\u00e9"],"c":null}"#);
    let [a, b, missing, c, a_again] = object.get_many(["a", "b", "d", "c", "a"]);
    assert_eq!(a.map(|a| a.as_raw()), Some(r#"[1e2 ,"\u00e9"]"#));
    assert_eq!(b.map(|b| b.as_raw()), Some(r#"{"a":2}"#));
    assert_eq!((missing, a_again), (None, a));
    assert!(c.is_some_and(|c| c.is_null()));
    assert_eq!(json("[1]").get_many(["a"]), [None]);
    assert_eq!(Payload::Binary(b"{}").get_many(["a"]), [None]);
}
