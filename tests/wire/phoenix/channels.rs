//! Joins, leaves and events: protocol.md §3.2, §3.3, §3.5 and the result table of §4.
//!
//! The numbers behind B are those of the table in `mod.rs`.

use lobbyd::{TerminateReason, object};
use serde_json::json;

use crate::phoenix::fixture::{stage, stage_with};
use crate::phoenix::peer::{BOTH, Version};

/// B 2, 3.
#[test]
fn join_gets_its_reply_then_a_push_with_the_join_ref_then_a_broadcast() {
    let stage = stage();
    for version in BOTH {
        let mut peer = stage.peer(version);
        let topic = format!("room:{version:?}");
        peer.join_with(&topic, json!({"do": "after join"}));
        peer.expect_reply("1", &topic, "ok", json!({}));
        peer.expect_push(&topic, "joined", json!({"status": "connected"}));
        peer.expect_broadcast(&topic, "user_entered", json!({"user": "ann"}));
    }
}

/// B 4, 102.
#[test]
fn intercepted_broadcast_is_altered_for_each_client_others_come_straight() {
    let stage = stage();
    for version in BOTH {
        let topic = format!("room:{version:?}");
        let mut peers: Vec<_> = (0..4)
            .map(|n| {
                let mut peer = stage.peer(version);
                peer.join_with(&topic, json!({"name": format!("n{n}")}));
                peer.expect_reply("1", &topic, "ok", json!({}));
                peer
            })
            .collect();
        peers[0].say("2", &topic, "tagged", json!({"body": "hi"}));
        for (n, peer) in peers.iter_mut().enumerate() {
            let tagged = json!({"tag": format!("n{n}"), "body": "hi"});
            peer.expect_push(&topic, "tagged", tagged);
        }
        peers[1].say("2", &topic, "shout", json!({"body": "hi"}));
        for peer in &mut peers {
            peer.expect_broadcast(&topic, "shout", json!({"body": "hi"}));
        }
        let endpoint = stage.server.endpoint();
        endpoint.broadcast(&topic, "keep back", ());
        endpoint.broadcast(&topic, "tagged", object! { "body": "next" });
        for (n, peer) in peers.iter_mut().enumerate() {
            let tagged = json!({"tag": format!("n{n}"), "body": "next"});
            peer.expect_push(&topic, "tagged", tagged);
        }
    }
}

/// B 5, 6, 103 and §3.5: reply, close, then the frames that terminate pushes. After that the topic
/// is not joined.
#[test]
fn leave_is_answered_and_closed_and_what_comes_later_is_unmatched() {
    for version in BOTH {
        let stage = stage();
        let mut listener = stage.peer(version);
        let mut peer = stage.peer(version);
        listener.join("room:a");
        peer.join("room:a");
        peer.say("2", "room:a", "phx_leave", json!({}));
        peer.expect_reply("2", "room:a", "ok", json!({}));
        peer.expect_close("room:a");
        peer.expect_push("room:a", "bye", json!({}));
        assert_eq!(stage.ended(), ("room:a".to_owned(), TerminateReason::Left));
        peer.say("3", "room:a", "shout", json!({"body": "lost"}));
        peer.expect_unmatched("3", "room:a");
        // A second leave is harmless, and its answer echoes both refs.
        peer.say("4", "room:a", "phx_leave", json!({}));
        peer.expect_reply("4", "room:a", "ok", json!({}));
        stage.server.endpoint().broadcast("room:a", "after", ());
        peer.expect_silence();
        listener.expect_broadcast("room:a", "after", json!({}));
    }
}

/// §3.5: messages sent before the leave are handled first.
#[test]
fn messages_sent_before_a_leave_are_handled_before_it() {
    let stage = stage();
    let mut peer = stage.peer(Version::V2);
    peer.join("room:a");
    peer.say("2", "room:a", "wait", json!({}));
    peer.say("3", "room:a", "echo", json!({"n": 1}));
    peer.say("4", "room:a", "phx_leave", json!({}));
    peer.say("5", "room:a", "echo", json!({}));
    peer.expect_silence();
    stage.open_gate();
    peer.expect_reply("2", "room:a", "ok", json!({"waited": true}));
    peer.expect_reply("3", "room:a", "ok", json!({"n": 1}));
    peer.expect_reply("4", "room:a", "ok", json!({}));
    peer.expect_close("room:a");
    peer.expect_push("room:a", "bye", json!({}));
    peer.expect_unmatched("5", "room:a");
}

