//! Sockets that send as fast as they can, and read the answers, while other clients chat on.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use lobbyd::server::Limit;
use serde_json::{Value, json};
use testkit::{Client, at_any_pace, connect, frame};

use crate::fixture::{Chat, arena, nothing_is_left};

/// Messages that the bystanders must exchange during the attack.
const ROUNDS: usize = 6;

fn heartbeat() -> Value {
    json!([null, "1", "phoenix", "heartbeat", {}])
}

fn text(message: &Value) -> Vec<u8> {
    frame(1, message.to_string().as_bytes())
}

/// Threads that send `bytes` repeatedly on all of `clients`, and read all answers there and on
/// `listeners`, until told to stop.
struct Firehose {
    over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<usize>>,
}

impl Firehose {
    fn start(clients: Vec<Client>, listeners: Vec<Client>, bytes: &[u8]) -> Firehose {
        let over = Arc::new(AtomicBool::new(false));
        let streams: Vec<TcpStream> = clients.into_iter().map(|client| client.stream).collect();
        let own = streams.iter().map(|stream| stream.try_clone().unwrap());
        let readers: Vec<TcpStream> = own.chain(listeners.into_iter().map(|c| c.stream)).collect();
        for stream in &readers {
            stream.set_nonblocking(true).unwrap();
        }
        let (bytes, is_over) = (bytes.to_vec(), Arc::clone(&over));
        let writing = std::thread::spawn(move || write_all_round(streams, &bytes, &is_over));
        let is_over = Arc::clone(&over);
        let reading = std::thread::spawn(move || read_all_round(readers, &is_over));
        Firehose {
            over,
            threads: vec![writing, reading],
        }
    }

    /// Lets the attack run for a second and until the bystanders have chatted. Asserts that it took
    /// at least `bytes_min`.
    fn withstood_by(self, chat: &Chat, bytes_min: usize) {
        let started = Instant::now();
        chat.goes_on(ROUNDS);
        while started.elapsed() < Duration::from_secs(1) {
            chat.goes_on(1);
        }
        let (sent, received) = self.stop();
        println!(
            "{sent} bytes sent, {received} received, {:?}",
            started.elapsed()
        );
        assert!(
            sent >= bytes_min && received >= bytes_min,
            "{sent} bytes sent, {received} received"
        );
    }

    /// Ends the attack. Returns the bytes sent and those received.
    fn stop(self) -> (usize, usize) {
        self.over.store(true, Ordering::Relaxed);
        let mut counts = self.threads.into_iter().map(|t| t.join().unwrap());
        (counts.next().unwrap(), counts.next().unwrap())
    }
}

/// Writes `bytes` to each stream in turn, as much as the stream takes. Returns the bytes taken by
/// all streams.
fn write_all_round(mut streams: Vec<TcpStream>, bytes: &[u8], over: &AtomicBool) -> usize {
    let mut at = vec![0; streams.len()];
    let mut total = 0;
    while !over.load(Ordering::Relaxed) {
        let before = total;
        for (stream, at) in streams.iter_mut().zip(&mut at) {
            if let Ok(written) = stream.write(&bytes[*at..]) {
                *at = (*at + written) % bytes.len();
                total += written;
            }
        }
        if total == before {
            std::thread::sleep(Duration::from_micros(200));
        }
    }
    total
}

fn read_all_round(mut streams: Vec<TcpStream>, over: &AtomicBool) -> usize {
    let mut bytes = vec![0; 64 << 10];
    let mut total = 0;
    while !over.load(Ordering::Relaxed) {
        let before = total;
        for stream in &mut streams {
            if let Ok(read) = stream.read(&mut bytes) {
                assert!(read > 0, "the server closed a firehose");
                total += read;
            }
        }
        if total == before {
            std::thread::sleep(Duration::from_micros(200));
        }
    }
    total
}

#[test]
fn firehose_of_heartbeats_on_one_socket_leaves_others_their_turn() {
    let server = arena(1, at_any_pace());
    let chat = Chat::start(&server, "room:chat");
    let bytes = text(&heartbeat()).repeat(500);
    Firehose::start(vec![connect(&server)], vec![], &bytes).withstood_by(&chat, 100_000);
    chat.end();
    nothing_is_left(server);
}

#[test]
fn firehose_of_empty_pings_on_one_socket_leaves_others_their_turn() {
    let server = arena(1, at_any_pace());
    let chat = Chat::start(&server, "room:chat");
    let bytes = frame(9, b"").repeat(5000);
    Firehose::start(vec![connect(&server)], vec![], &bytes).withstood_by(&chat, 10_000);
    chat.end();
    nothing_is_left(server);
}

