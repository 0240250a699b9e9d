//! Socket ids and forced disconnect: protocol.md §5.
//!
//! The numbers behind B are those of the table in `mod.rs`.

use lobbyd::{Channel, Connect, Handled, Join, Payload, Socket, TerminateReason};
use serde_json::json;

use crate::phoenix::fixture::{Stage, stage_with};
use crate::phoenix::peer::{BOTH, Peer, Version};
use crate::phoenix::room::Named;

/// Serves a socket whose id and first assign come from the parameter `user`. Without that parameter
/// it has neither.
fn stage() -> Stage {
    stage_with(|socket| {
        socket.connect(|params, _| match params.get("user") {
            Some(user) => Connect::accept()
                .id(format!("users:{user}"))
                .assign(Named(user.to_owned()))
                .into(),
            None => Connect::ok(),
        })
    })
}

fn user(stage: &Stage, version: Version, name: &str) -> Peer {
    let more = format!("&user={name}");
    Peer::connect_at(&stage.server, version, "/socket/websocket", &more)
}

/// B 23, 91, 106: every socket of the id gets a Close 1001 without a reason, and no frame of any
/// channel. Other sockets get nothing.
#[test]
fn disconnect_closes_all_sockets_of_the_id_with_1001() {
    let stage = stage();
    let mut others = [user(&stage, Version::V2, "ann"), stage.peer(Version::V2)];
    others.iter_mut().for_each(|peer| peer.join("room:a"));
    for version in BOTH {
        let mut idle = user(&stage, version, "bob");
        let mut joined = user(&stage, Version::V2, "bob");
        joined.join("room:a");
        joined.join("room:b");
        idle.expect_silence();
        stage.server.endpoint().disconnect("users:bob");
        for peer in [&mut idle, &mut joined] {
            let close = peer.recv();
            assert_eq!((close.opcode, &close.payload[..]), (8, &[3, 233][..]));
        }
        for _ in 0..2 {
            assert_eq!(stage.ended().1, TerminateReason::Closed);
        }
    }
    for peer in &mut others {
        peer.expect_silence_in("room:a");
    }
}

/// §5, **Otherwise**: a client that may join a room of the id's name is in another room than the
/// sockets of the id, and its events disconnect nobody.
#[test]
fn room_with_the_name_of_a_socket_id_is_another_thing() {
    let stage = stage_with(|socket| {
        let socket = socket.channel("users:*", Relaying);
        socket.connect(|_, _| Connect::accept().id("users:bob").into())
    });
    let mut member = stage.peer(Version::V2);
    let mut other = stage.peer(Version::V2);
    for peer in [&mut member, &mut other] {
        peer.join_with("users:bob", json!({}));
        peer.expect_reply("1", "users:bob", "ok", json!({}));
    }
    member.say("2", "users:bob", "disconnect", json!({}));
    for peer in [&mut member, &mut other] {
        peer.expect_broadcast("users:bob", "disconnect", json!({}));
        peer.expect_silence();
    }
    stage.server.endpoint().disconnect("users:bob");
    for peer in [&mut member, &mut other] {
        assert_eq!(peer.close_code(), 1001);
    }
}

/// A channel that relays all events.
struct Relaying;

impl Channel for Relaying {
    fn join(&self, _: &str, _: Payload<'_>, _: &mut Socket<'_>) -> Join {
        Join::ok()
    }

    fn handle_in(&self, event: &str, payload: Payload<'_>, socket: &mut Socket<'_>) -> Handled {
        socket.broadcast(event, payload);
        Handled::no_reply()
    }
}

/// §5, **Otherwise**: no broadcast reaches a socket id, not even one of `disconnect`.
#[test]
fn socket_id_is_reached_by_no_broadcast() {
    let stage = stage();
    let mut peer = user(&stage, Version::V2, "bob");
    peer.join("room:a");
    // The client's channel follows the topic of that name, and so shows when an event was
    // broadcast.
    peer.say("2", "room:a", "follow", json!({"topic": "users:bob"}));
    peer.expect_reply("2", "room:a", "ok", json!({}));
    let endpoint = stage.server.endpoint();
    for event in ["hello", "Disconnect", "disconnect"] {
        endpoint.broadcast("users:bob", event, ());
        let heard = json!({"topic": "users:bob", "event": event, "payload": {}});
        peer.expect_push("room:a", "heard", heard);
    }
    endpoint.broadcast("room:a", "disconnect", ());
    peer.expect_broadcast("room:a", "disconnect", json!({}));
    peer.expect_silence_in("room:a");
    endpoint.disconnect("users:nobody");
    endpoint.disconnect("users:bob");
    assert_eq!(peer.close_code(), 1001);
}

/// §5: messages published before the disconnect are still delivered.
#[test]
fn broadcast_before_the_disconnect_comes_in_front_of_it() {
    let stage = stage();
    let endpoint = stage.server.endpoint();
    for _ in 0..50 {
        let mut peer = user(&stage, Version::V2, "bob");
        peer.join("room:a");
        for n in 0..10 {
            endpoint.broadcast("room:a", "news", lobbyd::object! { "n": n });
        }
        endpoint.disconnect("users:bob");
        for n in 0..10 {
            peer.expect_broadcast("room:a", "news", json!({"n": n}));
        }
        assert_eq!(peer.close_code(), 1001);
    }
}

/// B 106: the assigns of connect are in every channel, each with its own copy.
#[test]
fn assigns_of_connect_are_there_in_every_channel() {
    let stage = stage();
    for version in BOTH {
        let mut peer = user(&stage, version, "ann");
        peer.join_with("room:a", json!({"name": "other"}));
        peer.expect_reply("1", "room:a", "ok", json!({}));
        peer.join("room:b");
        for (topic, name) in [("room:a", "other"), ("room:b", "ann")] {
            peer.say("2", topic, "who", json!({}));
            peer.expect_reply("2", topic, "ok", json!({"name": name, "topic": topic}));
        }
    }
}
