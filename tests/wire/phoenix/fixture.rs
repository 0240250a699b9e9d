//! A server with the room on it, and the notes of the room for a test.

use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Once};

use lobbyd::server::{Running, ServerLimits};
use lobbyd::{ReplyHandle, Router, SocketHandle, TerminateReason, UserSocket};
use testkit::{DEADLINE, serve_with};
use tokio::sync::Notify;

use crate::phoenix::peer::{Peer, Version};
use crate::phoenix::room::{Note, Room};

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
        server: serve_with(router, 2, ServerLimits::default()),
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
