//! Small servers that do one thing wrong each, so that a load test can show that it notices.
//!
//! The servers are plain threads with blocking sockets, for a few clients of `vsn` 2.0.0.

#![allow(dead_code, unused_imports, reason = "each test file uses its part")]

mod connection;
mod fault;
mod frame;
mod member;
pub mod process;
mod room;

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

pub use fault::{AT, EARLY, Fault};
use room::Room;

/// A misbehaving server on a free port, which runs until this value is dropped.
pub struct Misbehaving {
    pub address: SocketAddr,
    stop: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

impl Misbehaving {
    pub fn start(fault: Fault) -> Misbehaving {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let accepting = std::thread::spawn({
            let stop = stop.clone();
            move || accept(&listener, fault, &stop)
        });
        Misbehaving {
            address,
            stop,
            accepting: Some(accepting),
        }
    }
}

impl Drop for Misbehaving {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address); // this connection wakes the accept
        let accepting = self.accepting.take().map(JoinHandle::join);
        assert!(accepting.is_some_and(|ended| ended.is_ok()) || std::thread::panicking());
    }
}

/// Serves each connection in a thread of its own. Each thread ends with its client, or soon after
/// the stop.
fn accept(listener: &TcpListener, fault: Fault, stop: &Arc<AtomicBool>) {
    let room = Arc::new(Mutex::new(Room::new(fault)));
    for stream in listener.incoming() {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        attend(stream, fault, &room, stop);
    }
}

fn attend(
    stream: std::io::Result<TcpStream>,
    fault: Fault,
    room: &Arc<Mutex<Room>>,
    stop: &Arc<AtomicBool>,
) {
    let (room, stop) = (room.clone(), stop.clone());
    std::thread::spawn(move || {
        // A client that has gone is no failure of this server.
        let _ = stream.and_then(|stream| connection::serve(stream, fault, &room, &stop));
    });
}
