//! Typed handlers on the wire: payloads that fit reach them, and others are refused by field.
//!
//! A refusal names the event and the field.

use lobbyd::server::Running;
use lobbyd::{Broadcast, Handled, Handlers, Join, Payload, Router, TerminateReason, UserSocket};
use lobbyd::{object, reason};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::mpsc::{Receiver, channel};
use testkit::{Client, DEADLINE, connect, serve};

#[derive(Deserialize)]
struct NewMsg {
    body: String,
    #[serde(default)]
    urgent: bool,
}

#[derive(Deserialize)]
struct Move {
    to: Point,
}

#[derive(Deserialize)]
struct Point {
    x: u8,
    y: u8,
}

/// The payload with a member's key.
#[derive(Deserialize)]
struct Key {
    token: String,
}

struct Tick(u32);

fn room() -> Handlers {
    Handlers::join(|topic, _params, socket| match topic {
        "room:lobby" => {
            socket.send_info(Tick(1));
            Join::ok()
        }
        _ => Join::error(reason("authorized")),
    })
    .on("new_msg", |msg: NewMsg, socket| {
        let payload = object! { "body": msg.body, "urgent": msg.urgent };
        socket.broadcast("new_msg", payload);
    })
    .on("move", |wanted: Move, _| {
        let Point { x, y } = wanted.to;
        Handled::ok(object! { "at": u32::from(x) * 1_000 + u32::from(y) })
    })
    .on_payload("raw", |payload: Payload<'_>, _| Handled::ok(payload))
    .on("count", |from: u32, socket| socket.send_info(Tick(from)))
    .on("follow", |topic: String, socket| socket.subscribe(&topic))
    .on_info(|Tick(n): Tick, socket| socket.push("tick", object! { "n": n }))
    .on_info(|heard: Broadcast, socket| {
        socket.push("heard", object! { "event": &*heard.event });
        Handled::no_reply()
    })
}

fn stage() -> Running {
    let vault = Handlers::join_with(|_topic, key: Key, _socket| match &*key.token {
        "open sesame" => Join::ok(),
        _ => Join::error(reason("wrong token")),
    })
    .fallback(|event, _payload, _socket| Handled::ok(object! { "you_said": event }));
    let socket = UserSocket::new()
        .channel("room:*", room())
        .channel("vault:*", vault);
    serve(Router::new().socket("/socket", socket))
}

/// Returns a client in the lobby, after its first tick.
fn member(server: &Running) -> Client {
    let mut client = connect(server);
    client.join("room:lobby");
    client.expect(json!(["11", null, "room:lobby", "tick", {"n": 1}]));
    client
}

fn push(client: &mut Client, event: &str, payload: Value) {
    client.send(json!(["11", "7", "room:lobby", event, payload]));
}

fn expect_reply(client: &mut Client, status: &str, response: Value) {
    let payload = json!({"response": response, "status": status});
    client.expect(json!(["11", "7", "room:lobby", "phx_reply", payload]));
}

#[test]
fn payload_that_fits_comes_to_its_events_handler_as_the_type_it_takes() {
    let server = stage();
    let mut client = member(&server);
    push(&mut client, "new_msg", json!({"body": "hi ü", "more": [1]}));
    let said = json!({"body": "hi ü", "urgent": false});
    client.expect(json!([null, null, "room:lobby", "new_msg", said]));
    push(&mut client, "move", json!({"to": {"x": 2, "y": 3}}));
    expect_reply(&mut client, "ok", json!({"at": 2_003}));
    push(&mut client, "raw", json!([1, {"a": null}]));
    expect_reply(&mut client, "ok", json!([1, {"a": null}]));
}

#[test]
fn misfit_is_refused_with_event_and_field_and_the_channel_lives_on() {
    let server = stage();
    let mut client = member(&server);
    for (event, payload, why) in [
        ("new_msg", json!({}), "new_msg: missing field `body`"),
        (
            "new_msg",
            json!({"body": 7}),
            "new_msg: body: invalid type: integer `7`, expected a string",
        ),
        (
            "new_msg",
            json!({"body": "x", "urgent": "very"}),
            "new_msg: urgent: invalid type: string \"very\", expected a boolean",
        ),
        (
            "move",
            json!({"to": {"x": 256, "y": 0}}),
            "move: to.x: invalid value: integer `256`, expected u8",
        ),
        (
            "move",
            json!(null),
            "move: invalid type: null, expected struct Move",
        ),
        ("shout", json!({"body": "x"}), "unknown event \"shout\""),
    ] {
        push(&mut client, event, payload);
        expect_reply(&mut client, "error", json!({"reason": why}));
    }
    push(&mut client, "move", json!({"to": {"x": 0, "y": 1}}));
    expect_reply(&mut client, "ok", json!({"at": 1}));
    let page = server.endpoint().metrics(0);
    for (refusal, count) in [("bad_payload", 5), ("unknown_event", 1)] {
        let line = format!("lobbyd_pushes_refused_total{{reason=\"{refusal}\"}} {count}\n");
        assert!(page.contains(&line), "{line} in {page}");
    }
}

#[test]
fn bytes_are_refused_by_a_handler_of_a_type_and_come_to_one_of_payloads() {
    let server = stage();
    let mut client = member(&server);
    let push = |client: &mut Client, event: &str| {
        let mut frame = vec![0, 2, 1, 10, event.len() as u8];
        frame.extend_from_slice(b"117room:lobby");
        frame.extend_from_slice(event.as_bytes());
        frame.extend_from_slice(br#"{"body":"x"}"#);
        client.send_binary(&frame);
    };
    push(&mut client, "new_msg");
    let why = json!({"reason": "new_msg: JSON is needed, not bytes"});
    expect_reply(&mut client, "error", why);
    push(&mut client, "raw");
    let reply = client.recv();
    assert!(reply.payload.ends_with(br#"ok{"body":"x"}"#), "{reply:?}");
}

#[test]
fn join_may_have_typed_parameters_and_is_refused_with_the_wrong_field() {
    let server = stage();
    let mut client = connect(&server);
    for (params, status, response) in [
        (
            json!({}),
            "error",
            json!({"reason": "join: missing field `token`"}),
        ),
        (
            json!({"token": []}),
            "error",
            json!({"reason": "join: token: invalid type: sequence, expected a string"}),
        ),
        (
            json!({"token": "x"}),
            "error",
            json!({"reason": "wrong token"}),
        ),
        (json!({"token": "open sesame"}), "ok", json!({})),
    ] {
        client.send(json!(["11", "7", "vault:1", "phx_join", params]));
        let payload = json!({"response": response, "status": status});
        client.expect(json!(["11", "7", "vault:1", "phx_reply", payload]));
    }
    client.send(json!(["11", "8", "vault:1", "anything", 1]));
    let payload = json!({"response": {"you_said": "anything"}, "status": "ok"});
    client.expect(json!(["11", "8", "vault:1", "phx_reply", payload]));
}

#[test]
fn info_comes_to_the_handler_of_its_type() {
    let server = stage();
    let mut client = member(&server);
    push(&mut client, "count", json!(5));
    client.expect(json!(["11", null, "room:lobby", "tick", {"n": 5}]));
    push(&mut client, "follow", json!("news"));
    push(&mut client, "raw", json!({}));
    expect_reply(&mut client, "ok", json!({}));
    server.endpoint().broadcast("news", "flash", ());
    client.expect(json!(["11", null, "room:lobby", "heard", {"event": "flash"}]));
}

#[test]
fn terminate_handler_runs_when_a_client_leaves() {
    let (ended, ends) = channel();
    let room = Handlers::join(|_, _, _| Join::ok()).on_terminate(move |reason, socket| {
        let _ = ended.send((socket.topic().to_owned(), reason.clone()));
    });
    let server = serve(Router::new().socket("/socket", UserSocket::new().channel("room:*", room)));
    let mut client = connect(&server);
    client.join("room:lobby");
    client.send(json!(["11", "7", "room:lobby", "phx_leave", {}]));
    assert_eq!(
        last(&ends),
        ("room:lobby".to_owned(), TerminateReason::Left)
    );
}

fn last<T>(ends: &Receiver<T>) -> T {
    ends.recv_timeout(DEADLINE).expect("a last call")
}

#[test]
#[should_panic(expected = "the event \"new_msg\" has two handlers")]
fn event_has_one_handler() {
    let _ = room().on("new_msg", |(): (), _| ());
}

#[test]
#[should_panic(expected = "Tick have two handlers")]
fn infos_of_a_type_have_one_handler() {
    let _ = room().on_info(|_: Tick, _| ());
}