/// §3.5: phoenix.js from 1.5 on sends a leave and a join back to back. Phoenix loses the leave's
/// reply; here it always comes.
#[test]
fn leave_with_a_join_right_behind_it_gets_both_answers() {
    let stage = stage();
    let mut peer = stage.peer(Version::V2);
    peer.join("room:a");
    peer.send_as("11", "12", "room:a", "phx_leave", json!({}));
    peer.send_as("13", "13", "room:a", "phx_join", json!({}));
    peer.expect_reply("12", "room:a", "ok", json!({}));
    peer.expect_close("room:a");
    peer.expect_push("room:a", "bye", json!({}));
    peer.expect_reply_as("13", "13", "room:a", "ok", json!({}));
    peer.send_as("13", "14", "room:a", "status", json!({}));
    peer.expect_reply_as("13", "14", "room:a", "ok", json!({}));
}

/// B 7 and §3.3: an unmatched topic is reported before the limit. A refused join and a leave free
/// their place. A duplicate join frees its place first of all.
#[test]
fn channel_101_is_refused() {
    let stage = stage();
    for version in BOTH {
        let mut peer = stage.peer(version);
        peer.join_with("room:r", json!({"do": "refuse"}));
        peer.expect_reply("1", "room:r", "error", json!({}));
        for n in 0..100 {
            peer.join(&format!("room:{n}"));
        }
        let full = json!({"reason": "too many channels joined"});
        peer.say("9", "room:100", "phx_join", json!({}));
        peer.expect_reply("9", "room:100", "error", full.clone());
        peer.say("10", "nothing", "phx_join", json!({}));
        peer.expect_unmatched("10", "nothing");
        peer.say("12", "room:0", "phx_leave", json!({}));
        peer.expect_reply("12", "room:0", "ok", json!({}));
        peer.expect_close("room:0");
        peer.expect_push("room:0", "bye", json!({}));
        peer.join("room:100");
        peer.say("13", "room:0", "phx_join", json!({}));
        peer.expect_reply("13", "room:0", "error", full);
        peer.say("14", "room:1", "status", json!({}));
        peer.expect_reply("14", "room:1", "ok", json!({}));
    }
}

/// B 8, and §3.3 on the duplicate join at the limit.
#[test]
fn channel_limit_can_be_set_and_a_duplicate_join_frees_its_place_first() {
    let stage = stage_with(|socket| socket.channels_max(1));
    for version in BOTH {
        let mut peer = stage.peer(version);
        peer.join("room:a");
        peer.say("2", "room:b", "phx_join", json!({}));
        let full = json!({"reason": "too many channels joined"});
        peer.expect_reply("2", "room:b", "error", full);
        peer.say("3", "room:a", "phx_join", json!({}));
        peer.expect_push("room:a", "bye", json!({}));
        peer.expect_close("room:a");
        peer.expect_reply("3", "room:a", "ok", json!({}));
    }
}

/// B 19, 27 and §3.2: the answer has a null join ref whatever the client sent, and the socket stays
/// open.
#[test]
fn topics_that_are_not_joined_or_match_no_pattern_are_unmatched() {
    let stage = stage();
    let mut listener = stage.peer(Version::V2);
    listener.join("room:a");
    for version in BOTH {
        let mut peer = stage.peer(version);
        peer.say("2", "room:a", "shout", json!({"body": "no"}));
        peer.expect_unmatched("2", "room:a");
        for topic in [
            "nothing", "exactly", "exac", "Exact", "ROOM:a", "", "phoenix",
        ] {
            peer.say("3", topic, "phx_join", json!({}));
            peer.expect_unmatched("3", topic);
        }
        // On this topic only the event `heartbeat` is special.
        peer.say("4", "phoenix", "other", json!({}));
        peer.expect_unmatched("4", "phoenix");
        peer.join("exact");
        // The bare prefix matches the pattern too.
        peer.join("room:");
    }
    listener.expect_silence_in("room:a");
}

