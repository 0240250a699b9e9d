//! Events of a joined channel: replies, pushes, broadcasts, and their order.

use super::Client;
use super::routing::assert_same_object;
use crate::object;
use crate::protocol::IntoPayload;

#[test]
fn reply_carries_status_and_response() {
    let mut client = Client::in_room();
    let cases = [
        ("echo", "{}", r#"{"response":{},"status":"ok"}"#),
        ("echo", "[1, 2]", r#"{"response":[1, 2],"status":"ok"}"#),
        ("echo", r#""é""#, r#"{"response":"é","status":"ok"}"#),
        (
            "fail",
            "{}",
            r#"{"response":{"reason":"no"},"status":"error"}"#,
        ),
        ("status", "{}", r#"{"response":{},"status":"weird_status"}"#),
        (
            "phx_reply",
            "{}",
            r#"{"response":{"reason":"unknown event"},"status":"error"}"#,
        ),
    ];
    for (event, payload, reply) in cases {
        let frames = client.says(&format!(r#"["1","2","room:a","{event}",{payload}]"#));
        assert_eq!(
            frames,
            [format!(r#"["1","2","room:a","phx_reply",{reply}]"#)]
        );
    }
}

#[test]
fn event_without_a_ref_is_answered_without_a_ref() {
    let frames = Client::in_room().says(r#"["1",null,"room:a","echo",{}]"#);
    let reply = r#"["1",null,"room:a","phx_reply",{"response":{},"status":"ok"}]"#;
    assert_eq!(frames, [reply]);
}

#[test]
fn reply_is_binary_exactly_when_its_payload_is() {
    let mut client = Client::in_room();
    let push = b"\x00\x01\x01\x06\x0412room:aecho\xde\xad";
    assert_eq!(
        client.says_bytes(push),
        ["01010106023132726f6f6d3a616f6bdead"]
    );
    let frames = client.says(r#"["1","2","room:a","bytes",{}]"#);
    assert_eq!(frames, ["01010106023132726f6f6d3a616f6b0506"]);
    let frames = client.says_bytes(b"\x00\x01\x01\x06\x0412room:afail\xde\xad");
    let reply = r#"["1","2","room:a","phx_reply",{"response":{"reason":"no"},"status":"error"}]"#;
    assert_eq!(frames, [reply]);
}

#[test]
fn push_has_the_join_ref_and_no_ref_in_text_and_in_bytes() {
    let mut client = Client::in_room();
    let push = r#"["1",null,"room:a","pushed",{"n": 1}]"#;
    assert_eq!(client.says(r#"["1","2","room:a","push",{"n": 1}]"#), [push]);
    let frames = client.says(r#"["1","2","room:a","push bytes",{}]"#);
    assert_eq!(frames, ["00010602".to_owned() + "31726f6f6d3a6170620506"]);
}

#[test]
fn push_of_version_1_has_no_join_ref_and_a_null_ref() {
    let mut client = Client::v1();
    client.says(r#"{"topic":"room:a","event":"phx_join","payload":{},"ref":"1"}"#);
    let frames = client.says(r#"{"topic":"room:a","event":"push","payload":{"n":1},"ref":"2"}"#);
    let push = r#"{"topic":"room:a","event":"pushed","payload":{"n":1},"ref":null}"#;
    assert_same_object(&frames[0], push);
}

#[test]
fn own_copy_of_a_broadcast_comes_in_front_of_the_reply() {
    let frames = Client::in_room().says(r#"["1","2","room:a","broadcast",{"n":1}]"#);
    let expected = [
        r#"[null,null,"room:a","said",{"n":1}]"#,
        r#"["1","2","room:a","phx_reply",{"response":{"sequence":1},"status":"ok"}]"#,
    ];
    assert_eq!(frames, expected);
}

#[test]
fn broadcast_from_skips_the_channel_that_makes_it() {
    let mut client = Client::in_room();
    let frames = client.says(r#"["1","2","room:a","broadcast_from",{"n":1}]"#);
    let reply = r#"["1","2","room:a","phx_reply",{"response":{},"status":"ok"}]"#;
    assert_eq!(frames, [reply]);
    assert!(client.host.calls.contains(&"broadcast room:a said".into()));
}

#[test]
fn pushes_broadcasts_and_the_reply_come_in_the_order_of_their_calls() {
    let frames = Client::in_room().says(r#"["1","2","room:a","all",{}]"#);
    let expected = [
        r#"["1",null,"room:a","x",{}]"#,
        r#"[null,null,"room:a","y",{}]"#,
        r#"["1",null,"room:a","z",{}]"#,
        r#"["1","2","room:a","phx_reply",{"response":{},"status":"ok"}]"#,
    ];
    assert_eq!(frames, expected);
}

#[test]
fn intercepted_event_is_pushed_by_handle_out_behind_the_reply() {
    let mut client = Client::in_room();
    let reply = r#"["1","2","room:a","phx_reply",{"response":{},"status":"ok"}]"#;
    assert_eq!(
        client.says(r#"["1","2","room:a","secret",{"n":1}]"#),
        [reply]
    );
    let push = r#"["1",null,"room:a","secret",{"opened":true}]"#;
    assert_eq!(client.delivers_broadcasts(), [push]);
}

#[test]
fn broadcast_on_a_topic_that_a_channel_follows_comes_to_handle_info() {
    let mut client = Client::v2();
    client.says(r#"["1","1","room:a","phx_join",{"do":"listen"}]"#);
    let payload = object! { "n": 1 }.into_payload();
    client.host.publish("other", "news", &payload, None);
    assert_eq!(client.hears(), [""; 0]);
    let push = r#"["1",null,"room:a","news",{"n":1}]"#;
    assert_eq!(client.delivers_broadcasts(), [push]);
    client.says(r#"["1","2","room:a","phx_leave",{}]"#);
    assert_eq!(client.host.topics(), [""; 0]);
}

#[test]
fn channels_of_one_connection_know_nothing_of_each_other() {
    let mut client = Client::in_room();
    client.says(r#"["2","2","room:b","phx_join",{}]"#);
    client.says(r#"["3","3","room:c","phx_join",{}]"#);
    client.says(r#"["2","4","room:b","panic",{}]"#);
    for (topic, join_ref) in [("room:a", "1"), ("room:c", "3")] {
        let frames = client.says(&format!(r#"["{join_ref}","5","{topic}","echo",{{}}]"#));
        let reply = format!(
            r#"["{join_ref}","5","{topic}","phx_reply",{{"response":{{}},"status":"ok"}}]"#
        );
        assert_eq!(frames, [reply]);
    }
}
