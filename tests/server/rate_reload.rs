//! A change of rates under load: debts of the old rates are forgiven, and no pause lasts longer.

use std::time::Instant;

use lobbyd::server::{Limit, Running, ServerLimits};
use lobbyd::{Reload, Router, UserSocket};
use serde_json::json;
use testkit::{Client, DEADLINE, connect, eventually, frame};

use crate::fixture::{Obedient, arena, nothing_is_left};

fn reload(server: &Running, limits: ServerLimits) {
    let socket = UserSocket::new().channel("room:*", Obedient);
    let router = Router::new().socket("/socket", socket);
    server.endpoint().reload(Reload::new(router).limits(limits));
}

#[test]
fn joins_are_accepted_at_a_new_rate_at_once() {
    let at = |joins_per_second, joins_burst| {
        ServerLimits::default()
            .with_max(Limit::JoinsPerSecond, joins_per_second)
            .with_burst(Limit::JoinsPerSecond, joins_burst)
            .with_wait_ms(Limit::JoinsPerSecond, 500)
    };
    let server = arena(2, at(1, 40));
    let mut client = connect(&server);
    (0..40).for_each(|number| client.join(&format!("room:{number}")));
    reload(&server, at(20_000, 2_000));
    // The old rate would refuse joins for 40 s.
    (40..80).for_each(|number| client.join(&format!("room:{number}")));
    drop(client);
    nothing_is_left(server);
}

#[test]
fn connections_are_accepted_at_a_new_rate_at_once() {
    let at = |accepts_per_second, accepts_burst| {
        ServerLimits::default()
            .with_max(Limit::AcceptsPerSecond, accepts_per_second)
            .with_burst(Limit::AcceptsPerSecond, accepts_burst)
    };
    let server = arena(1, at(1, 40));
    let first: Vec<Client> = (0..39).map(|_| connect(&server)).collect();
    reload(&server, at(20_000, 1_000));
    let started = Instant::now();
    let then: Vec<Client> = (0..20).map(|_| connect(&server)).collect();
    // The old rate would make these connections wait for 39 s.
    assert!(started.elapsed() < DEADLINE);
    drop((first, then));
    nothing_is_left(server);
}

/// Sends pings of `bytes` bytes at the `old` rates: `spent` pings are less than the burst, and
/// `too_many` are more.
fn is_forgiven(old: ServerLimits, limit: Limit, (spent, too_many): (usize, usize), bytes: usize) {
    let server = arena(1, old);
    let ping = frame(9, &vec![b'x'; bytes]);
    let [mut thrifty, mut greedy] = [connect(&server), connect(&server)];
    thrifty.join("room:x");
    thrifty.send_raw(&ping.repeat(spent));
    (0..spent).for_each(|_| assert_eq!(thrifty.recv().opcode, 10));
    greedy.send_raw(&ping.repeat(too_many));
    let meters = server.endpoint().limit_meters();
    eventually("one is throttled", || meters.bitten(limit) > 0);
    let new = ServerLimits::default()
        .with_max(Limit::MessagesPerSecond, 1_000)
        .with_burst(Limit::MessagesPerSecond, 100)
        .with_max(Limit::BytesPerSecond, 1_000_000)
        .with_burst(Limit::BytesPerSecond, 100_000)
        .with_over_ms(60_000);
    reload(&server, new);
    (0..too_many).for_each(|_| assert_eq!(greedy.recv().opcode, 10));
    greedy.expect_nothing();
    // A message over the rate is still answered. The next one is read once the debt is paid.
    for body in ["one", "two"] {
        thrifty.send(json!(["11", body, "room:x", "echo", {"body": body}]));
        let response = json!({"status": "ok", "response": {"body": body}});
        thrifty.expect(json!(["11", body, "room:x", "phx_reply", response]));
    }
    drop((thrifty, greedy));
    nothing_is_left(server);
}

#[test]
fn messages_sent_at_an_old_rate_are_not_paid_for_at_a_new_one() {
    let old = ServerLimits::default()
        .with_max(Limit::MessagesPerSecond, 5)
        .with_burst(Limit::MessagesPerSecond, 500)
        .with_over_ms(60_000);
    is_forgiven(old, Limit::MessagesPerSecond, (400, 1_000), 0);
}

#[test]
fn bytes_sent_at_an_old_rate_are_not_paid_for_at_a_new_one() {
    let old = ServerLimits::default()
        .with_max(Limit::BytesPerSecond, 500)
        .with_burst(Limit::BytesPerSecond, 50_000)
        .with_over_ms(60_000);
    is_forgiven(old, Limit::BytesPerSecond, (400, 1_000), 100);
}
