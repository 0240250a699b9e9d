//! JSON that is deep, huge or both, and messages over the limit: answered or closed with its code.

use serde_json::json;
use testkit::{Client, at_once, connect, frame, raw_frame};

use crate::fixture::{Chat, arena, nothing_is_left};

/// Sends `payload` as the payload of `event`.
fn send_payload(client: &mut Client, event: &str, payload: &str) {
    client.send_text(&format!(r#"["11","7","room:x","{event}",{payload}]"#));
}

#[test]
fn deep_and_huge_json_is_echoed_as_it_came_or_answered_with_an_error() {
    let server = arena(1, at_once());
    let chat = Chat::start(&server, "room:chat");
    let deep = |count: usize| "[".repeat(count) + &"]".repeat(count);
    let objects = r#"{"a":"#.repeat(10_000) + "1" + &"}".repeat(10_000);
    let keys: Vec<String> = (0..6_000).map(|key| format!(r#""{key}":0"#)).collect();
    let same: String = r#""k":0,"#.repeat(10_000);
    let payloads = [
        deep(100),
        deep(30_000),
        objects,
        format!(r#""{}""#, "x".repeat(65_000)),
        format!(r#""{}""#, r"\u00e9".repeat(10_000)),
        format!(r#"{{{}}}"#, keys.join(",")),
        format!(r#"{{{same}"k":1}}"#),
        "9".repeat(60_000),
        format!("-0.{}e-9999", "1".repeat(60_000)),
        "1e999999999999".into(),
        format!("[{}1]", "1,".repeat(30_000)),
    ];
    for payload in &payloads {
        let start: String = payload.chars().take(20).collect();
        let mut client = connect(&server);
        client.join("room:x");
        send_payload(&mut client, "echo", payload);
        let answer = client.recv();
        if answer.text().contains("message cannot be read") {
            client.expect_nothing();
            continue;
        }
        let expected =
            format!(r#"["11","7","room:x","phx_reply",{{"response":{payload},"status":"ok"}}]"#);
        assert!(
            answer.text() == expected,
            "{start}… came back as something else"
        );
        // An app that parses it may get an error for depth or for a large number, but no stack
        // overflows.
        send_payload(&mut client, "parse", payload);
        assert_eq!(client.json()[3], "phx_reply", "{start}");
        client.expect_nothing();
    }
    chat.end();
    nothing_is_left(server);
}

#[test]
fn malformed_json_is_closed_with_1011_however_deep_or_long_it_is() {
    let server = arena(1, at_once());
    let chat = Chat::start(&server, "room:chat");
    let broken = [
        "[".repeat(60_000),
        "[".repeat(30_000) + &"]".repeat(30_000),
        r#"{"a":"#.repeat(12_000),
        "\"".repeat(60_000),
        "\\".repeat(60_000),
        format!(r#"["11",{}"#, "[".repeat(60_000)),
        format!(r#"["11","7","room:{}"#, "x".repeat(60_000)),
        format!(r#"["11","7",{}]"#, "-".repeat(60_000)),
        " ".repeat(65_536),
        String::new(),
    ];
    for text in broken {
        let mut client = connect(&server);
        client.join("room:x");
        client.send_text(&text);
        assert_eq!(client.close_code(), 1011, "{:.30}", text);
    }
    chat.end();
    nothing_is_left(server);
}

#[test]
fn malformed_payload_is_answered_however_deep_or_long_it_is() {
    let server = arena(1, at_once());
    let chat = Chat::start(&server, "room:chat");
    let mut client = connect(&server);
    client.join("room:x");
    let payloads = [
        "[".repeat(60_000),
        format!("\"{}", "x".repeat(60_000)),
        "-".repeat(60_000),
        format!("{{{}", r#""a":{"#.repeat(10_000)),
    ];
    for payload in payloads {
        send_payload(&mut client, "echo", &payload);
        client.expect(
            json!(["11", "7", "room:x", "phx_reply", {"status": "error", "response":
            {"reason": "message cannot be read: not valid JSON"}}]),
        );
        client.expect_nothing();
    }
    chat.end();
    drop(client);
    nothing_is_left(server);
}

#[test]
fn message_over_64_kib_is_closed_with_1009_in_one_frame_many_or_none() {
    let server = arena(1, at_once());
    let chat = Chat::start(&server, "room:chat");
    let announced = |len: u64| {
        let mut header = vec![0x82, 0xff];
        header.extend(len.to_be_bytes());
        header.extend([0; 4]);
        header
    };
    let fragment = raw_frame(0x00, &[b' '; 8192]);
    let fragments = [
        raw_frame(0x01, b""),
        fragment.repeat(8),
        raw_frame(0x00, b" "),
    ]
    .concat();
    let attacks = [
        frame(1, &[b' '; 65_537]),
        fragments,
        announced(65_537),
        announced(1 << 32),
        announced(1 << 62),
        announced((1 << 63) - 1),
    ];
    for bytes in &attacks {
        let mut client = connect(&server);
        client.send_raw(bytes);
        assert_eq!(client.close_code(), 1009, "{:?}", &bytes[..10]);
    }
    // A message of exactly the limit is allowed. It has only spaces, so it is no message and is
    // closed with 1011.
    let mut client = connect(&server);
    client.send_raw(&frame(1, &[b' '; 65_536]));
    assert_eq!(client.close_code(), 1011);
    chat.end();
    drop(client);
    nothing_is_left(server);
}

#[test]
fn topic_or_join_ref_too_long_to_be_kept_is_refused() {
    let server = arena(1, at_once());
    let mut client = connect(&server);
    let long = format!("room:{}", "x".repeat(60_000));
    client.send(json!(["1", "2", long, "phx_join", {}]));
    let answer = client.json();
    assert_eq!(
        (&answer[1], &answer[4]["status"]),
        (&json!("2"), &json!("error"))
    );
    client.expect_nothing();
    drop(client);
    nothing_is_left(server);
}
