//! Binary frames: protocol.md §2.4, to the byte.
//!
//! The numbers behind B are those of the table in `mod.rs`.

use lobbyd::TerminateReason;
use serde_json::json;
use testkit::{Client, connect};

use crate::phoenix::fixture::{Stage, stage};
use crate::phoenix::peer::Version;

/// Returns a client's push: `00`, four lengths, the four names, the data.
fn push(join_ref: &str, reference: &str, topic: &[u8], event: &str, data: &[u8]) -> Vec<u8> {
    let names = [
        join_ref.as_bytes(),
        reference.as_bytes(),
        topic,
        event.as_bytes(),
    ];
    framed(0, &names, data)
}

fn framed(kind: u8, names: &[&[u8]], data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind];
    bytes.extend(names.iter().map(|name| name.len() as u8));
    bytes.extend(names.concat());
    bytes.extend(data);
    bytes
}

#[track_caller]
fn expect_binary(client: &mut Client, bytes: &[u8]) {
    let frame = client.recv();
    assert_eq!((frame.opcode, &frame.payload[..]), (2, bytes), "{frame:?}");
}

/// Returns a client of V2 in `room:a` with the join ref "1", joined through a text frame.
fn joined(stage: &Stage) -> Client {
    let mut client = connect(&stage.server);
    client.send(json!(["1", "1", "room:a", "phx_join", {}]));
    client.expect(json!(["1", "1", "room:a", "phx_reply", {"status": "ok", "response": {}}]));
    client
}

/// B 32, 86, 88 and the bytes of §2.4. A reply is binary if and only if its payload is, whatever
/// the form of its request.
#[test]
fn pushes_replies_and_broadcasts_of_bytes_are_binary_frames() {
    let stage = stage();
    let mut client = joined(&stage);
    client.send_binary(b"\x00\x01\x01\x06\x0412room:aecho\xde\xad");
    expect_binary(&mut client, b"\x01\x01\x01\x06\x0212room:aok\xde\xad");
    client.send_binary(&push("1", "3", b"room:a", "push", &[5, 6]));
    expect_binary(&mut client, b"\x00\x01\x06\x061room:apushed\x05\x06");
    client.send_binary(&push("1", "4", b"room:a", "shout", &[1, 2]));
    expect_binary(&mut client, b"\x02\x06\x05room:ashout\x01\x02");
    client.send_binary(&push("1", "5", b"room:a", "status", &[]));
    client.expect(json!(["1", "5", "room:a", "phx_reply", {"status": "ok", "response": {}}]));
    client.send(json!(["1", "6", "room:a", "bytes", {}]));
    expect_binary(&mut client, b"\x01\x01\x01\x06\x0216room:aok\x01\x02");
    client.send_binary(&push("1", "7", b"room:a", "echo", &[]));
    expect_binary(&mut client, b"\x01\x01\x01\x06\x0217room:aok");
}

/// §2.4: a join, a leave or a heartbeat may be a binary frame, and so may a join's reply. Lengths
/// count UTF-8 bytes.
#[test]
fn joins_leaves_and_heartbeats_may_be_binary() {
    let stage = stage();
    let mut client = connect(&stage.server);
    let topic = "room:é".as_bytes();
    client.send_binary(&push("1", "2", topic, "phx_join", b"\x00\xff"));
    expect_binary(
        &mut client,
        &framed(1, &[b"1", b"2", topic, b"ok"], b"\x00\xff"),
    );
    client.send_binary(b"\x00\x01\x01\x07\x0412room:\xc3\xa9echo\x00");
    expect_binary(
        &mut client,
        &framed(1, &[b"1", b"2", topic, b"ok"], b"\x00"),
    );
    client.send_binary(&push("", "3", b"phoenix", "heartbeat", b"{}"));
    let ok = json!({"status": "ok", "response": {}});
    client.expect(json!([null, "3", "phoenix", "phx_reply", ok]));
    client.send_binary(&push("1", "4", topic, "phx_leave", b""));
    client.expect(json!(["1", "4", "room:é", "phx_reply", ok]));
    client.expect(json!(["1", "1", "room:é", "phx_close", {}]));
    client.expect(json!(["1", null, "room:é", "bye", {}]));
    client.send(json!(["1", "5", "room:b", "phx_join", {"do": "reply bytes"}]));
    expect_binary(&mut client, b"\x01\x01\x01\x06\x0215room:bok\x07\x08");
}

