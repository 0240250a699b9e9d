//! The scanner agrees with serde_json, nothing panics, and encoded messages decode.

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::Value;

use crate::protocol::error::Undecodable;
use crate::protocol::json::Json;
use crate::protocol::message::Name;
use crate::protocol::payload::Payload;
use crate::protocol::payload::PayloadBuf;
use crate::protocol::reference::Ref;
use crate::protocol::scratch::DecodeScratch;
use crate::protocol::version::Version;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn scanner_judges_as_serde_json_does(text in json_like()) {
        assert_agrees(&text);
    }

    #[test]
    fn valid_json_with_one_byte_changed_is_judged_as_serde_json_does(
        value in value(), at in any::<prop::sample::Index>(), byte in 0..128u8,
    ) {
        let mut text = value.to_string().into_bytes();
        let at = at.index(text.len());
        text[at] = byte;
        if let Ok(text) = std::str::from_utf8(&text) {
            assert_agrees(text);
        }
    }

    #[test]
    fn elements_of_an_array_are_its_slices(values in prop::collection::vec(value(), 0..8), space in space()) {
        let elements: Vec<String> = values.iter().map(Value::to_string).collect();
        let frame = format!("{space}[{space}{}{space}]{space}", elements.join(&format!("{space},{space}")));
        let mut scratch = DecodeScratch::new();
        let decoded = Version::V2.decode_text(&frame, &mut scratch);
        let [join_ref, reference, topic, event, payload, ..] = elements.as_slice() else {
            prop_assert_eq!(decoded, Err(Undecodable::Shape));
            return Ok(());
        };
        let decoded = decoded.expect("an array of five");
        prop_assert_eq!(decoded.payload, Payload::Json(json(payload)));
        prop_assert_eq!(decoded.join_ref, Ref::from_json(json(join_ref)));
        prop_assert_eq!(decoded.reference, Ref::from_json(json(reference)));
        prop_assert_eq!(decoded.topic.as_str(), values[2].as_str());
        prop_assert_eq!(decoded.event.as_str(), values[3].as_str());
        prop_assert!(decoded.topic.as_str().is_some() || decoded.topic == Name::Other(topic));
        prop_assert!(decoded.event.as_str().is_some() || decoded.event == Name::Other(event));
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut scratch = DecodeScratch::new();
        let text = String::from_utf8_lossy(&bytes);
        for version in [Version::V1, Version::V2] {
            let _ = version.decode_text(&text, &mut scratch);
            let _ = version.decode_binary(&bytes, &mut scratch);
        }
    }

    #[test]
    fn get_finds_what_serde_json_finds(pairs in prop::collection::vec((".{0,3}", value()), 0..6), key in ".{0,3}") {
        let members: Vec<String> =
            pairs.iter().map(|(key, value)| format!("{} : {value}", Value::from(key.as_str()))).collect();
        let text = format!("{{ {} }}", members.join(" , "));
        let whole: Value = serde_json::from_str(&text).expect("valid");
        for key in pairs.iter().map(|(key, _)| key).chain([&key]) {
            let found: Option<Value> = json(&text).get(key).map(|value| serde_json::from_str(value.as_raw()).expect("valid"));
            prop_assert_eq!(found.as_ref(), whole.get(key));
        }
        let keys: Vec<&String> = pairs.iter().map(|(key, _)| key).chain([&key]).collect();
        let mut found = vec![None; keys.len()];
        json(&text).get_into(&keys, &mut found);
        prop_assert_eq!(found, keys.iter().map(|key| json(&text).get(key)).collect::<Vec<_>>());
    }

    #[test]
    fn text_that_was_written_reads_the_same(topic in any::<String>(), event in any::<String>(), value in value()) {
        let payload = PayloadBuf::from_serialize(&serde_json::json!({ "v": value })).expect("it has JSON");
        let join_ref = Ref::from_text(&event);
        let mut scratch = DecodeScratch::new();
        let mut out = Vec::new();
        Version::V2.encode_push(&mut out, &join_ref, &topic, &event, &payload).expect("an object");
        let message = Version::V2.decode_text(text(&out), &mut scratch).expect("it was written");
        prop_assert_eq!(&message.join_ref, &join_ref);
        prop_assert!(message.reference.is_null());
        prop_assert_eq!(message.topic.as_str(), Some(topic.as_str()));
        prop_assert_eq!(message.event.as_str(), Some(event.as_str()));
        prop_assert_eq!(message.payload, payload.as_payload());

        let mut out = Vec::new();
        let status = topic.as_str();
        let name = Name::from(event.as_str());
        Version::V1.encode_reply(&mut out, &Ref::NULL, &join_ref, &name, status, &payload).expect("JSON");
        let message = Version::V1.decode_text(text(&out), &mut scratch).expect("it was written");
        prop_assert_eq!(&message.reference, &join_ref);
        prop_assert_eq!(message.topic, name);
        let written = message.payload.get("status").and_then(|json| json.as_str());
        prop_assert_eq!(written.as_deref(), Some(status));
        prop_assert_eq!(message.payload.get("response"), payload.as_payload().as_json());
    }

    #[test]
    fn binary_that_was_written_reads_the_same(
        fields in prop::array::uniform4("\\PC{0,80}"), data in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let mut frame = vec![0];
        let fits = fields.iter().all(|field| field.len() < 256);
        frame.extend(fields.iter().map(|field| field.len() as u8));
        frame.extend(fields.iter().flat_map(|field| field.bytes()));
        frame.extend(&data);
        prop_assume!(fits);
        let message = Version::V2.decode_binary(&frame, &mut DecodeScratch::new()).expect("a push");
        prop_assert_eq!(message.payload, Payload::Binary(&data));

        // A reply has the layout of a client's push, except for the first byte.
        let mut reply = Vec::new();
        let (status, response) = (fields[3].as_str(), PayloadBuf::Binary(Bytes::from(data.clone())));
        Version::V2
            .encode_reply(&mut reply, &message.join_ref, &message.reference, &message.topic, status, &response)
            .expect("it fits");
        frame[0] = 1;
        prop_assert_eq!(reply, frame);
    }

    #[test]
    fn ref_comes_back_as_it_was(value in value()) {
        let text = value.to_string();
        let reference = Ref::from_json(json(&text));
        let mut out = Vec::new();
        reference.write_json(&mut out);
        let written = String::from_utf8(out).expect("JSON is UTF-8");
        prop_assert_eq!(&written, &text);
        prop_assert_eq!(reference, Ref::from_json(json(&written)));
    }
}