#[test]
fn firehose_of_messages_into_one_lobby_leaves_another_lobby_its_turn() {
    // On a busy machine the flood is faster than its readers, and a reader that is given up ends it.
    let limits = at_any_pace()
        .with_max(Limit::RetentionMessages, 1 << 20)
        .with_max(Limit::RetentionBytes, 128 << 20);
    let server = arena(2, limits);
    let chat = Chat::start(&server, "room:chat");
    let mut clients: Vec<Client> = (0..5).map(|_| connect(&server)).collect();
    clients
        .iter_mut()
        .for_each(|client| client.join("room:lobby"));
    let listeners = clients.split_off(1);
    let message = json!(["11", "2", "room:lobby", "new_msg", {"body": "x".repeat(100)}]);
    let bytes = text(&message).repeat(200);
    Firehose::start(clients, listeners, &bytes).withstood_by(&chat, 100_000);
    chat.end();
    nothing_is_left(server);
}

#[test]
fn firehoses_of_requests_on_a_hundred_sockets_do_not_stop_broadcasts() {
    let server = arena(1, at_any_pace());
    let chat = Chat::start(&server, "room:chat");
    let clients = (0..100).map(|_| connect(&server)).collect();
    let bytes = text(&heartbeat()).repeat(50);
    Firehose::start(clients, vec![], &bytes).withstood_by(&chat, 100_000);
    chat.end();
    nothing_is_left(server);
}

#[test]
fn publisher_beyond_what_the_shards_take_is_slowed_and_loses_nothing() {
    // The lag allowed is so small that every read of the publisher exceeds it.
    let limits = at_any_pace().with_max(Limit::LagBytes, 16 << 10);
    let server = arena(2, limits);
    let chat = Chat::start(&server, "room:chat");
    // Both shards have members of this lobby, so its messages can lag on both.
    let mut members: Vec<Client> = (0..8).map(|_| connect(&server)).collect();
    members
        .iter_mut()
        .for_each(|member| member.join("room:lobby"));
    let mut publisher = connect(&server);
    publisher.join("room:other");
    publisher.join("room:lobby");
    const MESSAGES: usize = 2000;
    let mut sender = publisher.stream.try_clone().unwrap();
    let sending = std::thread::spawn(move || {
        for number in 0..MESSAGES {
            let payload = json!({"number": number, "body": "x".repeat(500)});
            sender
                .write_all(&text(&json!(["11", "2", "room:lobby", "new_msg", payload])))
                .unwrap();
        }
    });
    let reading: Vec<_> = members
        .into_iter()
        .chain([publisher])
        .map(|mut member| {
            std::thread::spawn(move || {
                for number in 0..MESSAGES {
                    assert_eq!(member.json()[4]["number"], number);
                }
            })
        })
        .collect();
    sending.join().unwrap();
    for reader in reading {
        reader.join().expect("everybody gets everything in order");
    }
    chat.end();
    nothing_is_left(server);
}

#[test]
fn publishers_that_wait_for_a_room_are_held_to_their_own_rates_as_well() {
    // Each read exceeds the lag, so a publisher is paused after each, and owes for it meanwhile.
    let limits = at_any_pace()
        .with_max(Limit::LagBytes, 512)
        .with_max(Limit::MessagesPerSecond, 1_000)
        .with_burst(Limit::MessagesPerSecond, 100);
    let server = arena(1, limits);
    let mut members: Vec<Client> = (0..24).map(|_| connect(&server)).collect();
    members
        .iter_mut()
        .for_each(|member| member.join("room:lobby"));
    let listeners = members.split_off(4);
    let message = json!(["11", "2", "room:lobby", "new_msg", {"body": "x".repeat(500)}]);
    let bytes = text(&message).repeat(200);
    let begun = Instant::now();
    let firehose = Firehose::start(members, listeners, &bytes);
    std::thread::sleep(Duration::from_secs(1));
    let (_, received) = firehose.stop();
    let took = begun.elapsed();
    // The last read of each is charged behind it: at most 64 KiB, of messages of 540 bytes.
    let each_max = 100.0 + 125.0 + 1_000.0 * took.as_secs_f64();
    let each = received as f64 / 24.0 / 4.0 / 540.0;
    assert!(each <= each_max, "{each} messages of each in {took:?}");
    nothing_is_left(server);
}
