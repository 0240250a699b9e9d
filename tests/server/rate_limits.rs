//! Clients over their rate: first they are read later, and closed if they never rest.

use std::io::Write;
use std::time::{Duration, Instant};

use lobbyd::server::{Limit, ServerLimits};
use serde_json::{Value, json};
use testkit::{Client, DEADLINE, connect, frame, raw_frame};

use crate::fixture::{Chat, arena, nothing_is_left};

fn echo(number: usize, body: &str) -> Value {
    json!(["11", number.to_string(), "room:x", "echo", {"body": body}])
}

fn is_echoed(client: &mut Client, number: usize, body: &str) {
    let response = json!({"status": "ok", "response": {"body": body}});
    let number = number.to_string();
    client.expect(json!(["11", number, "room:x", "phx_reply", response]));
}

/// Sends `first` messages at once, and one more after their answers. All are answered, the last
/// only after the excess is paid for.
fn is_read_later(limits: ServerLimits, first: usize, body: &str, limit: Limit) {
    let server = arena(1, limits);
    let chat = Chat::start(&server, "room:chat");
    let mut client = connect(&server);
    client.join("room:x");
    let started = Instant::now();
    let all = (0..first).flat_map(|n| frame(1, echo(n, body).to_string().as_bytes()));
    client.send_raw(&all.collect::<Vec<u8>>());
    (0..first).for_each(|number| is_echoed(&mut client, number, body));
    client.send(echo(first, body));
    is_echoed(&mut client, first, body);
    assert!(started.elapsed() >= Duration::from_millis(900), "{limit:?}");
    let meters = server.endpoint().limit_meters();
    assert!(meters.bitten(limit) > 0);
    assert_eq!(meters.nearest(limit), 1.0);
    assert_eq!(server.endpoint().closes().of("rate_exceeded"), 0);
    chat.end();
    drop(client);
    nothing_is_left(server);
}

#[test]
fn client_with_too_many_messages_is_read_later_and_loses_nothing() {
    // The rate is more than the members of `Chat` need, which must notice nothing.
    let limits = ServerLimits::default()
        .with_max(Limit::MessagesPerSecond, 1_000)
        .with_burst(Limit::MessagesPerSecond, 1_000)
        .with_over_ms(60_000);
    is_read_later(limits, 2_000, "", Limit::MessagesPerSecond);
}

#[test]
fn client_with_too_many_bytes_is_read_later_and_loses_nothing() {
    let limits = ServerLimits::default()
        .with_max(Limit::BytesPerSecond, 100_000)
        .with_burst(Limit::BytesPerSecond, 100_000)
        .with_over_ms(60_000);
    is_read_later(limits, 50, &"x".repeat(4_000), Limit::BytesPerSecond);
}

#[test]
fn fragments_of_a_message_count_as_messages_do() {
    let server = arena(
        1,
        ServerLimits::default()
            .with_max(Limit::MessagesPerSecond, 1_000)
            .with_burst(Limit::MessagesPerSecond, 1_000)
            .with_over_ms(60_000),
    );
    let mut client = connect(&server);
    client.join("room:x");
    let started = Instant::now();
    let mut frames = frame(1, echo(0, "").to_string().as_bytes());
    frames[0] &= 0x7f;
    let mut empty = frame(0, b"");
    empty[0] &= 0x7f;
    frames.extend(empty.repeat(2_000));
    frames.extend(frame(0, b""));
    client.send_raw(&frames);
    is_echoed(&mut client, 0, "");
    client.send(echo(1, ""));
    is_echoed(&mut client, 1, "");
    assert!(started.elapsed() >= Duration::from_millis(900));
    assert!(
        server
            .endpoint()
            .limit_meters()
            .bitten(Limit::MessagesPerSecond)
            > 0
    );
    drop(client);
    nothing_is_left(server);
}

