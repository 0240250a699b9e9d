//! Small servers that do one thing wrong each, so that a load test can show that it notices.
//!
//! The servers are plain threads with blocking sockets, for a few clients of `vsn` 2.0.0.

#![allow(dead_code, reason = "each test file uses its part")]

mod connection;
mod frame;
mod member;
pub mod process;
mod room;

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use room::Room;

/// The number of the message at which the fault happens, counted from 0.
pub const AT: u64 = 100;

/// Number of members that are there from the start. Members that join later are latecomers.
pub const EARLY: usize = 4;

/// The fault of a server. "One subscriber" is the first that joined and did not publish the message
/// itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No fault, but the server uses all that WebSocket allows: fragments, pings between them, and
    /// frames that arrive together or cut anywhere.
    None,
    /// No fault, and only whole frames.
    Behaves,
    /// One subscriber does not get message [`AT`].
    Drops,
    /// One subscriber gets message [`AT`] twice.
    DeliversTwice,
    /// One subscriber gets message [`AT`] behind the next one.
    Swaps,
    /// From message [`AT`] on, the server sends and answers nothing for this time.
    Stalls(Duration),
    /// One subscriber gets message [`AT`] with another last letter.
    Alters,
    /// One subscriber gets message [`AT`] with another digit at this place of its text, from 0.
    Garbles(usize),
    /// Message [`AT`] goes to a member of another lobby too.
    Strays,
    /// Latecomers do not get their own messages.
    HidesEchoes,
    /// Joins after the first `but` are refused with this reason.
    RefusesJoins { but: usize, reason: &'static str },
    /// The first join is refused.
    RefusesOneJoin,
    /// Joins are answered with phx_error.
    CrashesJoins,
    /// Heartbeats are not answered.
    IgnoresHeartbeats,
    /// Upgrades are answered with this text instead, together with the end of the connection.
    Answers(&'static str),
    /// All connections are reset at message [`AT`].
    ResetsAll,
    /// One subscriber's connection is closed with 1013 at message [`AT`].
    ClosesOne,
    /// One subscriber's connection ends with message [`AT`], without a Close frame.
    EndsOne,
    /// Pushes are answered with an error of the reason "slow down", and are not broadcast.
    RefusesPushes,
}

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

/// Holds back bytes that are written from now on, so that they leave in one segment with the end of
/// the connection.
fn hold_back(stream: &TcpStream) {
    let _ = socket2::SockRef::from(stream).set_tcp_cork(true);
}
