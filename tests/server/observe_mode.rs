//! Limits in observe mode: the excess is counted and allowed, unless it would fill the memory.

use std::io::{Read, Write};
use std::time::Duration;

use lobbyd::server::{Limit, Running, Server, ServerLimits};
use lobbyd::{Router, UserSocket};
use serde_json::json;
use testkit::{Client, connect, eventually, frame, open, request, serve_with, upgrade_request};

use crate::fixture::{Obedient, arena, nothing_is_left};

/// Returns how often the limit was observed, and how often it was enforced.
fn counts(server: &Running, limit: Limit) -> (u64, u64) {
    let meters = server.endpoint().limit_meters();
    (meters.observed(limit), meters.bitten(limit))
}

fn was_only_observed(server: &Running, limit: Limit) {
    eventually(limit.name(), || counts(server, limit).0 > 0);
    assert_eq!(counts(server, limit).1, 0, "{limit:?}");
    assert!(server.endpoint().limit_meters().nearest(limit) >= 1.0);
}

#[test]
fn admission_limits_that_are_observed_let_every_client_in() {
    let limits = ServerLimits::default()
        .with_max(Limit::Connections, 1)
        .with_max(Limit::AcceptsPerSecond, 1)
        .with_burst(Limit::AcceptsPerSecond, 1)
        .with_max(Limit::UpgradesInFlight, 1)
        .with_max(Limit::JoinsPerSecond, 1)
        .with_burst(Limit::JoinsPerSecond, 1)
        .observing([
            Limit::Connections,
            Limit::AcceptsPerSecond,
            Limit::UpgradesInFlight,
            Limit::JoinsPerSecond,
        ]);
    let server = arena(1, limits);
    let started = std::time::Instant::now();
    let mut half_open: Vec<_> = (0..8).map(|_| open(server.local_addr())).collect();
    let mut clients: Vec<Client> = (0..40).map(|_| connect(&server)).collect();
    clients.iter_mut().for_each(|client| client.join("room:x"));
    assert!(
        started.elapsed() < Duration::from_secs(20),
        "40 at one a second"
    );
    for limit in [
        Limit::Connections,
        Limit::AcceptsPerSecond,
        Limit::UpgradesInFlight,
        Limit::JoinsPerSecond,
    ] {
        was_only_observed(&server, limit);
    }
    let asked = upgrade_request(server.local_addr(), "/socket/websocket?vsn=2.0.0", "");
    let mut oldest = half_open.swap_remove(0);
    oldest.write_all(asked.as_bytes()).unwrap();
    Client::upgraded(oldest).join("room:x");
    drop((clients, half_open));
    nothing_is_left(server);
}

#[test]
fn rate_limits_that_are_observed_throttle_no_client() {
    let limits = ServerLimits::default()
        .with_max(Limit::MessagesPerSecond, 1)
        .with_burst(Limit::MessagesPerSecond, 1)
        .with_max(Limit::BytesPerSecond, 1)
        .with_burst(Limit::BytesPerSecond, 1)
        .with_over_ms(1)
        .observing([Limit::MessagesPerSecond, Limit::BytesPerSecond]);
    let server = arena(1, limits);
    let mut client = connect(&server);
    for _ in 0..50 {
        client.send_raw(&frame(9, b"p"));
        assert_eq!(client.recv().opcode, 10);
    }
    was_only_observed(&server, Limit::MessagesPerSecond);
    was_only_observed(&server, Limit::BytesPerSecond);
    drop(client);
    nothing_is_left(server);
}

