//! Opening connections: at a rate or as fast as it goes, never too many on their way at once, each with a deadline; and
//! ending them.

use std::collections::VecDeque;
use std::io;

use mio::net::TcpStream;
use mio::{Interest, Token};

use super::connection::Stage;
use super::{Beat, Fleet, FleetSettings, Happening, Returning, count};
use crate::load::clock::now_ns;
use crate::load::wire::frame::{self, opcode};
use crate::load::wire::phoenix::{self, Push};
use crate::load::wire::upgrade::{self, Answer};

/// Who is to be opened when, and who is on the way.
#[derive(Debug)]
pub(super) struct Opening {
    waiting: VecDeque<u32>,
    /// From one start to the next; 0 is as fast as it goes.
    period_ns: u64,
    next_ns: u64,
    /// Since when all of them were to be started at once.
    storm_ns: Option<u64>,
    /// When each connection on its way was opened, oldest first. Our own line before that is none of the server's. Those that arrived meanwhile are still in it.
    on_the_way: VecDeque<(u32, u64)>,
    arriving: usize,
    arriving_max: usize,
    timeout_ns: u64,
}

impl Opening {
    pub fn new(settings: &FleetSettings) -> Opening {
        Opening {
            waiting: VecDeque::new(),
            period_ns: settings.connect_rate.map_or(0, |rate| (1e9 / rate) as u64),
            next_ns: 0,
            storm_ns: None,
            on_the_way: VecDeque::new(),
            arriving: 0,
            arriving_max: settings.connecting_max,
            timeout_ns: settings.connect_timeout_ns,
        }
    }

    pub fn storm_from(&mut self, begin_ns: u64) {
        self.storm_ns = Some(begin_ns);
    }

    /// From now on each connection is opened at once, and may take so long until its upgrade is answered.
    pub fn unbound(&mut self, timeout_ns: u64) {
        (self.period_ns, self.next_ns, self.storm_ns) = (0, 0, None);
        (self.arriving_max, self.timeout_ns) = (usize::MAX, timeout_ns);
    }

    /// A connection that had joined has to join again.
    pub fn is_back_on_the_way(&mut self) {
        self.arriving += 1;
    }

    pub fn can_open_at(&self, now: u64) -> bool {
        !self.waiting.is_empty() && self.arriving < self.arriving_max && self.next_ns <= now
    }

    /// When the next start or the next deadline is.
    pub fn next_due_ns(&self) -> Option<u64> {
        let start =
            (!self.waiting.is_empty() && self.arriving < self.arriving_max).then_some(self.next_ns);
        let deadline = self
            .on_the_way
            .front()
            .map(|(_, opened_ns)| opened_ns + self.timeout_ns);
        start.into_iter().chain(deadline).min()
    }

    /// A connection and when it was to be started. At a rate that is the planned time, however late this is asked, so
    /// that a server that is slow to accept cannot hide.
    fn due(&mut self, now: u64) -> Option<(u32, u64)> {
        if !self.can_open_at(now) {
            return None;
        }
        let number = self.waiting.pop_front()?;
        let planned_ns = match (self.period_ns, self.storm_ns) {
            (0, Some(storm_ns)) => storm_ns,
            (0, None) => now,
            _ => self.next_ns,
        };
        self.next_ns = planned_ns + self.period_ns;
        self.arriving += 1;
        self.on_the_way.push_back((number, now));
        Some((number, planned_ns))
    }
}

impl Fleet {
    /// Opens a connection when its turn comes.
    pub fn open(&mut self, number: u32) {
        if self.opening.waiting.is_empty() {
            self.opening.next_ns = self.opening.next_ns.max(now_ns());
        }
        if self.returning.is_none() {
            self.census.wanted += 1;
        }
        self.opening.waiting.push_back(number);
    }

    /// Connections that are to be opened or on their way.
    pub fn opening(&self) -> usize {
        let apart = self.returning.as_ref().map_or(0, Returning::apart);
        self.opening.waiting.len() + self.opening.arriving + apart
    }

    /// Opens no more of those that wait for their turn.
    pub fn stop_opening(&mut self) {
        self.opening.waiting.clear();
    }