/// §2.4, §3.2: length 0 is the empty string, not null. Such a push is stale in a topic that was
/// joined with a join ref.
#[test]
fn empty_join_ref_of_a_binary_frame_is_not_null() {
    let stage = stage();
    let mut client = joined(&stage);
    client.send_binary(&push("", "2", b"room:a", "echo", &[1]));
    client.send_binary(&push("", "2", b"room:a", "phx_leave", &[]));
    client.expect_nothing();
    client.send_binary(&push("1", "", b"room:a", "status", &[]));
    client.expect(json!(["1", "", "room:a", "phx_reply", {"status": "ok", "response": {}}]));
    // A numeric join ref differs from the string that binary frames can carry.
    client.send(json!([1, "1", "room:b", "phx_join", {}]));
    client.expect(json!([1, "1", "room:b", "phx_reply", {"status": "ok", "response": {}}]));
    client.send_binary(&push("1", "2", b"room:b", "echo", &[1]));
    client.expect_nothing();
    // In a binary header numbers are written in decimal, and null is empty.
    client.send(json!([1, 25, "room:b", "bytes", {}]));
    expect_binary(&mut client, b"\x01\x01\x02\x06\x02125room:bok\x01\x02");
    client.send(json!([1, null, "room:b", "bytes", {}]));
    expect_binary(&mut client, b"\x01\x01\x00\x06\x021room:bok\x01\x02");
}

/// §2.4: a binary join without a join ref has the empty string as its join ref. It does not take
/// its ref, as a join with null does.
#[test]
fn binary_join_with_an_empty_join_ref_goes_by_the_empty_string() {
    let stage = stage();
    let mut client = connect(&stage.server);
    client.send_binary(&push("", "7", b"room:a", "phx_join", &[1]));
    expect_binary(&mut client, b"\x01\x00\x01\x06\x027room:aok\x01");
    client.send_binary(&push("", "8", b"room:a", "push", &[2]));
    expect_binary(&mut client, b"\x00\x00\x06\x06room:apushed\x02");
    client.send(json!(["7", "9", "room:a", "status", {}]));
    client.expect_nothing();
    client.send(json!(["", "10", "room:a", "status", {}]));
    client.expect(json!(["", "10", "room:a", "phx_reply", {"status": "ok", "response": {}}]));
}

/// B 87. A value without a binary form is the channel's mistake.
#[test]
fn name_over_255_bytes_crashes_the_channel_that_sends_bytes_with_it() {
    let stage = stage();
    let mut client = connect(&stage.server);
    let topic = format!("room:{}", "x".repeat(250));
    client.send(json!(["1", "1", topic, "phx_join", {}]));
    client.json();
    client.send(json!(["1", "2", topic, "bytes", {}]));
    let names = [b"1", b"2", topic.as_bytes(), b"ok"];
    expect_binary(&mut client, &framed(1, &names, &[1, 2]));
    let topic = topic + "y";
    client.send(json!(["1", "1", topic, "phx_join", {}]));
    client.json();
    client.send(json!(["1", "2", topic, "bytes", {}]));
    client.expect(json!(["1", null, topic, "bye", {}]));
    client.expect(json!(["1", "1", topic, "phx_error", {"reason": "channel_crash"}]));
    let long_ref = "9".repeat(256);
    client.send(json!(["1", "1", "room:a", "phx_join", {}]));
    client.json();
    client.send(json!(["1", long_ref, "room:a", "bytes", {}]));
    client.expect(json!(["1", null, "room:a", "bye", {}]));
    client.expect(json!(["1", "1", "room:a", "phx_error", {"reason": "channel_crash"}]));
}

