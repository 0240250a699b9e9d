//! Messages from outside a callback: reply handles, socket handles, the endpoint: protocol.md §4.
//!
//! Topics that a channel follows by hand are tested here too.
//!
//! The numbers behind B are those of the table in `mod.rs`.

use lobbyd::{StopReason, object};
use serde_json::json;

use crate::phoenix::fixture::stage;
use crate::phoenix::peer::{BOTH, Version};

/// B 98: replies have the original ref and join ref. They may be sent any number of times, from
/// another thread, even after later events of the channel.
#[test]
fn reply_handle_answers_later_and_as_often_as_it_likes() {
    for version in BOTH {
        let stage = stage();
        let mut peer = stage.peer(version);
        peer.join("room:a");
        peer.say("2", "room:a", "reply handle", json!({}));
        let handle = stage.reply_handle();
        peer.say("3", "room:a", "status", json!({}));
        peer.expect_reply("3", "room:a", "ok", json!({}));
        std::thread::spawn(move || {
            handle.reply("ok", object! { "n": 1 });
            handle.clone().reply("progress", object! { "n": 2 });
        });
        peer.expect_reply("2", "room:a", "ok", json!({"n": 1}));
        peer.expect_reply("2", "room:a", "progress", json!({"n": 2}));
    }
}

/// B 95: an event without a ref has no reply handle.
#[test]
fn event_without_a_ref_has_no_reply_handle() {
    let stage = stage();
    let mut peer = stage.peer(Version::V2);
    peer.join("room:a");
    peer.send_as("11", (), "room:a", "reply handle", json!({}));
    peer.expect_reply_as("11", (), "room:a", "no handle", json!({}));
}

/// B 98: an event whose answer waits holds up neither pushes nor replies through handles.
#[test]
fn pushes_and_replies_of_handles_go_out_while_the_channel_waits() {
    let stage = stage();
    let mut peer = stage.peer(Version::V2);
    peer.join("room:a");
    peer.say("2", "room:a", "handle", json!({}));
    peer.say("3", "room:a", "reply handle", json!({}));
    peer.say("4", "room:a", "wait", json!({}));
    peer.expect_silence();
    stage.handle().push("progress", object! { "percent": 50 });
    peer.expect_push("room:a", "progress", json!({"percent": 50}));
    stage.reply_handle().reply("ok", ());
    peer.expect_reply("3", "room:a", "ok", json!({}));
    stage.open_gate();
    peer.expect_reply("4", "room:a", "ok", json!({"waited": true}));
}

/// B 98, 100: messages through handles of a channel that has ended do no harm, even to its
/// successor.
#[test]
fn handles_of_a_channel_that_has_ended_do_nothing() {
    let stage = stage();
    let mut peer = stage.peer(Version::V2);
    peer.join("room:a");
    peer.say("2", "room:a", "reply handle", json!({}));
    let reply_handle = stage.reply_handle();
    peer.say("3", "room:a", "handle", json!({}));
    let handle = stage.handle();
    peer.send_as("21", "4", "room:a", "phx_join", json!({}));
    peer.expect_push("room:a", "bye", json!({}));
    peer.expect_close("room:a");
    peer.expect_reply_as("21", "4", "room:a", "ok", json!({}));
    reply_handle.reply("ok", ());
    handle.push("late", ());
    handle.broadcast("late", ());
    handle.stop(StopReason::Normal);
    // Mail keeps its order: this message goes the same way as the earlier ones, to the new channel.
    peer.send_as("21", "5", "room:a", "handle", json!({}));
    stage.ended();
    stage.handle().push("new", ());
    peer.expect_message("21", (), "room:a", "new", json!({}));
    peer.expect_silence();
}

/// §4: pushes and broadcasts of a handle look like the channel's own.
#[test]
fn socket_handle_pushes_and_broadcasts_from_outside() {
    for version in BOTH {
        let stage = stage();
        let mut peer = stage.peer(version);
        let mut other = stage.peer(version);
        peer.join("room:a");
        other.join("room:a");
        peer.say("2", "room:a", "handle", json!({}));
        let handle = stage.handle();
        handle.push("news", object! { "n": 1 });
        peer.expect_push("room:a", "news", json!({"n": 1}));
        handle.broadcast("news", object! { "n": 2 });
        peer.expect_broadcast("room:a", "news", json!({"n": 2}));
        other.expect_broadcast("room:a", "news", json!({"n": 2}));
        handle.broadcast_from("news", object! { "n": 3 });
        other.expect_broadcast("room:a", "news", json!({"n": 3}));
        peer.expect_silence_in("room:a");
    }
}

/// B 105: a broadcast on a topic that is followed by hand reaches the channel, and never the client
/// directly. The following ends with the channel.
#[test]
fn broadcast_on_a_followed_topic_comes_to_the_channel_only() {
    for version in BOTH {
        let stage = stage();
        let endpoint = stage.server.endpoint();
        let mut peer = stage.peer(version);
        peer.join("room:a");
        peer.say("2", "room:a", "follow", json!({"topic": "news:x"}));
        peer.expect_reply("2", "room:a", "ok", json!({}));
        endpoint.broadcast("news:x", "flash", object! { "n": 1 });
        let heard = json!({"topic": "news:x", "event": "flash", "payload": {"n": 1}});
        peer.expect_push("room:a", "heard", heard);
        peer.say("3", "room:a", "phx_leave", json!({}));
        peer.expect_reply("3", "room:a", "ok", json!({}));
        let nobody = endpoint.broadcast("news:x", "flash", ());
        assert_eq!(nobody.position(), None);
    }
}

/// §4: if a channel follows a topic that its client has joined, both get a copy.
#[test]
fn topic_may_be_joined_and_followed_at_once() {
    let stage = stage();
    let mut peer = stage.peer(Version::V2);
    peer.join("room:a");
    peer.join("room:b");
    peer.say("2", "room:a", "follow", json!({"topic": "room:b"}));
    peer.expect_reply("2", "room:a", "ok", json!({}));
    peer.say("3", "room:b", "shout", json!({"n": 1}));
    peer.expect_broadcast("room:b", "shout", json!({"n": 1}));
    let heard = json!({"topic": "room:b", "event": "shout", "payload": {"n": 1}});
    peer.expect_push("room:a", "heard", heard);
}

/// B 107: broadcasts from outside any channel. A topic without members is no error.
#[test]
fn endpoint_broadcasts_to_everybody_in_the_topic() {
    let stage = stage();
    let endpoint = stage.server.endpoint().clone();
    let nobody = endpoint.broadcast("room:a", "news", ());
    assert_eq!(nobody.position(), None);
    let mut peers = BOTH.map(|version| stage.peer(version));
    peers.iter_mut().for_each(|peer| peer.join("room:a"));
    let [first, second] = [1, 2].map(|n| {
        let published = endpoint.broadcast("room:a", "news", object! { "n": n });
        published.position().expect("two are there")
    });
    assert_eq!(first.epoch(), second.epoch());
    assert!(0 < first.sequence() && first.sequence() < second.sequence());
    for peer in &mut peers {
        peer.expect_broadcast("room:a", "news", json!({"n": 1}));
        peer.expect_broadcast("room:a", "news", json!({"n": 2}));
    }
}
