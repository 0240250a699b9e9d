//! Small servers that each do one thing wrong, so that a load test can show that it notices. Plain threads and blocking
//! sockets, for a few clients of `vsn` 2.0.0.

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

/// The number of the message at which it happens, counted from 0.
pub const AT: u64 = 100;

/// So many members are there from the begin. Those who join behind them are latecomers.
pub const EARLY: usize = 4;

/// What a server does wrong. "One subscriber" is the first that joined and did not publish the message itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing. But it makes use of what WebSocket allows: fragments, pings between them, frames that arrive together or in
    /// pieces cut anywhere.
    None,
    /// Nothing, and it makes use of nothing.
    Behaves,
    /// One subscriber does not get message [`AT`].
    Drops,
    /// One subscriber gets message [`AT`] twice.
    DeliversTwice,
    /// One subscriber gets message [`AT`] behind the next one.
    Swaps,
    /// Nobody gets or is asked anything for so long, from message [`AT`] on.
    Stalls(Duration),
    /// One subscriber gets message [`AT`] with another last letter.
    Alters,
    /// One subscriber gets message [`AT`] with another digit at this place of its text, counted from 0.
    Garbles(usize),
    /// Message [`AT`] goes to a member of another lobby too.
    Strays,
    /// Latecomers do not get their own messages.
    HidesEchoes,
    /// Joins are refused with this reason, `but` for the first so many.
    RefusesJoins { but: usize, reason: &'static str },
    /// The first join is refused.
    RefusesOneJoin,
    /// Joins are answered with phx_error.
    CrashesJoins,
    /// Heartbeats are not answered.
    IgnoresHeartbeats,
    /// Upgrades are answered with this instead, and the end of the connection comes with it.
    Answers(&'static str),
    /// All connections are reset at message [`AT`].
    ResetsAll,
    /// One subscriber's connection is closed with 1013 at message [`AT`].
    ClosesOne,
    /// One subscriber's connection ends with message [`AT`], without a Close frame.
    EndsOne,
    /// Pushes are answered with an error of the reason "slow down", and go to nobody.
    RefusesPushes,
}

/// A misbehaving server on a free port, until it is dropped.
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
        let _ = TcpStream::connect(self.address); // wakes the accept
        let accepting = self.accepting.take().map(JoinHandle::join);
        assert!(accepting.is_some_and(|ended| ended.is_ok()) || std::thread::panicking());
    }
}

/// A thread a connection. Each ends with its client, or soon after the stop.
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
        // A client that has gone is none of this server's concern.
        let _ = stream.and_then(|stream| connection::serve(stream, fault, &room, &stop));
    });
}

/// What is written from now on waits for the end of the connection, and leaves with it in one segment.
fn hold_back(stream: &TcpStream) {
    let _ = socket2::SockRef::from(stream).set_tcp_cork(true);
}
