//! A server with the room on it, the notes of the room for a test, and bare requests.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Once};

use lobbyd::server::Running;
use lobbyd::{ReplyHandle, Router, SocketHandle, TerminateReason, UserSocket};
use testkit::{DEADLINE, at_once, open, serve_with, upgrade_request};
use tokio::sync::Notify;

use crate::phoenix::peer::{Peer, Version};
use crate::phoenix::room::{Note, Room};

pub const TARGET: &str = "/socket/websocket?vsn=2.0.0";

/// A server with the room at `room:*` of `/socket`.
pub struct Stage {
    notes: Receiver<Note>,
    gate: Arc<Notify>,
    pub server: Running,
}

/// Serves the room with default settings.
pub fn stage() -> Stage {
    stage_with(|socket| socket)
}

/// Serves the room on a socket that `set` has changed.
pub fn stage_with(set: impl FnOnce(UserSocket) -> UserSocket) -> Stage {
    hide_expected_panics();
    let (notes, read) = channel();
    let gate = Arc::new(Notify::new());
    let room = |notes| Room {
        notes,
        gate: Arc::clone(&gate),
    };
    let socket = UserSocket::new()
        .channel("room:*", room(notes.clone()))
        .channel("exact", room(notes));
    let router = Router::new().socket("/socket", set(socket));
    Stage {
        notes: read,
        server: serve_with(router, 2, at_once()),
        gate,
    }
}

impl Stage {
    pub fn peer(&self, version: Version) -> Peer {
        Peer::connect(&self.server, version)
    }

    /// Lets one waiting callback continue.
    pub fn open_gate(&self) {
        self.gate.notify_one();
    }

    pub fn note(&self) -> Note {
        self.notes.recv_timeout(DEADLINE).expect("the room tells")
    }

    pub fn ended(&self) -> (String, TerminateReason) {
        match self.note() {
            Note::Ended(topic, reason) => (topic, reason),
            _ => panic!("something else than an end"),
        }
    }

    pub fn handle(&self) -> SocketHandle {
        match self.note() {
            Note::Handle(handle) => handle,
            _ => panic!("something else than a handle"),
        }
    }

    pub fn reply_handle(&self) -> ReplyHandle {
        match self.note() {
            Note::ReplyHandle(handle) => handle,
            _ => panic!("something else than a reply handle"),
        }
    }
}

/// Returns the status of the answer to an upgrade with this `host` and more `headers`.
pub fn status(address: SocketAddr, target: &str, host: &str, headers: &str) -> u16 {
    let request = upgrade_request(address, target, headers);
    let host = format!("Host: {host}\r\n");
    let request = request.replace(&format!("Host: {address}\r\n"), &host);
    ask(address, &request)[9..12]
        .parse()
        .expect("a status line")
}

/// Returns the answer to `request` with its body, on a connection that stays open.
pub fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = open(address);
    stream.write_all(request.as_bytes()).unwrap();
    let mut reader = BufReader::new(stream);
    let mut answer = String::new();
    while !answer.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut answer).unwrap() > 0, "cut: {answer}");
    }
    let mut lines = answer.lines().filter_map(|line| line.split_once(": "));
    let length = lines.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let mut body = vec![0; length.map_or(0, |(_, value)| value.parse().unwrap())];
    reader.read_exact(&mut body).unwrap();
    answer + &String::from_utf8_lossy(&body)
}

/// Hides panics that a test asks for, which would fill its output with backtraces.
fn hide_expected_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let show = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let text = panic.payload_as_str().unwrap_or_default();
            if !text.starts_with("expected") {
                show(panic);
            }
        }));
    });
}
