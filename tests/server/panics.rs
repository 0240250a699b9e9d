//! Callbacks that panic: the channel ends, its client is informed, and everything else continues.

use std::io::{Read, Write};

use serde_json::json;

use crate::fixture::{Chat, PanicsWhenDropped, arena, nothing_is_left};
use lobbyd::server::{Limit, Reload, ServerLimits};
use lobbyd::{Channel, Handled, Join, Payload, Router, Socket, UserSocket};
use testkit::{connect, connect_to, open, uninterrupted, upgrade, upgrade_request};

#[test]
fn join_that_panics_now_or_later_is_answered_with_join_crashed() {
    let server = arena(1, ServerLimits::default());
    let chat = Chat::start(&server, "room:chat");
    let mut client = connect(&server);
    client.join("room:other");
    for topic in ["room:panics", "room:panics later", "room:panics after"] {
        client.send(json!(["3", "4", topic, "phx_join", {}]));
        client.expect(json!(["3", "4", topic, "phx_reply",
            {"status": "error", "response": {"reason": "join crashed"}}]));
        client.expect_nothing();
    }
    client.send(json!(["11", "5", "room:other", "echo", {}]));
    client.expect(json!(["11", "5", "room:other", "phx_reply", {"status": "ok", "response": {}}]));
    chat.end();
    drop(client);
    nothing_is_left(server);
}

#[test]
fn event_that_panics_now_or_later_ends_its_channel_with_phx_error() {
    let server = arena(1, ServerLimits::default());
    let chat = Chat::start(&server, "room:chat");
    let mut client = connect(&server);
    client.join("room:other");
    for event in ["panic", "panic later", "panic after", "panic in info"] {
        client.join("room:x");
        client.send(json!(["11", "2", "room:x", event, {}]));
        client.expect(json!(["11", "11", "room:x", "phx_error", {"reason": "channel_crash"}]));
        client.send(json!(["11", "3", "room:x", "echo", {}]));
        client.expect(json!([null, "3", "room:x", "phx_reply",
            {"status": "error", "response": {"reason": "unmatched topic"}}]));
    }
    client.send(json!(["11", "5", "room:other", "echo", {}]));
    client.expect(json!(["11", "5", "room:other", "phx_reply", {"status": "ok", "response": {}}]));
    chat.end();
    drop(client);
    nothing_is_left(server);
}

#[test]
fn job_that_panics_when_it_is_given_up_leaves_no_channel_waiting() {
    let limits = ServerLimits::default().with_max(Limit::CallbackTime, 50);
    let server = arena(1, limits);
    let mut client = connect(&server);
    client.join("room:x");
    client.send(json!(["11", "2", "room:x", "panic when dropped", {}]));
    client.expect(json!(["11", "11", "room:x", "phx_error", {"reason": "channel_crash"}]));
    client.join("room:x");
    drop(client);
    nothing_is_left(server);
}

#[test]
fn terminate_that_panics_harms_neither_leave_nor_end_of_the_connection() {
    let server = arena(1, ServerLimits::default());
    let chat = Chat::start(&server, "room:chat");
    let arm = json!(["11", "2", "room:x", "panic in terminate", {}]);
    let armed = json!(["11", "2", "room:x", "phx_reply", {"status": "ok", "response": {}}]);

    let mut leaving = connect(&server);
    leaving.join("room:x");
    leaving.send(arm.clone());
    leaving.expect(armed.clone());
    leaving.send(json!(["11", "3", "room:x", "phx_leave", {}]));
    leaving.expect(json!(["11", "3", "room:x", "phx_reply", {"status": "ok", "response": {}}]));
    leaving.expect(json!(["11", "11", "room:x", "phx_close", {}]));
    leaving.expect_nothing();

    let mut gone = connect(&server);
    gone.join("room:x");
    gone.send(arm);
    gone.expect(armed);
    drop(gone);
    chat.end();
    drop(leaving);
    nothing_is_left(server);
}

