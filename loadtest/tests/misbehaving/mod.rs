//! Small servers that each do one thing wrong, so that a load test can show that it notices. Plain threads and blocking
//! sockets, for a few clients of `vsn` 2.0.0.

mod connection;
mod room;

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use room::Room;

/// The number of the message at which it happens, counted from 0.
pub const AT: u64 = 100;

/// How long a stall takes.
pub const STALL: Duration = Duration::from_secs(1);

/// What a server does wrong. "One subscriber" is the first that joined and did not publish the message itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing. But it makes use of what WebSocket allows: fragments, pings between them, frames that arrive together or in
    /// pieces cut anywhere.
    None,
    /// One subscriber does not get message [`AT`].
    Drops,
    /// One subscriber gets message [`AT`] twice.
    DeliversTwice,
    /// One subscriber gets message [`AT`] behind the next one.
    Swaps,
    /// Nobody gets or is asked anything for [`STALL`], from message [`AT`] on.
    Stalls,
    /// One subscriber gets message [`AT`] with another last letter.
    Alters,
    /// Joins are refused with the reason "authorized".
    RefusesJoins,
    /// Upgrades are answered with this instead.
    Answers(&'static str),
    /// All connections are reset at message [`AT`].
    ResetsAll,
    /// One subscriber's connection is closed with 1013 at message [`AT`].
    ClosesOne,
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
        let (room, stop) = (room.clone(), stop.clone());
        std::thread::spawn(move || {
            // A client that has gone is none of this server's concern.
            let _ = stream.and_then(|stream| connection::serve(stream, fault, &room, &stop));
        });
    }
}
