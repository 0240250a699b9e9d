//! Opening connections: at a rate, or as fast as the server accepts them.
//!
//! The number of connections on their way is limited, and each of them has a deadline.

use std::io;

use mio::net::TcpStream;
use mio::{Interest, Token};

use super::connection::Stage;
use super::event::Event;
use super::reason::{Cause, Reason};
use super::reconnect_queue::ReconnectQueue;
use super::{Beat, Fleet};
use crate::clock::now_ns;
use crate::load::wire::phoenix::Push;
use crate::load::wire::upgrade::{self, Answer};
use crate::observe::host::met_itself;

impl Fleet {
    /// Queues a connection, which is opened when its turn in the queue comes.
    pub fn open(&mut self, number: u32) {
        if self.connect_queue.waiting.is_empty() {
            self.connect_queue.next_ns = self.connect_queue.next_ns.max(now_ns());
        }
        if self.returning.is_none() {
            self.totals.wanted += 1;
        }
        self.connect_queue.waiting.push_back(number);
    }

    /// Returns the number of connections that wait to be opened or are on their way.
    pub fn opening(&self) -> usize {
        let returning = self.returning.as_ref().map_or(0, ReconnectQueue::waiting);
        self.connect_queue.waiting.len() + self.connect_queue.arriving + returning
    }

    /// Empties the queue of connections that wait to be opened.
    pub fn stop_opening(&mut self) {
        self.connect_queue.waiting.clear();
    }

    pub(super) fn open_due(&mut self, now: u64) -> io::Result<()> {
        while let Some((number, planned_ns)) = self.connect_queue.due(now) {
            self.totals.first_start_ns.get_or_insert(planned_ns);
            let connection = &mut self.connections[number as usize];
            connection.reset();
            connection.started_ns = planned_ns;
            connection.opened_ns = now;
            connection.stage = Stage::Connecting;
            let socket = match connection.narrow {
                true => narrow_socket(self.settings.address),
                false => TcpStream::connect(self.settings.address),
            };
            match socket {
                Ok(mut socket) => {
                    let interest = Interest::READABLE | Interest::WRITABLE;
                    let registry = self.poll.registry();
                    registry.register(&mut socket, Token(number as usize), interest)?;
                    connection.socket = Some(socket);
                }
                Err(error) => self.refused(number, Reason::from(&error)),
            }
        }
        self.give_up_late(now);
        Ok(())
    }

    /// Gives up connections whose time for connecting and joining has passed.
    fn give_up_late(&mut self, now: u64) {
        let timeout_ns = self.connect_queue.timeout_ns;
        while let Some((number, opened_ns)) = self.connect_queue.on_the_way.front().copied() {
            let connection = &self.connections[number as usize];
            let still = connection.opened_ns == opened_ns;
            let (cause, without) = match connection.stage {
                Stage::Connecting if still => (Cause::Unanswered, "TCP connection"),
                Stage::Upgrading if still => (Cause::Unanswered, "answer to the upgrade"),
                Stage::Joining if still && self.returning.is_none() => {
                    (Cause::JoinUnanswered, "reply to the join")
                }
                _ => {
                    self.connect_queue.on_the_way.pop_front();
                    continue;
                }
            };
            if opened_ns + timeout_ns > now {
                return;
            }
            self.connect_queue.on_the_way.pop_front();
            let words = format!("no {without} within {} s", timeout_ns / 1_000_000_000);
            self.refused(number, cause.because(words));
        }
    }

    /// Handles the end of a socket's connect: sends the upgrade request, or counts the failure.
    pub(super) fn connected(&mut self, number: u32) {
        let connection = &mut self.connections[number as usize];
        let Some(socket) = &connection.socket else {
            return;
        };
        match socket.take_error() {
            Ok(None) if met_itself(socket) => {
                let words = "connection refused";
                self.refused(number, Cause::NothingListens.because(words));
            }
            Ok(None) if socket.peer_addr().is_ok() => {
                let _ = socket.set_nodelay(true);
                self.totals
                    .to_connected
                    .record(connection.started_ns, now_ns());
                connection.stage = Stage::Upgrading;
                let columns = self.settings.script.columns();
                let (lobby, out) = (connection.lobby, &mut connection.out.bytes);
                self.request.write(columns, lobby, number, out);
                self.list_for_writing(number);
            }
            Ok(None) => {}
            Ok(Some(error)) | Err(error) => self.refused(number, Reason::from(&error)),
        }
    }

