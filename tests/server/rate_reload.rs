//! Other rates while clients are at the old ones: what was taken at those is owed to nobody, and no pause lasts longer.

use std::time::Instant;

use lobbyd::server::{AdmissionLimits, HttpLimits, Limit, Rates, Running, ServerLimits};
use lobbyd::{Reload, Router, UserSocket};
use serde_json::json;

use crate::fixture::{Obedient, arena, nothing_is_left};
use crate::support::{Client, DEADLINE, connect, eventually, frame};

fn reload(server: &Running, limits: ServerLimits) {
    let socket = UserSocket::new().channel("room:*", Obedient);
    server.endpoint().reload(Reload {
        router: Router::new().socket("/socket", socket),
        http_limits: HttpLimits::default(),
        limits,
    });
}

fn admitting(admission: AdmissionLimits) -> ServerLimits {
    ServerLimits {
        admission,
        ..ServerLimits::default()
    }
}

#[test]
fn joins_are_accepted_at_a_new_rate_at_once() {
    let at = |joins_per_second, joins_burst| {
        admitting(AdmissionLimits {
            joins_per_second,
            joins_burst,
            join_wait_ms_max: 500,
            ..AdmissionLimits::default()
        })
    };
    let server = arena(2, at(1, 40));
    let mut client = connect(&server);
    (0..40).for_each(|number| client.join(&format!("room:{number}")));
    reload(&server, at(20_000, 2_000));
    // It would be refused for 40 s.
    (40..80).for_each(|number| client.join(&format!("room:{number}")));
    drop(client);
    nothing_is_left(server);
}

#[test]
fn connections_are_accepted_at_a_new_rate_at_once() {
    let at = |accepts_per_second, accepts_burst| {
        admitting(AdmissionLimits {
            accepts_per_second,
            accepts_burst,
            ..AdmissionLimits::default()
        })
    };
    let server = arena(1, at(1, 40));
    let first: Vec<Client> = (0..39).map(|_| connect(&server)).collect();
    reload(&server, at(20_000, 1_000));
    let started = Instant::now();
    let then: Vec<Client> = (0..20).map(|_| connect(&server)).collect();
    // At the old rate they would have to wait for 39 s.
    assert!(started.elapsed() < DEADLINE);
    drop((first, then));
    nothing_is_left(server);
}

/// Pings of `bytes` bytes at `old` rates, of which `spent` are less than its burst and `too_many` are more.
fn is_forgiven(old: Rates, limit: Limit, (spent, too_many): (usize, usize), bytes: usize) {
    let with = |rates| ServerLimits {
        rates,
        ..ServerLimits::default()
    };
    let server = arena(1, with(old));
    let ping = frame(9, &vec![b'x'; bytes]);
    let [mut thrifty, mut greedy] = [connect(&server), connect(&server)];
    thrifty.join("room:x");
    thrifty.send_raw(&ping.repeat(spent));
    (0..spent).for_each(|_| assert_eq!(thrifty.recv().opcode, 10));
    greedy.send_raw(&ping.repeat(too_many));
    let meters = server.endpoint().limit_meters();
    eventually("one is throttled", || meters.bitten(limit) > 0);
    let new = Rates {
        messages_per_second: 1_000,
        messages_burst: 100,
        bytes_per_second: 1_000_000,
        bytes_burst: 100_000,
        over_rate_ms_max: 60_000,
    };
    reload(&server, with(new));
    (0..too_many).for_each(|_| assert_eq!(greedy.recv().opcode, 10));
    greedy.expect_nothing();
    // One that is over is still answered, the next is read when it has paid.
    for body in ["one", "two"] {
        thrifty.send(json!(["11", body, "room:x", "echo", {"body": body}]));
        let response = json!({"status": "ok", "response": {"body": body}});
        thrifty.expect(json!(["11", body, "room:x", "phx_reply", response]));
    }
    drop((thrifty, greedy));
    nothing_is_left(server);
}

#[test]
fn what_was_sent_at_an_old_rate_of_messages_is_not_paid_for_at_a_new_one() {
    let old = Rates {
        messages_per_second: 5,
        messages_burst: 500,
        over_rate_ms_max: 60_000,
        ..Rates::default()
    };
    is_forgiven(old, Limit::MessagesPerSecond, (400, 1_000), 0);
}

#[test]
fn what_was_sent_at_an_old_rate_of_bytes_is_not_paid_for_at_a_new_one() {
    let old = Rates {
        bytes_per_second: 500,
        bytes_burst: 50_000,
        over_rate_ms_max: 60_000,
        ..Rates::default()
    };
    is_forgiven(old, Limit::BytesPerSecond, (400, 1_000), 100);
}
