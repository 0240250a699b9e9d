//! Refs and join refs as opaque JSON values: protocol.md §2.1, §3.1, §3.2, §3.4.
//!
//! The cases are null refs, stale refs, and the order of a duplicate join.
//!
//! The numbers behind B are those of the table in `mod.rs`.

use lobbyd::TerminateReason;
use serde_json::{Value, json};
use testkit::{connect, connect_to};

use crate::phoenix::fixture::stage;
use crate::phoenix::peer::{BOTH, Version};

/// The usual refs, and refs that no present client sends. They include 2^64 and a number too large
/// for a float.
const REFS: [&str; 14] = [
    r#""1""#,
    r#""""#,
    r#""007""#,
    r#""a \"ref\" ü""#,
    "1",
    "0",
    "-5",
    "1.5",
    "1e2",
    "18446744073709551616",
    "true",
    "[1,{\"a\":null}]",
    "{\"b\":2,\"a\":1}",
    r#""12345678901234567890123456789012345678901234567890""#,
];

/// §2.1: refs are echoed exactly as sent.
#[test]
fn refs_of_every_json_kind_come_back_as_they_were_sent() {
    let stage = stage();
    let mut client = connect(&stage.server);
    for reference in REFS {
        client.send_text(&format!(
            "[{reference},{reference},\"room:a\",\"phx_join\",{{}}]"
        ));
        let ok = r#"{"response":{},"status":"ok"}"#;
        let reply = format!("[{reference},{reference},\"room:a\",\"phx_reply\",{ok}]");
        assert_eq!(client.recv().text(), reply);
        client.send_text(&format!(
            "[{reference},{reference},\"room:a\",\"push\",{{}}]"
        ));
        let push = format!("[{reference},null,\"room:a\",\"pushed\",{{}}]");
        assert_eq!(client.recv().text(), push);
        client.send_text(&format!(
            "[null,{reference},\"phoenix\",\"heartbeat\",{{}}]"
        ));
        let beat = format!("[null,{reference},\"phoenix\",\"phx_reply\",{ok}]");
        assert_eq!(client.recv().text(), beat);
        client.send_text(&format!(
            "[{reference},{reference},\"room:a\",\"phx_leave\",{{}}]"
        ));
        assert_eq!(client.recv().text(), reply);
        let close = format!("[{reference},{reference},\"room:a\",\"phx_close\",{{}}]");
        assert_eq!(client.recv().text(), close);
        let bye = format!("[{reference},null,\"room:a\",\"bye\",{{}}]");
        assert_eq!(client.recv().text(), bye);
    }
}

/// §2.1: refs are compared strictly, so a number differs from the string of the same digits.
#[test]
fn join_refs_are_compared_by_json_kind_too() {
    let stage = stage();
    let mut client = connect(&stage.server);
    client.send(json!([1, "1", "room:a", "phx_join", {}]));
    client.expect(json!([1, "1", "room:a", "phx_reply", {"status": "ok", "response": {}}]));
    for stale in ["\"1\"", "1.0", "true", "\"\"", "[1]", "2"] {
        client.send_text(&format!("[{stale},\"2\",\"room:a\",\"status\",{{}}]"));
        client.send_text(&format!("[{stale},\"3\",\"room:a\",\"phx_leave\",{{}}]"));
    }
    client.expect_nothing();
    client.send(json!([1, "4", "room:a", "status", {}]));
    client.expect(json!([1, "4", "room:a", "phx_reply", {"status": "ok", "response": {}}]));
}

/// B 46, 57: pushes and leaves of an earlier join get no answer. Those with a null join ref do.
#[test]
fn stale_messages_are_ignored_and_those_without_join_ref_are_not() {
    let stage = stage();
    let mut peer = stage.peer(Version::V2);
    let mut listener = stage.peer(Version::V2);
    peer.join("room:a");
    listener.join("room:a");
    peer.send_as("10", "2", "room:a", "shout", json!({"body": "stale"}));
    peer.send_as("10", "3", "room:a", "phx_leave", json!({}));
    peer.expect_silence();
    listener.expect_silence_in("room:a");
    peer.send_as((), "4", "room:a", "echo", json!({"n": 4}));
    peer.expect_reply("4", "room:a", "ok", json!({"n": 4}));
    peer.send_as((), "5", "room:a", "phx_leave", json!({}));
    peer.expect_reply("5", "room:a", "ok", json!({}));
    peer.expect_close("room:a");
}

