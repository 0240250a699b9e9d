//! More joins than the server answers in a second: they wait in turn, and other work continues.

use std::time::{Duration, Instant};

use lobbyd::server::{Limit, Proxies, Running, ServerLimits};
use serde_json::{Value, json};
use testkit::{Client, connect, eventually, frame, upgrade};

use crate::fixture::{arena, arena_behind, nothing_is_left};

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

fn join_of(topic: &str, number: usize) -> Value {
    let reference = number.to_string();
    json!([reference, reference, topic, "phx_join", {}])
}

/// Returns how long the join of `topic` takes on a new connection, which is let in.
fn time_of_join(server: &Running, topic: &str) -> Duration {
    let mut client = connect(server);
    let started = Instant::now();
    client.send(join_of(topic, 1));
    assert_eq!(reply(&mut client).1, "ok");
    started.elapsed()
}

#[test]
fn joins_in_vain_take_no_place_of_a_join_that_is_let_in() {
    let server = with(1, 3, 9_000);
    let mut in_vain: Vec<Client> = (0..10).map(|_| connect(&server)).collect();
    for client in &mut in_vain {
        send_at_once(
            client,
            (0..90).map(|n| join_of(&format!("room:denied {n}"), n)),
        );
        (0..90).for_each(|_| assert_eq!(reply(client).1, "error"));
    }
    let took = time_of_join(&server, "room:x");
    assert!(took < Duration::from_millis(900), "{took:?}");
    let meters = server.endpoint().limit_meters();
    assert_eq!(meters.bitten(Limit::JoinsPerSecond), 0);
    drop(in_vain);
    nothing_is_left(server);
}

#[test]
fn connection_that_joins_much_does_not_delay_the_joins_of_others() {
    let server = with(10, 1, 9_000);
    let mut much = connect(&server);
    send_at_once(&mut much, (0..60).map(join));
    assert_eq!(reply(&mut much).1, "ok", "they are judged");
    let took = time_of_join(&server, "room:x");
    assert!(took < Duration::from_millis(2_500), "{took:?}, 6 s in line");
    drop(much);
    nothing_is_left(server);
}

#[test]
fn connection_whose_joins_are_refused_too_often_waits_and_others_do_not() {
    let limits = ServerLimits::default()
        .with_max(Limit::RefusedJoinsPerSecond, 2)
        .with_burst(Limit::RefusedJoinsPerSecond, 10)
        .with_wait_ms(Limit::JoinsPerSecond, 9_000);
    let server = arena(1, limits);
    let mut client = connect(&server);
    let started = Instant::now();
    for number in 0..12 {
        client.send(join_of("room:denied", number));
        assert_eq!(reply(&mut client).2, json!("denied"));
    }
    assert!(started.elapsed() >= Duration::from_millis(500));
    let meters = server.endpoint().limit_meters();
    assert!(meters.bitten(Limit::RefusedJoinsPerSecond) > 0);
    assert!(meters.nearest(Limit::RefusedJoinsPerSecond) > 0.9);
    let started = Instant::now();
    client.send(join_of("room:x", 12));
    let took = time_of_join(&server, "room:y");
    assert_eq!(
        reply(&mut client).1,
        "ok",
        "its next join waits, and is not refused"
    );
    assert!(
        took < started.elapsed(),
        "{took:?}: the other did not wait for it"
    );
    drop(client);
    nothing_is_left(server);
}

#[test]
fn address_with_many_connections_does_not_delay_the_joins_of_others() {
    let limits = ServerLimits::default()
        .with_max(Limit::JoinsPerSecond, 10)
        .with_burst(Limit::JoinsPerSecond, 1)
        .with_wait_ms(Limit::JoinsPerSecond, 9_000);
    let proxies = Proxies {
        trusted: vec!["127.0.0.0/8".parse().unwrap()],
        proxy_protocol: false,
    };
    let server = arena_behind(proxies, 1, limits);
    let from = |client: &str| {
        let header = format!("X-Forwarded-For: {client}\r\n");
        upgrade(server.local_addr(), "/socket/websocket?vsn=2.0.0", &header).unwrap()
    };
    let mut many: Vec<Client> = (0..60).map(|_| from("192.0.2.1")).collect();
    for client in &mut many {
        client.send(join(1));
    }
    assert_eq!(reply(&mut many[0]).1, "ok", "they are judged");
    let mut other = from("192.0.2.2");
    let started = Instant::now();
    other.send(join(2));
    assert_eq!(reply(&mut other).1, "ok");
    let took = started.elapsed();
    assert!(took < Duration::from_millis(2_500), "{took:?}, 6 s in line");
    drop((many, other));
    nothing_is_left(server);
}