#[test]
fn connect_that_panics_now_or_later_gets_500_and_sockets_go_on() {
    let server = arena(1, ServerLimits::default());
    let chat = Chat::start(&server, "room:chat");
    for path in [
        "/panics/websocket?vsn=2.0.0",
        "/panics_later/websocket?vsn=2.0.0",
    ] {
        let answer = upgrade(server.local_addr(), path, "")
            .err()
            .expect("no upgrade");
        assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
    }
    connect_to(server.local_addr(), "/socket/websocket?vsn=2.0.0").join("room:x");
    chat.end();
    nothing_is_left(server);
}

#[test]
fn origin_check_that_panics_gives_the_place_of_its_connection_back() {
    let limits = ServerLimits::default().with_max(Limit::Connections, 2);
    let server = arena(1, limits);
    let path = "/judging/websocket?vsn=2.0.0";
    let asked = upgrade_request(server.local_addr(), path, "Origin: http://x.example\r\n");
    for _ in 0..6 {
        let mut stream = open(server.local_addr());
        stream.write_all(asked.as_bytes()).unwrap();
        // An answer, an end or a reset.
        let _ = uninterrupted(|| stream.read(&mut [0; 512]));
    }
    connect(&server).join("room:x");
}

#[test]
fn values_that_panic_when_they_are_dropped_end_nothing_else() {
    let server = arena(1, ServerLimits::default());
    let chat = Chat::start(&server, "room:chat");
    let target = "/dropping/websocket?vsn=2.0.0";
    let mut gone = connect_to(server.local_addr(), target);
    gone.join("room:x");
    let mut refused = connect_to(server.local_addr(), target);
    refused.send(json!(["3", "4", "room:panics", "phx_join", {}]));
    refused.expect(json!(["3", "4", "room:panics", "phx_reply",
        {"status": "error", "response": {"reason": "join crashed"}}]));
    drop((gone, refused));
    let mut client = connect(&server);
    client.join("room:x");
    client.send(json!([
        "11",
        "2",
        "room:x",
        "panic when an info is dropped",
        {}
    ]));
    client.expect(json!(["11", "11", "room:x", "phx_close", {}]));
    client.expect_nothing();
    chat.end();
    drop(client);
    nothing_is_left(server);
}

/// A channel that panics when it is dropped.
struct Dropping(PanicsWhenDropped);

impl Channel for Dropping {
    fn join(&self, _: &str, _: Payload<'_>, socket: &mut Socket<'_>) -> Join {
        socket.assign(self.0.clone());
        Join::ok()
    }

    fn handle_in(&self, _: &str, _: Payload<'_>, _: &mut Socket<'_>) -> Handled {
        Handled::no_reply()
    }
}

#[test]
fn channel_that_panics_when_a_reload_drops_it_ends_nothing_else() {
    let server = arena(1, ServerLimits::default());
    for _ in 0..2 {
        let kept = PanicsWhenDropped;
        let socket = UserSocket::new()
            .channel("room:*", Dropping(PanicsWhenDropped))
            .connect(move |_, _| {
                let _ = &kept;
                lobbyd::Connect::ok()
            });
        let router = Router::new().socket("/socket", socket);
        server.endpoint().reload(Reload::new(router));
        let mut client = connect(&server);
        client.join("room:x");
        client.expect_nothing();
    }
    nothing_is_left(server);
}

#[test]
fn check_of_origins_that_panics_gets_500_and_keeps_no_place() {
    let server = arena(1, ServerLimits::default());
    let chat = Chat::start(&server, "room:chat");
    let origin = "Origin: http://elsewhere\r\n";
    let answer = upgrade(server.local_addr(), "/judging/websocket?vsn=2.0.0", origin)
        .err()
        .expect("no upgrade");
    assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
    chat.end();
    nothing_is_left(server);
}