/// §2.3: bytes have no form in V1. A reply or push crashes the channel. A broadcast skips
/// subscribers of V1, where Phoenix crashes the broadcaster.
#[test]
fn bytes_have_no_form_in_version_1() {
    let stage = stage();
    let mut old = stage.peer(Version::V1);
    let mut new = joined(&stage);
    old.join("room:a");
    new.send_binary(&push("1", "2", b"room:a", "shout", &[1]));
    expect_binary(&mut new, b"\x02\x06\x05room:ashout\x01");
    new.send(json!(["1", "3", "room:a", "shout", {"n": 3}]));
    new.expect(json!([null, null, "room:a", "shout", {"n": 3}]));
    old.expect_broadcast("room:a", "shout", json!({"n": 3}));
    old.say("4", "room:a", "bytes", json!({}));
    old.expect_push("room:a", "bye", json!({}));
    old.expect_error("room:a");
    new.expect_nothing();
}

/// §2.5: frames that are truncated before the event and frames of other kinds are undecodable.
#[test]
fn binary_frame_that_is_no_push_closes_the_socket_with_1011() {
    let stage = stage();
    let whole = push("1", "2", b"room:a", "echo", &[]);
    let cut = (0..whole.len() - 4).map(|len| whole[..len].to_vec());
    let kinds = [1, 2, 3, 255].map(|kind| framed(kind, &[b"1", b"2", b"room:a", b"echo"], &[]));
    let text = br#"["1","2","room:a","echo",{}]"#.to_vec();
    for bytes in cut.chain(kinds).chain([text]) {
        let mut client = joined(&stage);
        client.send_binary(&bytes);
        assert_eq!(client.close_code(), 1011, "{bytes:?}");
        assert_eq!(stage.ended().1, TerminateReason::Closed);
    }
}

/// §2.5: a frame that is truncated in its event is answered.
#[test]
fn binary_frame_that_is_cut_behind_its_topic_is_answered() {
    let stage = stage();
    let mut client = joined(&stage);
    let whole = push("1", "2", b"room:a", "echo", &[]);
    for len in whole.len() - 4..whole.len() {
        client.send_binary(&whole[..len]);
        let why = json!({"reason": "message cannot be read: binary frame is cut short"});
        let error = json!({"status": "error", "response": why});
        client.expect(json!(["1", "2", "room:a", "phx_reply", error]));
    }
}

/// §2.5, and the clients before 1.8.7 of §9. Phoenix kills the socket for such bytes. Here they
/// become U+FFFD, and the answer shows them as such.
#[test]
fn header_bytes_that_are_no_utf8_become_replacement_characters() {
    let stage = stage();
    let mut client = joined(&stage);
    client.send_binary(&push("1", "2", b"room:\xe9", "echo", &[1]));
    let unmatched = json!({"status": "error", "response": {"reason": "unmatched topic"}});
    client.expect(json!([null, "2", "room:\u{fffd}", "phx_reply", unmatched]));
    client.send_binary(&push("1", "3", b"room:a", "status", &[1]));
    client.expect(json!(["1", "3", "room:a", "phx_reply", {"status": "ok", "response": {}}]));
}

/// §2.4 with §4: bytes are broadcast from outside any channel. A channel that intercepts the event
/// gets them, and pushes JSON instead.
#[test]
fn bytes_may_be_broadcast_from_outside_and_be_intercepted() {
    let stage = stage();
    let mut client = joined(&stage);
    stage
        .server
        .endpoint()
        .broadcast("room:a", "news", vec![9u8]);
    expect_binary(&mut client, b"\x02\x06\x04room:anews\x09");
    client.send_binary(&push("1", "2", b"room:a", "tagged", &[1]));
    client.expect(json!(["1", null, "room:a", "tagged", {"tag": null, "body": null}]));
}
