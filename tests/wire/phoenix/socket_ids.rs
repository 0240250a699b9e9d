//! Socket ids and forced disconnect: protocol.md §5.
//!
//! The numbers behind B are those of the table in `mod.rs`.

use lobbyd::{Connect, TerminateReason};
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

/// §5: the payload of `disconnect` is ignored. A forced disconnect is only a broadcast of that
/// event.
#[test]
fn broadcast_of_disconnect_on_the_id_disconnects_too() {
    let stage = stage();
    let mut peer = user(&stage, Version::V2, "bob");
    peer.expect_silence();
    let payload = lobbyd::object! { "why": "ignored" };
    stage
        .server
        .endpoint()
        .broadcast("users:bob", "disconnect", payload);
    assert_eq!(peer.close_code(), 1001);
}

/// §5: any other event on the id's topic is ignored and not forwarded.
#[test]
fn socket_id_ignores_events_other_than_disconnect() {
    let stage = stage();
    let mut peer = user(&stage, Version::V2, "bob");
    peer.join("room:a");
    // The client's channel follows the same topic, and so shows when the connection has seen an
    // event.
    peer.say("2", "room:a", "follow", json!({"topic": "users:bob"}));
    peer.expect_reply("2", "room:a", "ok", json!({}));
    let endpoint = stage.server.endpoint();
    for event in ["hello", "Disconnect"] {
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