/// §3.1: the join's reply and the channel's ends have the null that was sent. Replies and pushes
/// have the ref of the join. A message with that ref as its join ref is stale.
#[test]
fn join_without_join_ref_takes_its_ref_for_replies_and_pushes_only() {
    let stage = stage();
    let mut client = connect(&stage.server);
    let ok = json!({"status": "ok", "response": {}});
    let join = json!([null, "1", "room:a", "phx_join", {}]);
    client.send(join.clone());
    client.expect(json!([null, "1", "room:a", "phx_reply", ok]));
    client.send(json!([null, "2", "room:a", "push and reply", {}]));
    client.expect(json!(["1", null, "room:a", "pushed", {}]));
    client.expect(json!(["1", "2", "room:a", "phx_reply", ok]));
    client.send(json!(["1", "3", "room:a", "status", {}]));
    client.expect_nothing();
    client.send(json!([null, "4", "room:a", "phx_leave", {}]));
    client.expect(json!(["1", "4", "room:a", "phx_reply", ok]));
    client.expect(json!([null, null, "room:a", "phx_close", {}]));
    client.expect(json!(["1", null, "room:a", "bye", {}]));
    client.send(join);
    client.expect(json!([null, "1", "room:a", "phx_reply", ok]));
    client.send(json!([null, "5", "room:a", "no such event", {}]));
    client.expect(json!(["1", null, "room:a", "bye", {}]));
    client.expect(json!([null, null, "room:a", "phx_error", {"reason": "channel_crash"}]));
}

/// §3.2: a leave of a topic that is not joined echoes both refs. Any other event echoes only the
/// ref, and so does a heartbeat.
#[test]
fn answers_of_the_transport_repeat_what_phoenix_repeats() {
    let stage = stage();
    let mut client = connect(&stage.server);
    let ok = json!({"status": "ok", "response": {}});
    let unmatched = json!({"status": "error", "response": {"reason": "unmatched topic"}});
    client.send(json!(["7", "8", "room:a", "phx_leave", {}]));
    client.expect(json!(["7", "8", "room:a", "phx_reply", ok]));
    client.send(json!([null, null, "nothing", "phx_leave", {}]));
    client.expect(json!([null, null, "nothing", "phx_reply", ok]));
    client.send(json!(["7", "9", "room:a", "any", {}]));
    client.expect(json!([null, "9", "room:a", "phx_reply", unmatched]));
    client.send(json!(["7", "10", "phoenix", "heartbeat", {"ignored": 1}]));
    client.expect(json!([null, "10", "phoenix", "phx_reply", ok]));
}

/// §2.4: the exact bytes of a heartbeat and its answer.
#[test]
fn heartbeat_is_answered_with_the_bytes_of_phoenix() {
    let stage = stage();
    let mut client = connect(&stage.server);
    let mut bytes = vec![0x81, 0xa3, 0x37, 0xfa, 0x21, 0x3d];
    bytes.extend(b"\x6c\x94\x54\x51\x5b\xd6\x03\x0c\x15\xd6\x03\x4d\x5f\x95\x44\x53\x5e\x82");
    bytes.extend(b"\x03\x11\x15\x92\x44\x5c\x45\x8e\x43\x58\x56\x8e\x03\x11\x4c\x87\x7c");
    client.send_raw(&bytes);
    let answer = r#"[null,"1","phoenix","phx_reply",{"response":{},"status":"ok"}]"#;
    assert_eq!(client.recv().text(), answer);
}

