//! The floor's event loop: each turn reads the ready sockets, accepts connections, then writes.
//!
//! A turn is one epoll_wait, one read of each readable socket, and, if the floor writes in batches,
//! at the end one write per member of each lobby with new messages.

use std::io::{self, ErrorKind};
use std::net;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mio::event::Event;
use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};

use super::broker::Broker;
use super::frame;
use super::handshake::{self, Handshake};
use super::socket::{BUFFER_BYTES, FloorConnection, FloorStage};
use super::writes::Writes;

/// The listener's token; a connection's token is its number.
const LISTENER: Token = Token(usize::MAX);

/// Most events of one epoll_wait.
const EVENTS_MAX: usize = 1024;

/// Most connections accepted in a turn, so that a storm of connects does not hold up messages.
const ACCEPTS_MAX: usize = 64;

/// How long a turn waits for an event before it reads the stop flag.
const STOP_LOOK: Duration = Duration::from_millis(100);

/// How long a turn waits when an accept failed for want of descriptors or memory.
const SHORTAGE_LOOK: Duration = Duration::from_millis(10);

/// Whether connections wait at the listener; kept because the listener's event comes only once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waiting {
    /// All connections have been accepted.
    Nobody,
    /// Connections may wait: the listener had an event, or the turn accepted its maximum.
    Somebody,
    /// The system had no descriptors or memory for the next connection.
    Shortage,
}

/// The state of the event loop: epoll, the listener, the one read buffer.
pub(super) struct Floor {
    poll: Poll,
    listener: TcpListener,
    waiting: Waiting,
    buffer: Box<[u8]>,
    /// Connections that may have more to read, listed in this turn and, below, in the turn before.
    unread: Vec<u32>,
    left_over: Vec<u32>,
    broker: Broker,
}

impl Floor {
    pub fn new(listener: net::TcpListener, writes: Writes) -> io::Result<Floor> {
        listener.set_nonblocking(true)?;
        socket2::SockRef::from(&listener).set_tcp_nodelay(true)?;
        let mut listener = TcpListener::from_std(listener);
        let poll = Poll::new()?;
        poll.registry()
            .register(&mut listener, LISTENER, Interest::READABLE)?;
        Ok(Floor {
            poll,
            listener,
            waiting: Waiting::Somebody,
            buffer: vec![0; BUFFER_BYTES].into_boxed_slice(),
            unread: Vec::new(),
            left_over: Vec::new(),
            broker: Broker::new(writes),
        })
    }

    pub fn run(&mut self, stop: &AtomicBool) -> io::Result<()> {
        let mut events = Events::with_capacity(EVENTS_MAX);
        while !stop.load(Ordering::Relaxed) {
            match self.poll.poll(&mut events, Some(self.patience())) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                result => result?,
            }
            self.turn(&events)?;
        }
        Ok(())
    }

    fn patience(&self) -> Duration {
        match self.waiting {
            _ if !self.unread.is_empty() => Duration::ZERO,
            Waiting::Somebody => Duration::ZERO,
            Waiting::Shortage => SHORTAGE_LOOK,
            Waiting::Nobody => STOP_LOOK,
        }
    }

    fn turn(&mut self, events: &Events) -> io::Result<()> {
        std::mem::swap(&mut self.unread, &mut self.left_over);
        while let Some(connection) = self.left_over.pop() {
            self.read(connection, false);
        }
        for event in events {
            match event.token() {
                LISTENER => self.waiting = Waiting::Somebody,
                Token(number) => self.ready(number as u32, event),
            }
        }
        if self.waiting != Waiting::Nobody {
            self.accept()?;
        }
        self.broker.end_turn();
        Ok(())
    }

    /// Accepts connections. Each is registered once, for both directions: the kernel reports
    /// room to write only after a write that found none.
    fn accept(&mut self) -> io::Result<()> {
        for _ in 0..ACCEPTS_MAX {
            let mut stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) => {
                    self.waiting = after(error)?;
                    return Ok(());
                }
            };
            let token = Token(self.broker.connections.next_number() as usize);
            let both = Interest::READABLE | Interest::WRITABLE;
            self.poll.registry().register(&mut stream, token, both)?;
            self.broker.connections.add(FloorConnection::new(stream));
        }
        self.waiting = Waiting::Somebody;
        Ok(())
    }

    fn ready(&mut self, number: u32, event: &Event) {
        if event.is_writable()
            && let Some(connection) = self.broker.connections.at(number)
            && connection.go_on().is_err()
        {
            self.broker.end(number);
        }
        if event.is_readable() {
            self.read(number, event.is_read_closed());
        }
    }

    /// Reads a connection once. `closing` says that the peer's end has arrived too, and that no
    /// other event will come for the connection.
    fn read(&mut self, number: u32, closing: bool) {
        let Some(connection) = self.broker.connections.at(number) else {
            return;
        };
        if connection.stage == FloorStage::Ended {
            return;
        }
        match connection.read(&mut self.buffer) {
            Ok(Some(filled)) => {
                if filled.more || closing {
                    self.unread.push(number);
                }
                self.parse(number, filled.bytes);
            }
            Ok(None) => {}
            Err(_) => self.broker.end(number),
        }
    }

    /// Handles the whole frames in the buffer, and keeps the rest.
    fn parse(&mut self, number: u32, bytes: usize) {
        let Some(mut parsed) = self.upgrade(number, bytes) else {
            return;
        };
        loop {
            match frame::next(&mut self.buffer[parsed..bytes]) {
                Ok(Some((frame, length))) => {
                    parsed += length;
                    if self.broker.take(number, frame).is_break() {
                        return self.broker.end(number);
                    }
                }
                Ok(None) => break,
                Err(_) => return self.broker.end(number),
            }
        }
        if parsed < bytes
            && let Some(connection) = self.broker.connections.at(number)
        {
            connection.keep(&self.buffer[parsed..bytes]);
        }
    }

    /// Returns the place of the first frame in the buffer: behind the upgrade request, or 0 on an
    /// open connection. `None` if the request is incomplete, or was refused.
    fn upgrade(&mut self, number: u32, bytes: usize) -> Option<usize> {
        let connection = self.broker.connections.at(number)?;
        if connection.stage == FloorStage::Open {
            return Some(0);
        }
        match handshake::look(&self.buffer[..bytes]) {
            Handshake::Upgrade { bytes, answer } => {
                connection.stage = FloorStage::Open;
                if connection.deliver(answer.as_bytes()).is_ok() {
                    return Some(bytes);
                }
            }
            Handshake::Partial => {
                connection.keep(&self.buffer[..bytes]);
                return None;
            }
            Handshake::Refused => {
                // The connection is dropped either way, so a failed write does not matter.
                let _ = connection.deliver(handshake::REFUSAL);
            }
        }
        self.broker.end(number);
        None
    }
}

/// Maps the error of an accept to the next state. Linux reports here also the errors of connections
/// in the backlog.
fn after(error: io::Error) -> io::Result<Waiting> {
    use rustix::io::Errno;
    const SHORTAGES: [Errno; 4] = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM];
    if error.kind() == ErrorKind::WouldBlock {
        return Ok(Waiting::Nobody);
    }
    let code = error.raw_os_error();
    if SHORTAGES
        .iter()
        .any(|shortage| code == Some(shortage.raw_os_error()))
    {
        return Ok(Waiting::Shortage);
    }
    match error.kind() {
        ErrorKind::Interrupted | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset => {
            Ok(Waiting::Somebody)
        }
        _ => Err(error),
    }
}