/// B 29, 30, 96 and §3.3: nothing of a refused join remains.
#[test]
fn refused_or_crashed_join_tells_why_and_leaves_nothing_behind() {
    let stage = stage();
    for version in BOTH {
        let mut peer = stage.peer(version);
        let why = json!({"reason": "unauthorized"});
        peer.join_with(
            "room:a",
            json!({"do": "push, broadcast and refuse", "with": why}),
        );
        peer.expect_reply("1", "room:a", "error", why);
        stage.server.endpoint().broadcast("room:a", "shout", ());
        stage.server.endpoint().broadcast("elsewhere", "shout", ());
        peer.say("2", "room:a", "shout", json!({}));
        peer.expect_unmatched("2", "room:a");
        peer.join_with("room:a", json!({"do": "panic"}));
        peer.expect_reply("1", "room:a", "error", json!({"reason": "join crashed"}));
        peer.join("room:a");
        peer.say("3", "room:a", "status", json!({}));
        peer.expect_reply("3", "room:a", "ok", json!({}));
    }
}

/// §2.2, §3.3: a join's params and response are any JSON value.
#[test]
fn join_takes_and_answers_any_json_value() {
    let stage = stage();
    for version in BOTH {
        let mut peer = stage.peer(version);
        for params in [
            json!(null),
            json!([1, "a"]),
            json!("text"),
            json!(1.5),
            json!(true),
        ] {
            peer.join_with("room:a", params.clone());
            peer.expect_reply("1", "room:a", "ok", params);
            peer.say("2", "room:a", "phx_leave", json!({}));
            peer.expect_reply("2", "room:a", "ok", json!({}));
            peer.expect_close("room:a");
            peer.expect_push("room:a", "bye", json!({}));
        }
        for with in [json!([1]), json!("list"), json!(null)] {
            peer.join_with("room:b", json!({"do": "refuse", "with": with}));
            peer.expect_reply("1", "room:b", "error", with);
        }
    }
}

/// B 94, 97 and the table of §4.
#[test]
fn results_of_handle_in_each_have_their_form_on_the_wire() {
    let stage = stage();
    for version in BOTH {
        let mut peer = stage.peer(version);
        peer.join("room:a");
        peer.say("2", "room:a", "status", json!({"ignored": 1}));
        peer.expect_reply("2", "room:a", "ok", json!({}));
        peer.say("3", "room:a", "weird", json!({"a": 1}));
        peer.expect_reply("3", "room:a", "weird_status", json!({"a": 1}));
        peer.say("4", "room:a", "error", json!({}));
        peer.expect_reply("4", "room:a", "error", json!({"reason": "as asked"}));
        peer.say("5", "room:a", "push", json!({"a": 1}));
        peer.expect_push("room:a", "pushed", json!({"a": 1}));
        peer.expect_silence();
        for value in [
            json!([1, {"a": null}]),
            json!("text"),
            json!(null),
            json!(7),
        ] {
            peer.say("6", "room:a", "echo", value.clone());
            peer.expect_reply("6", "room:a", "ok", value);
        }
        // The answer to a push without a ref has no ref either.
        peer.send_as("11", (), "room:a", "echo", json!({"a": 1}));
        peer.expect_reply_as("11", (), "room:a", "ok", json!({"a": 1}));
    }
}

/// §2.1: object keys and text come back unchanged, non-ASCII unescaped.
#[test]
fn payloads_come_back_byte_for_byte() {
    let stage = stage();
    let mut peer = stage.peer(Version::V2);
    peer.join("room:a");
    let payload = r#"{ "__proto__":{"constructor":1}, "big":123456789012345678901234567890,"é":"ü\u0000🎈","a":1,"a":2,"f":1.50}"#;
    peer.send_text(&format!(r#"["11","2","room:a","echo",{payload}]"#));
    let answer = peer.recv();
    let expected =
        format!(r#"["11","2","room:a","phx_reply",{{"response":{payload},"status":"ok"}}]"#);
    assert_eq!(answer.text(), expected);
}

/// §3.7: from clients only phx_join and phx_leave are special. An app may even broadcast the
/// reserved names.
#[test]
fn reserved_names_are_events_like_any_other() {
    let stage = stage();
    for version in BOTH {
        let mut peer = stage.peer(version);
        let topic = format!("room:{version:?}");
        peer.join(&topic);
        peer.say("2", &topic, "phx_close", json!({"body": 1}));
        peer.expect_broadcast(&topic, "phx_close", json!({"body": 1}));
        peer.say("3", &topic, "heartbeat", json!({}));
        peer.expect_push(&topic, "bye", json!({}));
        peer.expect_error(&topic);
    }
}