/// B 24 and §3.4. Phoenix sends the old channel's close after the new join's reply. Here it comes
/// before the reply, which protocol.md allows, so that no client of V1 takes it for the end of the
/// new channel.
#[test]
fn second_join_ends_the_first_and_stands_on_its_own() {
    for version in BOTH {
        let stage = stage();
        let mut peer = stage.peer(version);
        peer.join("room:a");
        peer.send_as("21", "2", "room:a", "phx_join", json!({}));
        peer.expect_push("room:a", "bye", json!({}));
        peer.expect_close("room:a");
        peer.expect_reply_as("21", "2", "room:a", "ok", json!({}));
        let ended = ("room:a".to_owned(), TerminateReason::JoinedAgain);
        assert_eq!(stage.ended(), ended);
        // The broadcast comes once, although the topic was joined twice.
        peer.send_as("21", "3", "room:a", "shout", json!({"body": 1}));
        peer.expect_broadcast("room:a", "shout", json!({"body": 1}));
        if version == Version::V2 {
            peer.send_as("11", "4", "room:a", "status", json!({}));
        }
        peer.send_as("21", "5", "room:a", "status", json!({}));
        peer.expect_reply_as("21", "5", "room:a", "ok", json!({}));
    }
}

/// §3.4: the close comes even if the new join is refused, and the topic is then not joined.
#[test]
fn second_join_that_is_refused_leaves_the_topic_not_joined() {
    let stage = stage();
    for version in BOTH {
        let mut peer = stage.peer(version);
        peer.join("room:a");
        let params = json!({"do": "refuse", "with": {"reason": "no"}});
        peer.send_as("21", "2", "room:a", "phx_join", params);
        peer.expect_push("room:a", "bye", json!({}));
        peer.expect_close("room:a");
        peer.expect_reply_as("21", "2", "room:a", "error", json!({"reason": "no"}));
        peer.send_as("21", "3", "room:a", "status", json!({}));
        peer.expect_unmatched("3", "room:a");
    }
}

/// §3.3: the messages that phoenix.js sends when a join takes too long. The late reply has the old
/// join ref.
#[test]
fn leave_and_new_join_behind_a_join_that_waits_are_answered_in_order() {
    let stage = stage();
    let mut peer = stage.peer(Version::V2);
    peer.send_as("1", "1", "room:a", "phx_join", json!({"do": "wait"}));
    peer.send_as("1", "2", "room:a", "phx_leave", json!({}));
    peer.send_as("3", "3", "room:a", "phx_join", json!({}));
    peer.send_as("3", "4", "room:a", "status", json!({}));
    // Heartbeats and other topics are served meanwhile.
    peer.expect_silence();
    peer.join("room:b");
    stage.open_gate();
    peer.expect_reply_as("1", "1", "room:a", "ok", json!({}));
    peer.expect_reply_as("1", "2", "room:a", "ok", json!({}));
    peer.expect_message("1", "1", "room:a", "phx_close", json!({}));
    peer.expect_message("1", (), "room:a", "bye", json!({}));
    peer.expect_reply_as("3", "3", "room:a", "ok", json!({}));
    peer.expect_reply_as("3", "4", "room:a", "ok", json!({}));
}

/// §2.3: V1 has no join ref of its own. One that is given counts, and is the ref of the channel's
/// ends.
#[test]
fn join_ref_is_honoured_in_version_1() {
    let stage = stage();
    let mut client = connect_to(stage.server.local_addr(), "/socket/websocket?vsn=1.0.0");
    let message = |join_ref: Value, reference: &str, event: &str| json!({"topic": "room:a", "event": event, "payload": {}, "ref": reference, "join_ref": join_ref});
    let reply = |reference: &str| {
        let ok = json!({"status": "ok", "response": {}});
        json!({"topic": "room:a", "event": "phx_reply", "payload": ok, "ref": reference})
    };
    client.send(message(json!("11"), "1", "phx_join"));
    client.expect(reply("1"));
    client.send(message(json!("10"), "2", "status"));
    client.send(message(json!("10"), "3", "phx_leave"));
    client.send(message(json!(11), "4", "status"));
    client.send(message(json!(null), "5", "status"));
    client.expect(reply("5"));
    client.send(message(json!("11"), "6", "phx_leave"));
    client.expect(reply("6"));
    client.expect(json!({"topic": "room:a", "event": "phx_close", "payload": {}, "ref": "11"}));
    client.expect(json!({"topic": "room:a", "event": "bye", "payload": {}, "ref": null}));
}