#[test]
fn client_that_never_rests_is_closed_with_1008_and_its_own_reason() {
    // The rate is more than the members of `Chat` need, and less than a busy machine serves.
    let limits = ServerLimits::default()
        .with_max(Limit::MessagesPerSecond, 500)
        .with_burst(Limit::MessagesPerSecond, 500)
        .with_over_ms(500);
    let server = arena(1, limits);
    let chat = Chat::start(&server, "room:chat");
    let mut client = connect(&server);
    let mut sender = client.stream.try_clone().unwrap();
    let flood = std::thread::spawn(move || {
        let beats = frame(1, br#"[null,"1","phoenix","heartbeat",{}]"#).repeat(100);
        let started = Instant::now();
        while sender.write_all(&beats).is_ok() {}
        started.elapsed()
    });
    let started = Instant::now();
    let code = loop {
        assert!(started.elapsed() < DEADLINE, "it is never closed");
        let answer = client.recv();
        if answer.opcode == 8 {
            break answer.close_code();
        }
    };
    assert_eq!(code, 1008);
    drop(client);
    assert!(flood.join().unwrap() >= Duration::from_millis(500));
    assert_eq!(server.endpoint().closes().of("rate_exceeded"), 1);
    chat.end();
    nothing_is_left(server);
}

#[test]
fn burst_that_would_take_too_long_to_pay_for_closes_its_client() {
    let limits = ServerLimits::default()
        .with_max(Limit::MessagesPerSecond, 100)
        .with_burst(Limit::MessagesPerSecond, 200)
        .with_over_ms(300);
    let server = arena(1, limits);
    let mut client = connect(&server);
    client.send_raw(&frame(9, b"").repeat(1_000));
    let code = loop {
        let answer = client.recv();
        if answer.opcode == 8 {
            break answer.close_code();
        }
        assert_eq!(answer.opcode, 10);
    };
    assert_eq!(code, 1008);
    assert_eq!(server.endpoint().closes().of("rate_exceeded"), 1);
    drop(client);
    nothing_is_left(server);
}

#[test]
fn time_in_which_a_client_is_not_read_is_not_held_against_it() {
    let limits = ServerLimits::default()
        .with_max(Limit::MessagesPerSecond, 200)
        .with_burst(Limit::MessagesPerSecond, 200)
        .with_over_ms(60_000)
        .with_max(Limit::PartialTime, 2_000);
    let server = arena(1, limits);
    let mut client = connect(&server);
    client.join("room:x");
    // The pause cuts a message: its second half waits in the kernel for four seconds, which is
    // longer than the time for a message. It may come up to two seconds after the pause.
    let pings = frame(9, b"").repeat(1_000);
    let message = frame(1, echo(1, "late").to_string().as_bytes());
    client.send_raw(&[&pings[..], &message[..10]].concat());
    (0..1_000).for_each(|_| assert_eq!(client.recv().opcode, 10));
    client.send_raw(&message[10..]);
    is_echoed(&mut client, 1, "late");
    drop(client);
    nothing_is_left(server);
}

#[test]
fn throttled_client_cannot_extend_its_incomplete_message_for_ever() {
    let limits = ServerLimits::default()
        .with_max(Limit::MessagesPerSecond, 1_000)
        .with_burst(Limit::MessagesPerSecond, 100)
        .with_over_ms(3_000)
        .with_max(Limit::PartialTime, 500);
    let server = arena(1, limits);
    let mut client = connect(&server);
    client.send_raw(&raw_frame(0x01, b"[null,"));
    let started = Instant::now();
    let pings = frame(9, b"").repeat(400);
    let code = loop {
        assert!(started.elapsed() < DEADLINE, "it may hang for good");
        if client.stream.write_all(&pings).is_err() {
            break client.close_code();
        }
        let answers = (0..400).map(|_| client.recv());
        let other = answers.into_iter().find(|answer| answer.opcode != 10);
        if let Some(close) = other {
            break close.close_code();
        }
        // The client is throttled for 300 ms of this time, and is not over its rate at its end.
        std::thread::sleep(Duration::from_millis(400));
    };
    assert_eq!(code, 1008);
    assert_eq!(server.endpoint().closes().of("partial_timeout"), 1);
    drop(client);
    nothing_is_left(server);
}
