//! A stop during an attack: the server ends in time, and reports how many clients it cut off.

use std::io::{Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use lobbyd::{Connect, Drain, Limit, Router, Running, Server, ServerLimits, Summary, UserSocket};
use serde_json::json;
use testkit::{
    Client, DEADLINE, at_any_pace, connect, connect_narrow, frame, open, uninterrupted,
    upgrade_request,
};
use tokio::sync::Notify;

use crate::fixture::arena;

/// Stops the server, and asserts that the stop takes little longer than its own deadline.
fn stops(server: Running, within_ms: u64) -> Summary {
    let started = Instant::now();
    let summary = server.stop().unwrap();
    let (took, limit) = (
        started.elapsed(),
        Duration::from_millis(within_ms) + DEADLINE / 2,
    );
    assert!(took < limit, "it took {took:?}");
    summary
}

fn limits(closing_timeout_ms: u64, deadline_ms: u64) -> ServerLimits {
    at_any_pace()
        .with_closing_timeout_ms(closing_timeout_ms)
        .with_drain(Drain::default().with_deadline_ms(deadline_ms))
}

#[test]
fn stop_is_not_held_up_by_connections_that_hang_in_http() {
    let server = arena(2, limits(5_000, 10_000));
    let address = server.local_addr();
    let request = upgrade_request(address, "/socket/websocket?vsn=2.0.0", "");
    let hanging: Vec<_> = [0, 1, 20, request.len() - 1]
        .iter()
        .map(|&len| {
            let mut stream = open(address);
            stream.write_all(&request.as_bytes()[..len]).unwrap();
            stream
        })
        .collect();
    connect(&server).join("room:x");
    assert_eq!(stops(server, 3_000).cut_off, 0);
    drop(hanging);
}

/// A WebSocket that does not answer its Close keeps the server up, so the other connections see an
/// end of their own.
#[test]
fn stop_ends_idle_http_connections_and_gives_late_upgrades_their_1012() {
    let gate = Arc::new(Notify::new());
    let opens = Arc::clone(&gate);
    let socket = UserSocket::new().connect(move |params, _| {
        let gate = Arc::clone(&gate);
        match params.get("waits") {
            None => Connect::ok(),
            Some(_) => Connect::later(async move { gate.notified().await }, |()| Connect::ok()),
        }
    });
    let limits = limits(60_000, 60_000).with_max(Limit::HeadTime, 60_000);
    let server = Server::new(Router::new().socket("/socket", socket))
        .shards(1)
        .limits(limits);
    let server = server.bind(([127, 0, 0, 1], 0).into()).unwrap().start();
    let address = server.local_addr();
    let mut silent = connect(&server);
    let mut upgrading = open(address);
    let request = upgrade_request(address, "/socket/websocket?vsn=2.0.0&waits=1", "");
    upgrading.write_all(request.as_bytes()).unwrap();
    let mut fresh = open(address);
    let mut idle = open(address);
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n")
        .unwrap();
    let mut answer = [0; 4096];
    assert!(uninterrupted(|| idle.read(&mut answer)).unwrap() > 0);
    let stopping = std::thread::spawn(move || server.stop().unwrap());
    assert_eq!(silent.close_code(), 1012);
    for ended in [&mut idle, &mut fresh] {
        let read = uninterrupted(|| ended.read(&mut answer)).unwrap();
        assert_eq!(read, 0, "the end");
    }
    opens.notify_one();
    let mut upgraded = Client::upgraded(upgrading);
    assert_eq!(upgraded.close_code(), 1012);
    drop((silent, upgraded));
    assert_eq!(stopping.join().unwrap().cut_off, 0);
}

#[test]
fn stop_waits_a_while_for_clients_with_a_close_and_does_not_count_them() {
    // Each wait is long enough for a busy machine to send the Close meanwhile.
    for limits in [limits(3_000, 60_000), limits(60_000, 3_000)] {
        let server = arena(2, limits);
        let mut silent: Vec<Client> = (0..5).map(|_| connect(&server)).collect();
        silent.iter_mut().for_each(|client| client.join("room:x"));
        let endpoint = server.endpoint().clone();
        assert_eq!(stops(server, 3_000).cut_off, 0);
        assert_eq!(endpoint.topics_len(), 0);
        for client in &mut silent {
            assert_eq!(
                client.close_code(),
                1012,
                "the Close had gone out nevertheless"
            );
            assert_eq!(
                client.next_frame(),
                None,
                "and the connection is at its end"
            );
        }
    }
}

#[test]
fn stop_counts_clients_whose_sockets_do_not_take_its_close() {
    let server = arena(2, limits(60_000, 3_000));
    let mut deaf: Vec<Client> = (0..3).map(|_| connect(&server)).collect();
    deaf.iter_mut().for_each(|client| client.join("room:lobby"));
    let mut listener = connect(&server);
    listener.join("room:lobby");
    // The messages are far more than the kernel holds for a socket.
    let payload = json!({"body": "x".repeat(60_000)});
    for _ in 0..300 {
        let endpoint = server.endpoint();
        endpoint.broadcast("room:lobby", "said", payload.clone());
        listener.recv();
    }
    let stopping = std::thread::spawn(move || stops(server, 3_000));
    while listener.recv().opcode != 8 {}
    drop(listener);
    assert_eq!(stopping.join().unwrap().cut_off, 3);
}

#[test]
fn stop_ends_in_time_while_clients_flood_and_do_not_read() {
    let server = arena(2, limits(1_000, 3_000));
    let flooding: Vec<_> = (0..4)
        .map(|at| {
            let mut client = connect(&server);
            client.join("room:lobby");
            std::thread::spawn(move || {
                let message =
                    json!(["11", "2", "room:lobby", "new_msg", {"body": "x".repeat(500)}]);
                let bytes = frame(1, message.to_string().as_bytes()).repeat(50);
                let mut unread = client.stream.try_clone().unwrap();
                while client.stream.write_all(&bytes).is_ok() {
                    // Every other client reads once after each write, and ignores what it reads.
                    if at % 2 == 0 {
                        unread.set_nonblocking(true).unwrap();
                        let _ = std::io::Read::read(&mut unread, &mut [0; 64 << 10]);
                        unread.set_nonblocking(false).unwrap();
                    }
                }
            })
        })
        .collect();
    std::thread::sleep(Duration::from_millis(300));
    let endpoint = server.endpoint().clone();
    let summary = stops(server, 3_000);
    println!("{} of 4 cut off", summary.cut_off);
    assert!(summary.cut_off <= 4);
    assert_eq!(endpoint.topics_len(), 0);
    for client in flooding {
        client.join().unwrap();
    }
}

#[test]
fn stop_sends_all_that_waits_for_a_client_before_its_close() {
    let server = arena(1, limits(300_000, 300_000));
    let mut slow = connect_narrow(server.local_addr());
    let endpoint = server.endpoint().clone();
    let mut publisher = connect(&server);
    // The messages are more than the outbox of one connection may hold, but fewer per topic than
    // the retention.
    let topics = ["room:a", "room:b", "room:c"];
    for topic in topics {
        publisher.join(topic);
        slow.join(topic);
    }
    const EACH: usize = 180;
    for topic in topics {
        for number in 0..EACH {
            let payload = json!({"number": number, "body": "x".repeat(4096)});
            endpoint.broadcast(topic, "said", payload);
            assert_eq!(publisher.json()[4]["number"], number);
        }
    }
    let stopping = std::thread::spawn(move || server.stop().unwrap());
    assert_eq!(publisher.close_code(), 1012);
    drop(publisher);
    let mut next = [0; 3];
    for _ in 0..3 * EACH {
        let message = slow.json();
        let at = topics
            .iter()
            .position(|topic| message[2] == *topic)
            .unwrap();
        assert_eq!(message[4]["number"], next[at]);
        next[at] += 1;
    }
    assert_eq!(slow.close_code(), 1012);
    drop(slow);
    assert_eq!(stopping.join().unwrap().cut_off, 0);
}
