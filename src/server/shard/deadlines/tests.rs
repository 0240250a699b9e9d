//! Incomplete messages: which client is late, and which one only waits for the shard.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use super::*;
use crate::server::limits::values::ServerLimits;
use crate::server::shard::ended::ClientEnd;
use crate::server::shard::idle_shard::IdleShard;

const PARTIAL_MS: u64 = 30_000;

/// Bytes of the header of a client's frame with a payload of some KiB.
const HEADER: usize = 8;

/// One client of a shard whose clock the test moves.
struct Scene {
    idle: IdleShard,
    client: TcpStream,
    key: u32,
    now: Instant,
}

/// Returns a frame of a client, under a mask of zeros.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = match payload.len() {
        len @ 0..126 => vec![first, 0x80 | len as u8],
        len => [&[first, 0x80 | 126], &(len as u16).to_be_bytes()[..]].concat(),
    };
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

/// Returns a heartbeat of `len` bytes or so.
fn beat(len: usize) -> Vec<u8> {
    let body = "x".repeat(len);
    let message = format!(r#"[null,"7","phoenix","heartbeat",{{"body":"{body}"}}]"#);
    frame(0x81, message.as_bytes())
}

impl Scene {
    fn new() -> Scene {
        let limits = ServerLimits::default().with_max(Limit::PartialTime, PARTIAL_MS);
        let mut idle = IdleShard::new(0, limits).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = listener.accept().unwrap();
        let key = idle.open(stream).unwrap();
        let now = Instant::now();
        Scene {
            idle,
            client,
            key,
            now,
        }
    }

    fn connection(&self) -> &Connection {
        let connections = &self.idle.shard.connections;
        connections.get(self.key).expect("it is not gone")
    }

    /// Sends bytes, and waits until they are in the shard's socket.
    fn send(&mut self, bytes: &[u8]) {
        self.client.write_all(bytes).unwrap();
        let connections = &self.idle.shard.connections;
        let stream = &connections.get(self.key).expect("it is not gone").stream;
        self.idle.runtime.block_on(stream.readable()).unwrap();
        assert!(self.connection().has_unread());
    }

    /// Sends the beginning of a message, which the shard reads.
    fn begin(&mut self, bytes: &[u8]) {
        self.send(bytes);
        self.read_after(0);
        assert!(self.connection().reader.is_partial());
    }

    /// Lets `ms` milliseconds pass in which the shard hears its clients.
    fn pass(&mut self, ms: u64) {
        for _ in 0..ms / 1_000 {
            self.now += Duration::from_secs(1);
            self.idle.shard.timers.clock.pass_to(self.now);
        }
    }

    /// Reads once, after the connection was queued for `ms` milliseconds.
    fn read_after(&mut self, ms: u64) {
        self.pass(ms);
        let (shard, key) = (&mut self.idle.shard, self.key);
        self.idle.runtime.block_on(async { shard.read(key, ms) });
    }

    fn is_overdue(&mut self) -> bool {
        let shard = &mut self.idle.shard;
        while !shard.timers.sweep.is_whole() || shard.timers.sweep.is_new() {
            shard.look_at_some();
        }
        shard.timers.sweep.looked_in(Duration::ZERO);
        !std::mem::take(&mut shard.connections.overdue).is_empty()
    }

    fn is_closed(&self) -> bool {
        let connections = &self.idle.shard.connections;
        connections.get(self.key).is_none_or(|c| !c.is_open())
    }

    fn is_answered(&mut self) -> bool {
        let mut answer = Vec::new();
        while !answer.ends_with(b"}]") {
            self.idle.turn();
            let mut bytes = [0; 1_024];
            self.client.set_nonblocking(true).unwrap();
            match self.client.read(&mut bytes) {
                Ok(0) => return false,
                Ok(read) => answer.extend(&bytes[..read]),
                Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock),
            }
        }
        String::from_utf8_lossy(&answer).contains("phx_reply")
    }
}

#[test]
fn message_whose_rest_the_shard_has_not_read_is_not_late() {
    let message = beat(3_000);
    let (first, second) = message.split_at(1_000);
    for is_held in [false, true] {
        let mut scene = Scene::new();
        scene.begin(first);
        if is_held {
            scene.idle.shard.connections.hold(scene.key);
        }
        scene.send(second);
        scene.pass(5 * PARTIAL_MS);
        assert!(!scene.is_overdue(), "held: {is_held}");
        let clock = &scene.idle.shard.timers.clock;
        scene.idle.shard.connections.release(scene.key, clock);
        assert!(scene.is_answered());
    }
}

#[test]
fn message_whose_rest_the_client_has_not_sent_is_late() {
    for is_held in [false, true] {
        let mut scene = Scene::new();
        scene.begin(&beat(3_000)[..1_000]);
        if is_held {
            scene.idle.shard.connections.hold(scene.key);
        }
        scene.pass(PARTIAL_MS - 1_000);
        assert!(!scene.is_overdue());
        scene.pass(1_000);
        assert!(scene.is_overdue(), "held: {is_held}");
    }
}

#[test]
fn client_that_sends_byte_by_byte_is_late_however_slowly_it_is_read() {
    let mut scene = Scene::new();
    let message = beat(60_000);
    scene.begin(&message[..HEADER + 1]);
    let mut bytes = message[HEADER + 1..].iter();
    while !scene.is_closed() {
        scene.send(&[*bytes.next().unwrap()]);
        scene.read_after(1_000);
    }
    let sent = message.len() - HEADER - 1 - bytes.len();
    assert_eq!(sent as u64, PARTIAL_MS / 1_000);
}

#[test]
fn client_whose_message_waits_for_reads_is_not_late_while_it_grows() {
    let mut scene = Scene::new();
    let message = beat(30_000);
    let (first, rest) = message.split_at(HEADER + 1);
    scene.begin(first);
    for part in rest.chunks(300) {
        assert!(!scene.is_closed());
        scene.send(part);
        scene.read_after(2_000);
    }
    assert!(!scene.is_closed());
    assert!(scene.is_answered());
}

#[test]
fn client_that_sends_pings_instead_of_the_rest_is_late() {
    let mut scene = Scene::new();
    scene.begin(&frame(0x01, b"[null,"));
    scene.send(&frame(0x89, b"").repeat(2_000));
    scene.pass(PARTIAL_MS);
    assert!(!scene.is_overdue(), "the rest may be unread");
    scene.read_after(1_000);
    assert!(scene.is_closed());
}

#[test]
fn client_that_is_ended_for_something_else_is_not_closed_as_late() {
    let mut scene = Scene::new();
    scene.begin(&beat(3_000)[..1_000]);
    scene.pass(PARTIAL_MS);
    let shard = &mut scene.idle.shard;
    let end = ClientEnd::Close(CloseReason::RateExceeded);
    shard.connections.ends(scene.key, end);
    shard.look_at_partial(scene.key, true);
    assert!(matches!(scene.connection().stage, Stage::Ended));
}

#[test]
fn bytes_of_incomplete_messages_are_counted_whatever_a_read_brings() {
    let mut scene = Scene::new();
    let counted = |scene: &Scene| scene.idle.shard.connections.partial_bytes();
    let message = beat(20_000);
    for part in message[..10_000].chunks(700) {
        scene.send(part);
        scene.read_after(0);
        // The next read finds nothing.
        scene.read_after(0);
        assert_eq!(counted(&scene), scene.connection().reader.kept_bytes());
    }
    scene.client.shutdown(std::net::Shutdown::Both).unwrap();
    while !scene.is_closed() {
        scene.idle.turn();
    }
    assert_eq!(counted(&scene), 0);
}
