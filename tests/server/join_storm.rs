//! More joins than the server answers in a second: they wait in order, and other work continues.

use std::time::{Duration, Instant};

use lobbyd::server::{Limit, Running, ServerLimits};
use serde_json::{Value, json};
use testkit::{Client, connect, frame};

use crate::fixture::{arena, nothing_is_left};

fn with(joins_per_second: u64, joins_burst: u64, join_wait_ms_max: u64) -> Running {
    let limits = ServerLimits::default()
        .with_max(Limit::JoinsPerSecond, joins_per_second)
        .with_burst(Limit::JoinsPerSecond, joins_burst)
        .with_wait_ms(Limit::JoinsPerSecond, join_wait_ms_max);
    arena(2, limits)
}

fn join(number: usize) -> Value {
    json!([
        number.to_string(),
        number.to_string(),
        format!("room:{number}"),
        "phx_join",
        {}
    ])
}

/// Sends messages in one write, so that the server gets them at one moment.
fn send_at_once(client: &mut Client, messages: impl Iterator<Item = Value>) {
    let frames = messages.flat_map(|message| frame(1, message.to_string().as_bytes()));
    client.send_raw(&frames.collect::<Vec<u8>>());
}

/// Returns the ref and the status of the next reply, and its reason, if any.
fn reply(client: &mut Client) -> (String, String, Value) {
    let message = client.json();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (status, reason) = (&message[4]["status"], &message[4]["response"]["reason"]);
    (text(&message[1]), text(status), reason.clone())
}

#[test]
fn joins_over_the_rate_are_answered_later_in_order_and_heartbeats_at_once() {
    let server = with(20, 2, 9_000);
    let mut client = connect(&server);
    let started = Instant::now();
    let beat = json!([null, "hb", "phoenix", "heartbeat", {}]);
    send_at_once(&mut client, (0..12).map(join).chain([beat]));
    let mut replies: Vec<(String, String, Value)> = Vec::new();
    while !replies.iter().any(|(reference, ..)| reference == "hb") {
        replies.push(reply(&mut client));
    }
    // The joins have all been judged, because they came before the heartbeat.
    let judged_in = started.elapsed();
    let (beat, meters) = (replies.len() - 1, server.endpoint().limit_meters());
    let bitten = meters.bitten(Limit::JoinsPerSecond);
    replies.extend((beat..12).map(|_| reply(&mut client)));
    assert!(started.elapsed() >= Duration::from_millis(480));
    assert!(replies.iter().all(|(_, status, _)| status == "ok"));
    let joins = replies.iter().filter(|(reference, ..)| reference != "hb");
    let order: Vec<&str> = joins.map(|(reference, ..)| &**reference).collect();
    assert_eq!(
        order,
        ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"]
    );
    // All joins but the first two wait. If the server was held up meanwhile, as many fewer wait as
    // the rate allowed in that time.
    let allowed = 2 + judged_in.as_millis() as u64 / 50;
    assert!(bitten + allowed >= 12, "{bitten} waited, {judged_in:?}");
    assert!(
        beat as u64 + bitten <= 12,
        "the heartbeat waited: {replies:?}"
    );
    assert_eq!(meters.nearest(Limit::JoinsPerSecond), 1.0);
    drop(client);
    nothing_is_left(server);
}

#[test]
fn join_that_waits_too_long_is_refused_and_can_be_tried_again() {
    let server = with(5, 1, 700);
    let mut client = connect(&server);
    let started = Instant::now();
    send_at_once(&mut client, (0..10).map(join));
    let replies: Vec<_> = (0..10).map(|_| reply(&mut client)).collect();
    assert!(started.elapsed() >= Duration::from_millis(700));
    let accepted = replies.iter().filter(|(_, status, _)| status == "ok");
    let accepted = accepted.count();
    assert!((1..10).contains(&accepted), "{replies:?}");
    for (_, status, reason) in &replies[accepted..] {
        assert_eq!((&**status, reason), ("error", &json!("too many joins")));
    }
    client.send(join(9));
    assert_eq!(reply(&mut client).1, "ok", "who waits may try again");
    drop(client);
    nothing_is_left(server);
}

#[test]
fn messages_behind_a_held_join_are_done_when_it_is_answered() {
    let server = with(5, 1, 9_000);
    let mut client = connect(&server);
    client.join("room:first");
    let send = |client: &mut Client, join_ref: &str, reference: &str, event: &str| {
        client.send(json!([join_ref, reference, "room:x", event, {"body": reference}]));
    };
    send(&mut client, "3", "3", "phx_join");
    send(&mut client, "3", "4", "echo");
    send(&mut client, "3", "5", "phx_leave");
    send(&mut client, "6", "6", "phx_join");
    send(&mut client, "6", "7", "echo");
    let of = |join_ref: &str, reference: Value, event: &str, payload: Value| {
        json!([join_ref, reference, "room:x", event, payload])
    };
    let ok = |response: Value| json!({"status": "ok", "response": response});
    client.expect(of("3", json!("3"), "phx_reply", ok(json!({}))));
    client.expect(of("3", json!("4"), "phx_reply", ok(json!({"body": "4"}))));
    client.expect(of("3", json!("5"), "phx_reply", ok(json!({}))));
    client.expect(of("3", json!("3"), "phx_close", json!({})));
    client.expect(of("6", json!("6"), "phx_reply", ok(json!({}))));
    client.expect(of("6", json!("7"), "phx_reply", ok(json!({"body": "7"}))));
    drop(client);
    nothing_is_left(server);
}

#[test]
fn join_of_a_connection_that_has_gone_vanishes_and_a_flood_of_them_ends() {
    let server = with(10, 1, 1_000);
    let mut flooding = connect(&server);
    (0..90).for_each(|number| flooding.send(join(number)));
    drop(flooding);
    let mut client = connect(&server);
    // After the flood this join has waited too long, or is just in time.
    client.send(join(1));
    let (_, status, reason) = reply(&mut client);
    assert!(status == "ok" || reason == "too many joins", "{reason}");
    let started = Instant::now();
    while reply_to_try(&mut client) != "ok" {
        assert!(started.elapsed() < testkit::DEADLINE);
    }
    assert_eq!(
        server.endpoint().topics_len(),
        1 + usize::from(status == "ok")
    );
    drop(client);
    nothing_is_left(server);
}

fn reply_to_try(client: &mut Client) -> String {
    client.send(join(2));
    reply(client).1
}
