//! The effect of each rule of a room.

use std::time::Instant;

use lobbyd::rooms::{EventRule, Rate, RoomRules};
use lobbyd::server::Running;
use serde_json::json;
use testkit::{Client, connect, connect_to};

use crate::rooms::fixture::{ROOM, any, fields, named, room_with, serve_rooms};

/// Returns two members of the room.
fn two_in(server: &Running) -> [Client; 2] {
    [(); 2].map(|()| {
        let mut client = connect(server);
        client.join(ROOM);
        client
    })
}

/// Returns a binary push to the room, with the ref `"5"`, of the join that [`Client::join`] made.
fn binary_push(event: &str, data: &[u8]) -> Vec<u8> {
    let (topic, name) = (ROOM.len() as u8, event.len() as u8);
    let mut bytes = vec![0, 2, 1, topic, name];
    for part in [&b"115"[..], ROOM.as_bytes(), event.as_bytes(), data] {
        bytes.extend_from_slice(part);
    }
    bytes
}

#[test]
fn first_room_whose_topic_matches_says_who_may_join() {
    let server = serve_rooms([
        RoomRules::open("room:vip"),
        RoomRules::closed("room:v*", "not today"),
        RoomRules::open("room:*"),
        RoomRules::closed("*", "nowhere"),
    ]);
    let mut client = connect(&server);
    for (topic, expected) in [
        ("room:vip", Ok(())),
        ("room:vips", Err("not today")),
        ("room:a", Ok(())),
        ("elsewhere", Err("nowhere")),
    ] {
        assert_eq!(
            client.try_join(topic),
            expected.map_err(str::to_owned),
            "{topic}"
        );
    }
}