#[test]
fn time_limits_that_are_observed_close_no_slow_client() {
    let limits = ServerLimits::default()
        .with_max(Limit::PartialTime, 50)
        .with_max(Limit::CallbackTime, 50)
        .observing([
            Limit::IdleTime,
            Limit::PartialTime,
            Limit::CallbackTime,
            Limit::HeadTime,
        ])
        .with_max(Limit::HeadTime, 50);
    let socket = UserSocket::new()
        .idle_timeout_ms(50)
        .channel("room:slow", SlowToJoin)
        .channel("room:*", Obedient);
    let router = Router::new().socket("/socket", socket);
    let server = Server::new(router).shards(1).limits(limits);
    let server = server.bind("127.0.0.1:0".parse().unwrap()).unwrap().start();
    let mut hanging = open(server.local_addr());
    let asked = upgrade_request(server.local_addr(), "/socket/websocket?vsn=2.0.0", "");
    let (first, second) = asked.split_at(40);
    hanging.write_all(first.as_bytes()).unwrap();
    let mut client = connect(&server);
    client.send(json!(["1", "1", "room:slow", "phx_join", {}]));
    client.expect(json!(["1", "1", "room:slow", "phx_reply", {"status": "ok", "response": {}}]));
    was_only_observed(&server, Limit::CallbackTime);
    was_only_observed(&server, Limit::IdleTime);
    let beat = frame(1, br#"[null,"hb","phoenix","heartbeat",{}]"#);
    client.send_raw(&beat[..9]);
    was_only_observed(&server, Limit::PartialTime);
    client.send_raw(&beat[9..]);
    client.expect(json!([null, "hb", "phoenix", "phx_reply", {"status": "ok", "response": {}}]));
    hanging.write_all(second.as_bytes()).unwrap();
    drop((Client::upgraded(hanging), client));
    was_only_observed(&server, Limit::HeadTime);
    nothing_is_left(server);
}

/// The idle timeout of 50 ms passes many times during this silence.
#[test]
fn silence_counts_once_however_long_it_is() {
    let limits = ServerLimits::default()
        .with_max(Limit::PartialTime, 50)
        .observing([Limit::IdleTime, Limit::PartialTime]);
    let socket = UserSocket::new().idle_timeout_ms(50);
    let server = serve_with(Router::new().socket("/socket", socket), 1, limits);
    let mut client = connect(&server);
    let beat = frame(1, br#"[null,"hb","phoenix","heartbeat",{}]"#);
    let silences = 3;
    for silence in 1..=silences {
        client.send_raw(&beat[..9]);
        eventually("both deadlines have passed", || {
            let of = |limit| counts(&server, limit).0;
            of(Limit::IdleTime) >= silence && of(Limit::PartialTime) >= silence
        });
        // A sweep runs every 12 ms, so both deadlines are checked many times.
        std::thread::sleep(Duration::from_millis(300));
        client.send_raw(&beat[9..]);
        assert_eq!(client.json()[1], "hb");
    }
    let partial = counts(&server, Limit::PartialTime);
    assert_eq!(partial, (silences, 0));
    // After the answer to a beat there may be one more silence before the next beat.
    let (idle, bitten) = counts(&server, Limit::IdleTime);
    assert!(idle <= 2 * silences + 1 && bitten == 0, "{idle}");
    drop(client);
    nothing_is_left(server);
}

#[test]
fn head_that_is_late_counts_when_its_time_is_over_and_once() {
    let limits = ServerLimits::default()
        .observing([Limit::HeadTime])
        .with_max(Limit::HeadTime, 50);
    let server = arena(1, limits);
    let mut late = open(server.local_addr());
    late.write_all(b"GET / HTTP/1.1\r\n").unwrap();
    // The client neither closes the connection nor sends its request.
    was_only_observed(&server, Limit::HeadTime);
    late.write_all(b"Host: h\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    late.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert_eq!(counts(&server, Limit::HeadTime), (1, 0));
    nothing_is_left(server);
}

/// A channel whose join takes some time.
struct SlowToJoin;

impl lobbyd::Channel for SlowToJoin {
    fn join(
        &self,
        _topic: &str,
        _params: lobbyd::Payload<'_>,
        _socket: &mut lobbyd::Socket<'_>,
    ) -> lobbyd::Join {
        let wait = tokio::time::sleep(Duration::from_millis(400));
        lobbyd::Join::later(wait, |(), _| lobbyd::Join::ok())
    }

    fn handle_in(
        &self,
        _event: &str,
        _payload: lobbyd::Payload<'_>,
        _socket: &mut lobbyd::Socket<'_>,
    ) -> lobbyd::Handled {
        lobbyd::Handled::no_reply()
    }
}

#[test]
fn memory_limits_that_are_observed_are_refused_at_16_times_their_value() {
    let limits = ServerLimits::default()
        .observing([
            Limit::ChannelsPerConnection,
            Limit::MessageBytes,
            Limit::HeadLines,
        ])
        .with_max(Limit::HeadLines, 5);
    let socket = UserSocket::new()
        .channels_max(1)
        .message_bytes_max(100)
        .channel("room:*", Obedient);
    let router = Router::new().socket("/socket", socket);
    let server = Server::new(router).shards(1).limits(limits);
    let server = server.bind("127.0.0.1:0".parse().unwrap()).unwrap().start();
    let mut client = connect(&server);
    for number in 0..16 {
        client.join(&format!("room:{number}"));
    }
    was_only_observed(&server, Limit::ChannelsPerConnection);
    client.send(json!(["1", "1", "room:16", "phx_join", {}]));
    assert_eq!(
        client.json()[4]["response"]["reason"],
        "too many channels joined"
    );
    assert_eq!(counts(&server, Limit::ChannelsPerConnection).1, 1);
    client.send(json!(["11", "2", "room:0", "echo", {"body": "x".repeat(1_000)}]));
    assert_eq!(client.json()[4]["status"], "ok");
    was_only_observed(&server, Limit::MessageBytes);
    client.send_raw(&frame(2, &[b'x'; 1_601]));
    assert_eq!(client.close_code(), 1009);
    assert_eq!(counts(&server, Limit::MessageBytes).1, 1);
    let lines = |count: usize| {
        let lines = "X-Y: z\r\n".repeat(count);
        let asked = format!("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{lines}\r\n");
        request(server.local_addr(), &asked)
    };
    assert!(lines(70).starts_with("HTTP/1.1 200 "));
    was_only_observed(&server, Limit::HeadLines);
    assert!(lines(100).starts_with("HTTP/1.1 431 "));
    drop(client);
    nothing_is_left(server);
}

#[test]
fn head_of_any_size_is_taken_up_to_16_times_its_limit() {
    let limits = ServerLimits::default()
        .observing([Limit::HeadBytes])
        .with_max(Limit::HeadBytes, 8 << 10);
    let server = arena(1, limits);
    let long = format!(
        "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nX-Y: {}\r\n\r\n",
        "z".repeat(40_000)
    );
    let answer = request(server.local_addr(), &long);
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    was_only_observed(&server, Limit::HeadBytes);
    nothing_is_left(server);
}
