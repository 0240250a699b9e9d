//! The misbehaving servers misbehave as described.
//!
//! Without these tests, a load test that finds no fault in one of them might be right.

#[path = "floor/client.rs"]
#[allow(dead_code, reason = "tests/floor.rs uses the rest of it")]
mod client;
mod misbehaving;

use client::Client;
use misbehaving::{AT, EARLY, Fault, Misbehaving};
use std::time::{Duration, Instant};

/// Number of messages that are published: some more than the one at which the fault happens.
const MESSAGES: usize = AT as usize + 5;

const STALL: Duration = Duration::from_secs(1);
const REFUSES_JOINS: Fault = Fault::RefusesJoins {
    but: 0,
    reason: "authorized",
};

/// Returns the messages that the one subscriber gets, in order.
fn got_by_one(fault: Fault, copies: usize) -> Vec<String> {
    let server = Misbehaving::start(fault);
    let mut publisher = Client::connect(server.address);
    publisher.join("room:a");
    let mut one = Client::connect(server.address);
    one.join("room:a");
    publisher.push_all("room:a", 0..MESSAGES);
    let all: Vec<String> = (0..MESSAGES).map(|_| publisher.text()).collect();
    assert_eq!(all, sent(), "the others notice nothing");
    let got = (0..copies).map(|_| one.text()).collect();
    one.nothing_more();
    got
}

fn sent() -> Vec<String> {
    let text = |number| format!(r#"[null,null,"room:a","new_msg",{{"body":"{number}"}}]"#);
    (0..MESSAGES).map(text).collect()
}

#[test]
fn message_is_dropped_doubled_swapped_or_altered_for_one_subscriber() {
    let at = AT as usize;
    let mut expected = sent();
    expected.remove(at);
    assert_eq!(got_by_one(Fault::Drops, MESSAGES - 1), expected);

    let mut expected = sent();
    expected.insert(at, expected[at].clone());
    assert_eq!(got_by_one(Fault::DeliversTwice, MESSAGES + 1), expected);

    let mut expected = sent();
    expected.swap(at, at + 1);
    assert_eq!(got_by_one(Fault::Swaps, MESSAGES), expected);

    let mut expected = sent();
    expected[at] = expected[at].replace(r#"0"}"#, r#"a"}"#);
    assert_eq!(got_by_one(Fault::Alters, MESSAGES), expected);

    let mut expected = sent();
    expected[at] = expected[at].replace(r#":"1"#, r#":"0"#);
    assert_eq!(got_by_one(Fault::Garbles(0), MESSAGES), expected);
}

#[test]
fn subscriber_gets_a_message_of_another_lobby() {
    let server = Misbehaving::start(Fault::Strays);
    let mut publisher = joined(&server);
    let mut stranger = Client::connect(server.address);
    stranger.join("room:b");
    publisher.push_all("room:a", 0..MESSAGES);
    assert_eq!(stranger.text(), sent()[AT as usize]);
    stranger.nothing_more();
}

#[test]
fn latecomer_does_not_hear_itself_and_the_others_do() {
    let server = Misbehaving::start(Fault::HidesEchoes);
    let mut early: Vec<Client> = (0..EARLY).map(|_| joined(&server)).collect();
    let mut late = joined(&server);
    late.push("room:a", 0);
    late.nothing_more();
    assert_eq!(early[0].text(), sent()[0]);
    early[0].push("room:a", 1);
    assert_eq!(early[0].text(), sent()[1]);
    assert_eq!(late.text(), sent()[1]);
}

#[test]
fn stall_holds_up_everything_and_loses_nothing() {
    let began = Instant::now();
    assert_eq!(got_by_one(Fault::Stalls(STALL), MESSAGES), sent());
    assert!(began.elapsed() >= STALL);
}

#[test]
fn subscriber_is_closed_and_all_are_reset() {
    let server = Misbehaving::start(Fault::ClosesOne);
    let [mut publisher, mut one] = [(); 2].map(|()| joined(&server));
    publisher.push_all("room:a", 0..MESSAGES);
    for _ in 0..AT {
        one.text();
    }
    let close = [&1013_u16.to_be_bytes()[..], b"try again later"].concat();
    assert_eq!(one.frame(), (8, close));
    one.ended();
    let server = Misbehaving::start(Fault::EndsOne);
    let [mut publisher, mut one] = [(); 2].map(|()| joined(&server));
    publisher.push_all("room:a", 0..MESSAGES);
    for _ in 0..=AT {
        one.text();
    }
    one.ended();
    let server = Misbehaving::start(Fault::ResetsAll);
    let both = [(); 2].map(|()| joined(&server));
    let [mut publisher, mut one] = both;
    // A reset discards unread bytes, so the messages before it are read first.
    publisher.push_all("room:a", 0..AT as usize);
    for _ in 0..AT {
        one.text();
    }
    publisher.push_all("room:a", AT as usize..MESSAGES);
    one.is_reset();
}

fn joined(server: &Misbehaving) -> Client {
    let mut client = Client::connect(server.address);
    client.join("room:a");
    client
}

/// Only refusals are checked here, because fragments and pings need another client.
#[test]
fn requests_joins_and_pushes_are_refused() {
    let answer = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
    let server = Misbehaving::start(Fault::Answers(answer));
    let request = "GET / HTTP/1.1\r\nSec-WebSocket-Key: a\r\n\r\n";
    assert_eq!(Client::request(server.address, request), answer);

    let server = Misbehaving::start(REFUSES_JOINS);
    let mut client = Client::connect(server.address);
    client.send(r#"["3","4","room:a","phx_join",{}]"#);
    let refusal =
        r#"["3","4","room:a","phx_reply",{"status":"error","response":{"reason":"authorized"}}]"#;
    assert_eq!(client.text(), refusal);

    let server = Misbehaving::start(Fault::CrashesJoins);
    let mut client = Client::connect(server.address);
    client.send(r#"["3","4","room:a","phx_join",{}]"#);
    assert_eq!(client.text(), r#"["3","4","room:a","phx_error",{}]"#);
    client.nothing_more();

    let server = Misbehaving::start(Fault::RefusesPushes);
    let mut client = joined(&server);
    client.push("room:a", 9);
    let refusal =
        r#"["3","9","room:a","phx_reply",{"status":"error","response":{"reason":"slow down"}}]"#;
    assert_eq!(client.text(), refusal);
    client.nothing_more();

    let server = Misbehaving::start(Fault::IgnoresHeartbeats);
    let mut client = joined(&server);
    client.send(r#"[null,"5","phoenix","heartbeat",{}]"#);
    client.push("room:a", 0);
    assert_eq!(client.text(), sent()[0]);
}
