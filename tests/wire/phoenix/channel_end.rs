//! The ends of a channel: the rows of protocol.md §3.6. Ends without a wire form are in `binary`.
//!
//! The numbers behind B are those of the table in `mod.rs`.

use lobbyd::{SocketHandle, StopReason, TerminateReason};
use serde_json::json;
use testkit::{eventually, frame};

use crate::phoenix::fixture::{Stage, stage};
use crate::phoenix::peer::{BOTH, Version};
use crate::phoenix::room::Stop;

fn ended_as(stage: &Stage, reason: TerminateReason) {
    assert_eq!(stage.ended(), ("room:a".to_owned(), reason));
}

/// B 31, 100, 101: the reply, if any, phx_close, then the frames that terminate pushes. After that
/// the topic is not joined.
#[test]
fn announced_stop_closes_the_channel() {
    let reasons = [
        ("normal", StopReason::Normal),
        ("shutdown", StopReason::Shutdown),
    ];
    for version in BOTH {
        let stage = stage();
        let mut peer = stage.peer(version);
        for (name, reason) in reasons.clone() {
            for event in ["stop", "stop and reply", "stop by info"] {
                peer.join("room:a");
                peer.say("2", "room:a", event, json!({"reason": name}));
                if event == "stop and reply" {
                    peer.expect_reply("2", "room:a", "ok", json!({"stopped": true}));
                }
                peer.expect_close("room:a");
                peer.expect_push("room:a", "bye", json!({}));
                ended_as(&stage, TerminateReason::Stopped(reason.clone()));
                peer.say("3", "room:a", "status", json!({}));
                peer.expect_unmatched("3", "room:a");
            }
        }
    }
}

/// §3.6, second row: the reply, the frames that terminate pushes, phx_error.
#[test]
fn stop_for_any_other_reason_is_an_error() {
    for version in BOTH {
        let stage = stage();
        let mut peer = stage.peer(version);
        for event in ["stop", "stop and reply", "stop by info"] {
            peer.join("room:a");
            peer.say("2", "room:a", event, json!({"reason": "other"}));
            if event == "stop and reply" {
                peer.expect_reply("2", "room:a", "ok", json!({"stopped": true}));
            }
            peer.expect_push("room:a", "bye", json!({}));
            peer.expect_error("room:a");
            let failed = StopReason::Failed("as asked".to_owned());
            ended_as(&stage, TerminateReason::Stopped(failed));
            peer.say("3", "room:a", "status", json!({}));
            peer.expect_unmatched("3", "room:a");
        }
    }
}

/// B 100: a stop from handle_out, and through a handle.
#[test]
fn broadcast_or_a_handle_may_stop_the_channel() {
    let stage = stage();
    let mut peer = stage.peer(Version::V2);
    peer.join("room:a");
    stage
        .server
        .endpoint()
        .broadcast("room:a", "stop on this", ());
    peer.expect_close("room:a");
    peer.expect_push("room:a", "bye", json!({}));
    ended_as(&stage, TerminateReason::Stopped(StopReason::Shutdown));
    type Order = fn(SocketHandle);
    let orders: [Order; 2] = [
        |handle| handle.stop(StopReason::Normal),
        |handle| handle.send(Stop(StopReason::Normal)),
    ];
    for order in orders {
        peer.join("room:a");
        peer.say("2", "room:a", "handle", json!({}));
        order(stage.handle());
        peer.expect_close("room:a");
        peer.expect_push("room:a", "bye", json!({}));
        ended_as(&stage, TerminateReason::Stopped(StopReason::Normal));
    }
}

/// B 17, 56, 99: earlier pushes, the frames that terminate pushes, then phx_error with the join's
/// ref in both places, and no phx_close. The socket and its other channels continue. Other members
/// see the broadcast and nothing of the crash.
#[test]
fn panic_ends_the_channel_with_phx_error_and_keeps_what_was_sent_before() {
    for version in BOTH {
        let stage = stage();
        let mut peer = stage.peer(version);
        let mut other = stage.peer(version);
        peer.join("room:a");
        peer.join("room:b");
        other.join("room:a");
        peer.say("2", "room:a", "push, broadcast and panic", json!({}));
        peer.expect_push("room:a", "pushed", json!({}));
        peer.expect_broadcast("room:a", "shout", json!({"n": 1}));
        peer.expect_push("room:a", "bye", json!({}));
        peer.expect_error("room:a");
        ended_as(&stage, TerminateReason::Crashed("expected".to_owned()));
        other.expect_broadcast("room:a", "shout", json!({"n": 1}));
        other.expect_silence_in("room:a");
        peer.say("3", "room:b", "status", json!({}));
        peer.expect_reply("3", "room:b", "ok", json!({}));
        peer.say("4", "room:a", "status", json!({}));
        peer.expect_unmatched("4", "room:a");
        peer.join("room:a");
    }
}

/// §3.6: Phoenix loses messages that were forwarded to a channel that ends. Here queued messages
/// count as sent after its end, so each is answered.
#[test]
fn messages_behind_a_stop_find_the_topic_not_joined() {
    let stage = stage();
    let mut peer = stage.peer(Version::V2);
    peer.join("room:a");
    peer.say("2", "room:a", "wait", json!({}));
    peer.say("3", "room:a", "stop", json!({"reason": "normal"}));
    peer.say("4", "room:a", "status", json!({}));
    stage.open_gate();
    peer.expect_reply("2", "room:a", "ok", json!({"waited": true}));
    peer.expect_close("room:a");
    peer.expect_push("room:a", "bye", json!({}));
    peer.expect_unmatched("4", "room:a");
}

/// §3.6: a callback that still waits is abandoned. A join without an answer yet has nothing to
/// terminate.
#[test]
fn connection_that_ends_while_callbacks_wait_ends_joined_channels_only() {
    let stage = stage();
    let mut peer = stage.peer(Version::V2);
    peer.join("room:a");
    peer.say("2", "room:a", "wait", json!({}));
    peer.join_with("room:b", json!({"do": "wait"}));
    peer.expect_silence();
    drop(peer);
    ended_as(&stage, TerminateReason::Closed);
    stage.open_gate();
    stage.open_gate();
    let mut peer = stage.peer(Version::V2);
    peer.join("room:a");
    peer.say("2", "room:a", "phx_leave", json!({}));
    ended_as(&stage, TerminateReason::Left);
}

/// B 18, 104: no frames are sent, and terminate runs for every channel.
#[test]
fn end_of_the_connection_ends_every_channel() {
    for version in BOTH {
        let stage = stage();
        let mut peer = stage.peer(version);
        peer.join("room:a");
        peer.join("room:b");
        peer.send_raw(&frame(8, &1000u16.to_be_bytes()));
        assert_eq!(peer.close_code(), 1000);
        let mut topics = [stage.ended(), stage.ended()];
        topics.sort_by(|a, b| a.0.cmp(&b.0));
        let closed = |topic: &str| (topic.to_owned(), TerminateReason::Closed);
        assert_eq!(topics, [closed("room:a"), closed("room:b")]);
        // A connection that breaks without a Close also ends its channels.
        let mut peer = stage.peer(version);
        peer.join("room:a");
        drop(peer);
        assert_eq!(stage.ended(), closed("room:a"));
        let endpoint = stage.server.endpoint();
        eventually("no topic is left", || endpoint.topics_len() == 0);
    }
}