    /// Parses the answer to the upgrade. Returns its length: 0 if incomplete, `None` if refused.
    pub(super) fn upgraded(&mut self, number: u32, bytes: &[u8], now: u64) -> Option<usize> {
        match upgrade::answer(bytes, &self.accept) {
            Answer::Incomplete => Some(0),
            Answer::Refused(status, words) => {
                let cause = status.map_or(Cause::Malformed, Cause::Http);
                self.refused(number, cause.because(words));
                None
            }
            Answer::Upgraded(head_len) => {
                let started_ns = self.connections[number as usize].started_ns;
                self.totals.to_upgraded.record(started_ns, now);
                self.totals.connected += 1;
                self.upgraded_at(number, now);
                self.join(number);
                Some(head_len)
            }
        }
    }

    pub(super) fn join(&mut self, number: u32) {
        let script = &self.settings.script;
        let connection = &mut self.connections[number as usize];
        connection.stage = Stage::Joining;
        connection.join_ref = connection.reference();
        let payload = script.join_payload(connection.lobby, number);
        let message = Push {
            reference: connection.join_ref,
            topic: &script.quoted_topic(connection.lobby),
            event: b"\"phx_join\"",
            payload: &payload,
            join_ref: Some(connection.join_ref),
        };
        self.queue(number, &message);
    }

    /// Handles the ok reply to a join: the connection is in its lobby now.
    pub(super) fn joined_at(&mut self, number: u32, now: u64) {
        let connection = &mut self.connections[number as usize];
        connection.stage = Stage::Joined;
        connection.joined_ns = now;
        self.totals.to_joined.record(connection.started_ns, now);
        self.totals.joined_ever += 1;
        self.totals.joined_now += 1;
        self.totals.last_join_ns = now;
        self.connect_queue.arriving -= 1;
        self.ledger.join(number);
        self.has_joined(number);
        if !self.has_returned(number) {
            // A random start spreads the heartbeats of connections that joined at once.
            let first = (self.settings.heartbeat_ns as f64 * self.random.f64()) as u64;
            self.beat_from(number, now + first);
        }
        self.events.push(Event::Joined(number));
    }

    pub(super) fn beat_from(&mut self, number: u32, due_ns: u64) {
        let started_ns = self.connections[number as usize].started_ns;
        self.heartbeats.push(std::cmp::Reverse(Beat {
            due_ns,
            number,
            started_ns,
        }));
    }

    /// Handles a connection that failed before it was in its lobby.
    pub(super) fn refused(&mut self, number: u32, why: Reason) {
        self.connect_queue.arriving -= 1;
        self.drop_socket(number);
        if self.returning.is_some() {
            self.try_again(number);
        } else {
            self.totals.refuse(&why);
        }
        self.events.push(Event::Refused(number, why));
    }
}

/// Receive buffer of a connection that is going to stop reading, in bytes.
const NARROW_BYTES: usize = 16 << 10;

/// Opens a socket with a small receive buffer. The size must be set before the connect.
fn narrow_socket(address: std::net::SocketAddr) -> io::Result<TcpStream> {
    let domain = socket2::Domain::for_address(address);
    let socket = socket2::Socket::new(domain, socket2::Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.set_recv_buffer_size(NARROW_BYTES)?;
    match socket.connect(&address.into()) {
        Err(error) if error.raw_os_error() != Some(IN_PROGRESS) => Err(error),
        _ => Ok(TcpStream::from_std(socket.into())),
    }
}

/// The error of a non-blocking connect that has begun.
const IN_PROGRESS: i32 = rustix::io::Errno::INPROGRESS.raw_os_error();