#[test]
fn payload_is_relayed_to_the_byte_as_text_and_in_bytes() {
    let server = serve_rooms([room_with(any())]);
    let [mut one, mut other] = two_in(&server);
    let mut of_version_1 = connect_to(server.local_addr(), "/socket/websocket?vsn=1.0.0");
    of_version_1.send(json!({"topic": ROOM, "event": "phx_join", "payload": {}, "ref": "1"}));
    assert_eq!(of_version_1.json()["payload"]["status"], "ok");
    let payload =
        r#"{ "a" :[1.0,1e3, 123456789012345678901234567890],"\u0061":"\u00e9é<","a":null }"#;
    one.send_text(&format!(r#"["11","5","{ROOM}","any thing",{payload}]"#));
    for client in [&mut one, &mut other] {
        let expected = format!(r#"[null,null,"{ROOM}","any thing",{payload}]"#);
        assert_eq!(client.recv().text(), expected);
    }
    let data: Vec<u8> = (0..=255).collect();
    one.send_binary(&binary_push("bytes", &data));
    for client in [&mut one, &mut other] {
        let frame = client.recv();
        let mut expected = vec![2, ROOM.len() as u8, 5];
        expected.extend_from_slice(ROOM.as_bytes());
        expected.extend_from_slice(b"bytes");
        expected.extend_from_slice(&data);
        assert_eq!((frame.opcode, frame.payload), (2, expected));
        client.expect_nothing();
    }
    assert_eq!(of_version_1.json()["event"], "any thing", "and no bytes");
}

#[test]
fn named_fields_alone_are_relayed_in_their_order_and_all_are_needed() {
    let server = serve_rooms([room_with(EventRule {
        relay: fields(&["body", "at"]),
        ..named("say")
    })]);
    let [mut one, mut other] = two_in(&server);
    one.push("say", json!({"at": 1, "spy": true, "body": {"x": []}}));
    let relayed = format!(r#"[null,null,"{ROOM}","say",{{"body":{{"x":[]}},"at":1}}]"#);
    assert_eq!(one.recv().text(), relayed);
    assert_eq!(other.recv().text(), relayed);
    one.push("say", json!({"body": 1}));
    one.expect_error("say needs an object with an at");
    one.push("say", json!(["body", "at"]));
    one.expect_error("say needs an object with a body");
    one.send_binary(&binary_push("say", br#"{"body":1,"at":2}"#));
    one.expect_error("say needs an object with a body");
    other.expect_nothing();
}

#[test]
fn payload_that_is_no_object_is_refused_and_the_room_goes_on() {
    let server = serve_rooms([room_with(any())]);
    let [mut one, mut other] = two_in(&server);
    for payload in [json!([1]), json!("text"), json!(null), json!(7)] {
        one.push("say", payload);
        one.expect_error("say needs an object");
    }
    one.push("say", json!({}));
    one.expect_event("say", json!({}));
    other.expect_event("say", json!({}));
}

#[test]
fn sender_gets_its_own_or_not_and_is_answered_or_not() {
    for (echo, acknowledge) in [(true, true), (true, false), (false, true), (false, false)] {
        let server = serve_rooms([room_with(EventRule {
            echo,
            acknowledge,
            ..any()
        })]);
        let [mut one, mut other] = two_in(&server);
        one.push("say", json!({"a": 1}));
        if echo {
            one.expect_event("say", json!({"a": 1}));
        }
        if acknowledge {
            one.expect_reply("ok", json!({}));
        }
        one.expect_nothing();
        other.expect_event("say", json!({"a": 1}));
    }
}

#[test]
fn event_without_a_rule_is_unknown_and_the_first_rule_that_fits_counts() {
    let ping = EventRule {
        relay: fields(&["n"]),
        ..named("ping")
    };
    let server = serve_rooms([RoomRules {
        events: vec![ping.clone(), any()],
        ..RoomRules::open(ROOM)
    }]);
    let [mut one, _] = two_in(&server);
    one.push("ping", json!({"n": 1, "m": 2}));
    one.expect_event("ping", json!({"n": 1}));
    one.push("pong", json!({"n": 1, "m": 2}));
    one.expect_event("pong", json!({"n": 1, "m": 2}));
    let server = serve_rooms([room_with(ping)]);
    let [mut one, _] = two_in(&server);
    one.push("pong", json!({"n": 1}));
    one.expect_error("unknown event \"pong\"");
}

/// A relayed `phx_close` would end the channels of all members. A relayed `chan_reply_5` would
/// answer the push of another client.
#[test]
fn reserved_event_names_are_relayed_by_no_rule_for_any_event() {
    let server = serve_rooms([room_with(any())]);
    let [mut one, mut other] = two_in(&server);
    for event in [
        "phx_close",
        "phx_error",
        "phx_reply",
        "phx_x",
        "chan_reply_5",
    ] {
        one.push(event, json!({"status": "ok", "response": {}}));
        one.expect_error(&format!("unknown event {event:?}"));
    }
    one.send_binary(&binary_push("phx_error", b"{}"));
    one.expect_error("unknown event \"phx_error\"");
    other.expect_nothing();
}

#[test]
fn payload_over_the_bytes_max_of_its_event_is_refused() {
    let server = serve_rooms([room_with(EventRule {
        bytes_max: Some(10),
        ..any()
    })]);
    let [mut one, mut other] = two_in(&server);
    let push = |payload: &str| format!(r#"["11","5","{ROOM}","say",{payload}]"#);
    one.send_text(&push(r#"{"a":"xy"}"#));
    one.expect_event("say", json!({"a": "xy"}));
    one.send_text(&push(r#"{"a":"xyz"}"#));
    one.expect_error("payload too large");
    one.send_binary(&binary_push("say", &[7; 11]));
    one.expect_error("payload too large");
    one.send_binary(&binary_push("say", &[7; 10]));
    assert_eq!(one.recv().opcode, 2);
    other.expect_event("say", json!({"a": "xy"}));
    assert_eq!(other.recv().opcode, 2);
    other.expect_nothing();
}

#[test]
fn bucket_is_each_members_own_per_rule_and_refused_pushes_cost_nothing() {
    let say = EventRule {
        rate: Some(Rate::per_second(1).with_burst(3)),
        echo: false,
        acknowledge: true,
        bytes_max: Some(100),
        ..named("say")
    };
    let other_event = EventRule {
        rate: None,
        ..any()
    };
    let server = serve_rooms([RoomRules {
        events: vec![say, other_event],
        ..RoomRules::open(ROOM)
    }]);
    for _ in 0..2 {
        let mut client = connect(&server);
        client.join(ROOM);
        for _ in 0..10 {
            client.push("say", json!({"long": "x".repeat(100)}));
            client.expect_error("payload too large");
        }
        let start = Instant::now();
        (0..20).for_each(|n| client.push("say", json!({ "n": n })));
        let answers: Vec<String> = (0..20).map(|_| client.recv().text().to_owned()).collect();
        let admitted = answers.iter().filter(|a| a.contains(r#""ok""#)).count();
        let refused = answers.iter().filter(|a| a.contains("too many messages"));
        assert_eq!(admitted + refused.count(), 20, "{answers:?}");
        assert!(
            answers[..3].iter().all(|a| a.contains(r#""ok""#)),
            "{answers:?}"
        );
        let came_back = start.elapsed().as_secs() as usize + 1;
        assert!(admitted <= 3 + came_back, "{admitted}");
        client.push("another", json!({}));
        client.expect_event("another", json!({}));
        client.leave(ROOM);
    }
}

#[test]
fn fields_of_a_relay_come_in_its_order_as_sent_however_many() {
    let names: Vec<String> = (0..20).map(|n| format!("field{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut rule = named("say");
    rule.relay = fields(&names);
    let server = serve_rooms([room_with(rule)]);
    let [mut one, mut other] = two_in(&server);
    let sent = |name: &&str| format!(r#" "{name}" : [1.0, 1e3,"\u00e9 of {name}"]"#);
    let relayed = |name: &&str| format!(r#""{name}":[1.0, 1e3,"\u00e9 of {name}"]"#);
    let all = |form: &dyn Fn(&&str) -> String| -> Vec<String> { names.iter().map(form).collect() };
    let mut backwards = all(&sent);
    backwards.reverse();
    let payload = format!(r#"{{"field0":"first",{},"more":0}}"#, backwards.join(" ,"));
    one.send_text(&format!(r#"["11","5","{ROOM}","say",{payload}]"#));
    let expected = all(&relayed).join(",");
    for client in [&mut one, &mut other] {
        let expected = format!(r#"[null,null,"{ROOM}","say",{{{expected}}}]"#);
        assert_eq!(client.recv().text(), expected);
    }
    let all_but_one = backwards[2..].join(",");
    one.send_text(&format!(
        r#"["11","6","{ROOM}","say",{{{all_but_one},"field19":0}}]"#
    ));
    let reason = "say needs an object with a field18";
    one.expect(
        json!(["11", "6", ROOM, "phx_reply", {"response": {"reason": reason}, "status": "error"}]),
    );
    other.expect_nothing();
}