fn text(written: &[u8]) -> &str {
    std::str::from_utf8(written).expect("a text message is UTF-8")
}

fn json(text: &str) -> Json<'_> {
    Json::new(text).expect("the test's own JSON")
}

/// A refusal by serde_json decides nothing if its reason is a number out of range or a depth over
/// 128, because the scanner differs there on purpose.
#[track_caller]
fn assert_agrees(text: &str) {
    let ours = Json::new(text);
    match serde_json::from_str::<Value>(text) {
        Ok(value) => {
            let ours = ours.unwrap_or_else(|_| panic!("refused: {text:?}"));
            assert_eq!(ours.as_raw(), text.trim_matches([' ', '\t', '\r', '\n']));
            assert_eq!(ours.as_str().as_deref(), value.as_str());
        }
        Err(error) => {
            let error = error.to_string();
            let no_say = error.contains("out of range") || error.contains("recursion limit");
            assert!(no_say || ours.is_err(), "accepted: {text:?}, {error}");
        }
    }
}

fn space() -> impl Strategy<Value = String> {
    "[ \t\r\n]{0,2}"
}

/// Text made of the tokens of JSON, seldom valid.
fn json_like() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        Just("[".to_owned()),
        Just("]".to_owned()),
        Just("{".to_owned()),
        Just("}".to_owned()),
        Just(",".to_owned()),
        Just(":".to_owned()),
        Just("\"\"".to_owned()),
        "\"[a-z\\\\\"u0-9é\u{1}]{0,6}\"",
        "\"(\\\\(u[0-9dDcC8]{4}|[\"\\\\/bfnrtux])|[ -~]){0,4}\"",
        "-?[0-9.]{1,4}([eE][+-]?[0-9]{0,3})?",
        prop_oneof![Just("true"), Just("false"), Just("null"), Just("nul")].prop_map(str::to_owned),
        space(),
        ".",
    ];
    prop::collection::vec(token, 1..10).prop_map(|tokens| tokens.concat())
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u8>().prop_map(Value::from),
        any::<u32>().prop_map(|number| Value::from(number.to_string())),
        (-1e9..1e9).prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((".{0,4}", inner), 0..4)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}
