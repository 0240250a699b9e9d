//! Text frames, and frames that are no messages: protocol.md §2.2, §2.3, §2.5.
//!
//! The numbers behind B are those of the table in `mod.rs`.

use lobbyd::TerminateReason;
use serde_json::json;
use testkit::{connect, connect_to};

use crate::phoenix::fixture::stage;
use crate::phoenix::peer::Version;

/// B 84, 85 and §2.2: the exact bytes of server frames. A client may send more than five elements,
/// and white space.
#[test]
fn version_2_speaks_arrays_of_five() {
    let stage = stage();
    let mut client = connect(&stage.server);
    client.send_text(" [ \"11\" ,\"1\",\t\"room:a\",\n\"phx_join\", {}, 6, [7] ] ");
    let reply = r#"["11","1","room:a","phx_reply",{"response":{},"status":"ok"}]"#;
    assert_eq!(client.recv().text(), reply);
    client.send_text(r#"["11","2","room:a","push",{"a":"é"}]"#);
    let push = r#"["11",null,"room:a","pushed",{"a":"é"}]"#;
    assert_eq!(client.recv().text(), push);
    client.send_text(r#"["11","2","room:a","shout",{"a":"\u00e9"}]"#);
    let broadcast = r#"[null,null,"room:a","shout",{"a":"\u00e9"}]"#;
    assert_eq!(client.recv().text(), broadcast);
    client.send_text(r#"["11","3","room:a","stop",{"reason":"normal"}]"#);
    assert_eq!(
        client.recv().text(),
        r#"["11","11","room:a","phx_close",{}]"#
    );
    assert_eq!(client.recv().text(), r#"["11",null,"room:a","bye",{}]"#);
    client.join("room:a");
    client.send_text(r#"["11","3","room:a","crash",{}]"#);
    assert_eq!(client.recv().text(), r#"["11",null,"room:a","bye",{}]"#);
    let error = r#"["11","11","room:a","phx_error",{"reason":"channel_crash"}]"#;
    assert_eq!(client.recv().text(), error);
}

/// B 81, 83 and §2.3: exactly the keys event, payload, ref and topic, and no join_ref.
#[test]
fn version_1_speaks_objects_of_four_keys() {
    let stage = stage();
    let mut client = connect_to(stage.server.local_addr(), "/socket/websocket?vsn=1.0.0");
    let send = |event: &str, payload: &str| {
        format!(
            r#"{{"more":[1],"ref":"1","payload":{payload},"event":"{event}","topic":"room:a"}}"#
        )
    };
    client.send_text(&send("phx_join", "{}"));
    client.expect(json!({"topic": "room:a", "event": "phx_reply", "ref": "1", "payload": {"status": "ok", "response": {}}}));
    client.send_text(&send("push", "[1]"));
    // Unlike in V2, the payload of a push need not be an object.
    client.expect(json!({"topic": "room:a", "event": "pushed", "ref": null, "payload": [1]}));
    client.send_text(&send("shout", "{\"a\":1}"));
    client.expect(json!({"topic": "room:a", "event": "shout", "ref": null, "payload": {"a": 1}}));
    client.send_text(&send("echo", "\"text\""));
    client.expect(json!({"topic": "room:a", "event": "phx_reply", "ref": "1", "payload": {"status": "ok", "response": "text"}}));
    client.send_text(&send("stop", "{\"reason\":\"normal\"}"));
    client.expect(json!({"topic": "room:a", "event": "phx_close", "ref": null, "payload": {}}));
}

/// §2.3: V1 ignores the opcode.
#[test]
fn version_1_takes_json_in_a_binary_frame() {
    let stage = stage();
    let mut client = connect_to(stage.server.local_addr(), "/socket/websocket");
    client.send_binary(br#"{"topic":"room:a","event":"phx_join","payload":{},"ref":"1"}"#);
    client.expect(json!({"topic": "room:a", "event": "phx_reply", "ref": "1", "payload": {"status": "ok", "response": {}}}));
    client.send_binary(br#"{"topic":"room:a","event":"echo","payload":[],"ref":"2"}"#);
    client.expect(json!({"topic": "room:a", "event": "phx_reply", "ref": "2", "payload": {"status": "ok", "response": []}}));
}

/// §2.5: such a topic is no error, and matches no pattern.
#[test]
fn topic_that_is_no_string_is_unmatched_and_comes_back_as_it_was() {
    let stage = stage();
    let mut client = connect(&stage.server);
    for topic in ["null", "7", "[\"room:a\"]", "{\"a\":1}", "true"] {
        for event in ["phx_join", "any"] {
            client.send_text(&format!("[\"1\",\"2\",{topic},\"{event}\",{{}}]"));
            let response = r#"{"response":{"reason":"unmatched topic"},"status":"error"}"#;
            let answer = format!("[null,\"2\",{topic},\"phx_reply\",{response}]");
            assert_eq!(client.recv().text(), answer);
        }
    }
    client.join("room:a");
}

/// §2.5: the last of duplicate keys wins. Integers of any size are kept.
#[test]
fn duplicate_keys_count_by_the_last_one() {
    let stage = stage();
    let mut client = connect_to(stage.server.local_addr(), "/socket/websocket");
    let doubled = r#"{"topic":"nothing","topic":"room:a","event":"phx_join","payload":1,"payload":{"do":"refuse","do":"reply","with":98765432109876543210},"ref":"1"}"#;
    client.send_text(doubled);
    let answer = client.recv();
    assert!(
        answer.text().contains(r#""response":98765432109876543210"#),
        "{answer:?}"
    );
}

/// B 82, 89 and §2.5: a close 1011 and no channel frames. Every channel of the connection ends, and
/// other connections do not notice.
#[test]
fn malformed_message_closes_the_socket_with_1011() {
    let v2 = [
        "",
        " ",
        "x",
        "{",
        "[]",
        "[null,\"1\"]",
        "{\"topic\":\"room:a\",\"event\":\"any\",\"payload\":{},\"ref\":null}",
        "\"text\"",
        "null",
        "[null,01,\"room:a\",\"any\",{}]",
        "[null,NaN,\"room:a\",\"any\",{}]",
        r#"["\ud800","1","room:a","any",{}]"#,
        "[null,\"1\",room:a,\"any\",{}]",
        "[null,\"1\",\"room:a\u{1}\",\"any\",{}]",
    ];
    let v1 = [
        "[null,\"1\",\"room:a\",\"any\",{}]",
        "{}",
        "{\"event\":\"any\",\"payload\":{},\"ref\":null}",
        "{\"topic\":\"room:a\",\"event\":\"any\",\"payload\":{}}",
        "7",
    ];
    let stage = stage();
    let mut bystander = stage.peer(Version::V2);
    bystander.join("room:a");
    let cases = v2.map(|text| (Version::V2, text)).into_iter();
    for (version, text) in cases.chain(v1.map(|text| (Version::V1, text))) {
        let mut peer = stage.peer(version);
        peer.join("room:a");
        peer.send_text(text);
        assert_eq!(peer.close_code(), 1011, "{version:?} {text:?}");
        let ended = ("room:a".to_owned(), TerminateReason::Closed);
        assert_eq!(stage.ended(), ended, "{text:?}");
    }
    bystander.expect_silence_in("room:a");
}

/// §2.5, **Otherwise**: a message whose refs and topic can be read is answered, and nothing ends.
#[test]
fn malformed_message_is_answered_if_its_refs_and_topic_can_be_read() {
    let v2 = [
        "[null,\"9\",\"room:a\",\"any\"]",
        "[null,\"9\",\"room:a\",\"any\",{}] x",
        "[null,\"9\",\"room:a\",\"any\",{},]",
        "[null,\"9\",\"room:a\",\"any\",{'a':1}]",
        "[null,\"9\",\"room:a\",\"any\",NaN]",
        "[null,\"9\",\"room:a\",\"any\",\"\u{1}\"]",
        r#"[null,"9","room:a","any","\ud800"]"#,
        r#"[null,"9","room:a","any",{"n":1e400}]"#,
    ];
    let v1 = [
        "{\"topic\":\"room:a\",\"payload\":{},\"ref\":\"9\"}",
        "{\"topic\":\"room:a\",\"event\":\"any\",\"ref\":\"9\"}",
        r#"{"topic":"room:a","event":"any","payload":{"name":"\ud800"},"ref":"9"}"#,
    ];
    let stage = stage();
    let cases = v2.map(|text| (Version::V2, text)).into_iter();
    for (version, text) in cases.chain(v1.map(|text| (Version::V1, text))) {
        let mut peer = stage.peer(version);
        peer.join("room:a");
        peer.send_text(text);
        let answer = peer.recv();
        let parts = [
            "\"room:a\"",
            "\"9\"",
            "phx_reply",
            "error",
            "message cannot be read: ",
        ];
        for part in parts {
            assert!(answer.text().contains(part), "{text}: {answer:?}");
        }
        peer.expect_silence_in("room:a");
    }
}

/// §2.2: the payload of a push or broadcast to V2 must be an object. In Phoenix the sender of
/// another payload crashes.
#[test]
fn channel_that_sends_what_is_no_object_crashes() {
    let stage = stage();
    let mut peer = stage.peer(Version::V2);
    for event in ["push", "shout"] {
        peer.join("room:a");
        peer.say("2", "room:a", event, json!([1]));
        peer.expect_push("room:a", "bye", json!({}));
        peer.expect_error("room:a");
    }
    peer.expect_silence();
}