#[test]
fn held_lines_have_a_common_bound_that_small_ones_do_not_pay_for() {
    let limits = ServerLimits::default()
        .with_max(Limit::JoinsPerSecond, 1)
        .with_burst(Limit::JoinsPerSecond, 1)
        .with_wait_ms(Limit::JoinsPerSecond, 9_000)
        .with_max(Limit::WaitingBytes, 200_000);
    let server = arena(1, limits);
    let large = |topic: String| {
        let body = "x".repeat(50_000);
        json!(["1", "1", topic, "phx_join", {"body": body}])
    };
    let mut filling: Vec<Client> = (0..3).map(|_| connect(&server)).collect();
    for client in &mut filling {
        (0..3).for_each(|n| client.send(large(format!("room:{n}"))));
    }
    let bitten = || server.endpoint().limit_meters().bitten(Limit::WaitingBytes);
    eventually("the bound bites", || bitten() > 0);
    let refused = |client: &mut Client| loop {
        let (_, status, reason) = reply(client);
        if status != "ok" {
            break reason;
        }
    };
    assert_eq!(refused(&mut filling[2]), "too many messages waiting");
    let mut small = connect(&server);
    small.send(join(1));
    assert_eq!(reply(&mut small).1, "ok");
    drop((filling, small));
    nothing_is_left(server);
}

#[test]
fn address_that_fills_the_lines_of_held_joins_leaves_room_for_another() {
    let limits = ServerLimits::default()
        .with_max(Limit::JoinsPerSecond, 1)
        .with_burst(Limit::JoinsPerSecond, 1)
        .with_wait_ms(Limit::JoinsPerSecond, 9_000)
        .with_max(Limit::WaitingBytes, 1_000_000);
    let proxies = Proxies {
        trusted: vec!["127.0.0.0/8".parse().unwrap()],
        proxy_protocol: false,
    };
    let server = arena_behind(proxies, 1, limits);
    let of = |address: &str| {
        let from = format!("X-Forwarded-For: {address}\r\n");
        let target = "/socket/websocket?vsn=2.0.0";
        upgrade(server.local_addr(), target, &from).expect("the client is let in")
    };
    let sized = |number: usize, bytes: usize| {
        let mut join = join(number);
        join[4] = json!({"token": "t".repeat(bytes)});
        join
    };
    // Answers so far, of which the last is that to the heartbeat.
    let heard = |client: &mut Client| {
        client.send(json!([null, "hb", "phoenix", "heartbeat", {}]));
        let mut answers = Vec::new();
        while answers
            .last()
            .is_none_or(|(reference, ..): &(String, _, _)| reference != "hb")
        {
            answers.push(reply(client));
        }
        answers
    };
    let mut refused = 0;
    let mut crowd: Vec<Client> = (0..5).map(|_| of("198.51.100.7")).collect();
    for client in &mut crowd {
        let large = (0..4).map(|number| sized(number, 60_000));
        send_at_once(
            client,
            large.chain((4..24).map(|number| sized(number, 5_000))),
        );
        let is_refused = |(_, status, _): &&(String, String, Value)| status == "error";
        refused += heard(client).iter().filter(is_refused).count();
    }
    assert!(refused > 0, "the crowd has filled its part");
    assert!(server.endpoint().limit_meters().bitten(Limit::WaitingBytes) > 0);
    let mut newcomer = of("198.51.100.9");
    newcomer.send(sized(1, 6_000));
    let answers = heard(&mut newcomer);
    assert!(
        answers.iter().all(|(_, status, _)| status == "ok"),
        "{answers:?}"
    );
    drop((crowd, newcomer));
    nothing_is_left(server);
}