    pub(super) fn open_due(&mut self, now: u64) -> io::Result<()> {
        while let Some((number, planned_ns)) = self.opening.due(now) {
            self.census.first_start_ns.get_or_insert(planned_ns);
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
                Err(error) => self.refused(number, error.to_string()),
            }
        }
        self.give_up_late(now);
        Ok(())
    }

    /// Those who have not joined in time.
    fn give_up_late(&mut self, now: u64) {
        let timeout_ns = self.opening.timeout_ns;
        while let Some((number, opened_ns)) = self.opening.on_the_way.front().copied() {
            let connection = &self.connections[number as usize];
            let still = connection.opened_ns == opened_ns;
            let without = match connection.stage {
                Stage::Connecting if still => "TCP connection",
                Stage::Upgrading if still => "answer to the upgrade",
                Stage::Joining if still && self.returning.is_none() => "reply to the join",
                _ => {
                    self.opening.on_the_way.pop_front();
                    continue;
                }
            };
            if opened_ns + timeout_ns > now {
                return;
            }
            self.opening.on_the_way.pop_front();
            self.refused(
                number,
                format!("no {without} within {} s", timeout_ns / 1_000_000_000),
            );
        }
    }

    /// The socket has connected, or failed to.
    pub(super) fn connected(&mut self, number: u32) {
        let connection = &mut self.connections[number as usize];
        let Some(socket) = &connection.socket else {
            return;
        };
        match socket.take_error() {
            Ok(None) if socket.peer_addr().is_ok() => {
                let _ = socket.set_nodelay(true);
                self.census
                    .to_connected
                    .record(connection.started_ns, now_ns());
                connection.stage = Stage::Upgrading;
                connection.out.bytes.extend_from_slice(&self.request);
                self.list_for_writing(number);
            }
            Ok(None) => {}
            Ok(Some(error)) | Err(error) => self.refused(number, plain(&error)),
        }
    }

    /// Looks at what came of the answer to the upgrade. Returns how many bytes of it were that.
    pub(super) fn upgraded(&mut self, number: u32, bytes: &[u8], now: u64) -> Option<usize> {
        match upgrade::answer(bytes, &self.accept) {
            Answer::Incomplete => Some(0),
            Answer::Refused(why) => {
                self.refused(number, why);
                None
            }
            Answer::Upgraded(head_len) => {
                let started_ns = self.connections[number as usize].started_ns;
                self.census.to_upgraded.record(started_ns, now);
                self.census.connected += 1;
                self.upgraded_at(number, now);
                self.join(number);
                Some(head_len)
            }
        }
    }

    pub(super) fn join(&mut self, number: u32) {
        let script = &self.settings.script;
        let mask = self.random.u32(..).to_ne_bytes();
        let connection = &mut self.connections[number as usize];
        connection.stage = Stage::Joining;
        connection.join_ref = connection.reference();
        let payload = script.join_payload(connection.lobby);
        let message = Push {
            reference: connection.join_ref,
            topic: &script.quoted_topic(connection.lobby),
            event: b"\"phx_join\"",
            payload: payload.as_bytes(),
            join_ref: Some(connection.join_ref),
        };
        phoenix::push(&mut connection.out.bytes, script.version(), mask, &message);
        self.list_for_writing(number);
    }

    /// The join was answered with ok.
    pub(super) fn joined_at(&mut self, number: u32, now: u64) {
        let connection = &mut self.connections[number as usize];
        connection.stage = Stage::Joined;
        connection.joined_ns = now;
        self.census.to_joined.record(connection.started_ns, now);
        self.census.joined_ever += 1;
        self.census.joined_now += 1;
        self.census.last_join_ns = now;
        self.opening.arriving -= 1;
        self.ledger.join(number);
        self.has_joined(number);
        if !self.has_returned(number) {
            // A random begin spreads the heartbeats of connections that joined at once.
            let first = (self.settings.heartbeat_ns as f64 * self.random.f64()) as u64;
            self.beat_from(number, now + first);
        }
        self.happenings.push(Happening::Joined(number));
    }

    pub(super) fn beat_from(&mut self, number: u32, due_ns: u64) {
        let started_ns = self.connections[number as usize].started_ns;
        self.heartbeats.push(std::cmp::Reverse(Beat {
            due_ns,
            number,
            started_ns,
        }));
    }

    /// A connection could not be had.
    pub(super) fn refused(&mut self, number: u32, why: String) {
        self.opening.arriving -= 1;
        self.drop_socket(number);
        if self.returning.is_some() {
            self.try_again(number);
        } else {
            count(&mut self.census.refused, why.clone());
        }
        self.happenings.push(Happening::Refused(number, why));
    }

    /// A connection ended that was not asked to.
    pub(super) fn lost(&mut self, number: u32, why: String) {
        match self.connections[number as usize].stage {
            Stage::Closed => return,
            Stage::Closing => return self.drop_socket(number),
            Stage::Connecting | Stage::Upgrading | Stage::Joining | Stage::Unjoined => {
                return self.refused(number, why);
            }
            Stage::Joined => {}
        }
        self.census.joined_now -= 1;
        if self.returning.is_some() {
            self.ledger.end_life(number, &mut self.done);
            self.try_again(number);
        } else if self.connections[number as usize].slow {
            // It is told by the end of its connection, and owed no more than it has.
            count(&mut self.census.ended_slow, why.clone());
            self.ledger.leave(number, &mut self.done);
        } else {
            count(&mut self.census.lost, why.clone());
            self.ledger.lose(number, &mut self.done);
        }
        self.drop_socket(number);
        self.happenings.push(Happening::Lost(number, why));
    }

    fn drop_socket(&mut self, number: u32) {
        let connection = &mut self.connections[number as usize];
        connection.stage = Stage::Closed;
        connection.kept = Vec::new();
        connection.fragments = Vec::new();
        connection.out = Default::default();
        if let Some(mut socket) = connection.socket.take() {
            let _ = self.poll.registry().deregister(&mut socket);
        }
    }

    /// The connection leaves the lobby as `how` says, of its own will: what it has not got by now it is not owed.
    pub fn depart(&mut self, number: u32, how: Departure) {
        let connection = &mut self.connections[number as usize];
        if connection.stage != Stage::Joined {
            return;
        }
        self.ledger.leave(number, &mut self.done);
        self.census.joined_now -= 1;
        connection.stage = Stage::Closing;
        let mask = self.random.u32(..).to_ne_bytes();
        match how {
            Departure::Leave => {
                let message = Push {
                    reference: connection.reference(),
                    topic: &self.settings.script.quoted_topic(connection.lobby),
                    event: b"\"phx_leave\"",
                    payload: b"{}",
                    join_ref: Some(connection.join_ref),
                };
                phoenix::push(
                    &mut connection.out.bytes,
                    self.settings.script.version(),
                    mask,
                    &message,
                );
                frame::write(
                    &mut connection.out.bytes,
                    opcode::CLOSE,
                    mask,
                    &[&1000u16.to_be_bytes()],
                );
                self.list_for_writing(number);
            }
            Departure::Close => {
                frame::write(
                    &mut connection.out.bytes,
                    opcode::CLOSE,
                    mask,
                    &[&1000u16.to_be_bytes()],
                );
                self.list_for_writing(number);
            }
            Departure::Drop => self.drop_socket(number),
            Departure::Reset => {
                if let Some(socket) = &connection.socket {
                    // A lingering time of zero makes the kernel send RST instead of FIN.
                    let _ =
                        socket2::SockRef::from(socket).set_linger(Some(std::time::Duration::ZERO));
                }
                self.drop_socket(number);
            }
        }
    }

    /// Connections whose Close is on its way.
    pub fn closing(&self) -> usize {
        let closing = |connection: &&super::Connection| connection.stage == Stage::Closing;
        self.connections.iter().filter(closing).count()
    }
}

/// Bytes that the socket of a connection takes in which is going to stop reading.
const NARROW_BYTES: usize = 16 << 10;

/// A socket that takes little in. That has to be said before it connects.
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

/// A connection that does not wait is on its way.
const IN_PROGRESS: i32 = rustix::io::Errno::INPROGRESS.raw_os_error();

/// How a connection goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Departure {
    /// It leaves the channel, then closes.
    Leave,
    /// It closes.
    Close,
    /// The TCP connection ends without a Close frame, as when a program is killed.
    Drop,
    /// The TCP connection is reset, as when a machine is gone.
    Reset,
}

/// An error of the system without its number.
pub(super) fn plain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        io::ErrorKind::ConnectionReset => "connection reset".to_owned(),
        io::ErrorKind::BrokenPipe => "connection broken".to_owned(),
        io::ErrorKind::TimedOut => "connection timed out".to_owned(),
        io::ErrorKind::AddrNotAvailable => "no local port is left".to_owned(),
        _ => error.to_string(),
    }
}
