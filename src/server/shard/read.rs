//! Reading each ready socket once, receiving its frames, and charging its connection for them.

use std::io;
use std::time::{Duration, Instant};

use fastwebsockets::OpCode;
use tokio::io::Interest;

use super::connection::{Connection, Stage};
use super::connections::Queued;
use super::ended::ClientEnd;
use super::host::ShardHost;
use super::rate_limit::{Taken, Verdict};
use super::{ReadScratch, Shard};
use crate::broker::{Budget, UNREAD_OUTBOX_BYTES_MAX};
use crate::channel::ConnectionName as Name;
use crate::channel::Host;
use crate::protocol::Undecodable;
use crate::server::limits::limit::Limit;
use crate::server::log::notice::summed;
use crate::websocket::{CloseReason, Filled, FrameReader, Inbound, ReadLimits, seal};

/// Most sockets read in one turn, once each, from each of two lists: connections that were woken,
/// and connections with more to read. A client that always sends gets only its share. With two
/// lists, a client that seldom sends does not wait behind a hundred clients that always send.
const READS_PER_TURN: usize = 256;

/// Bytes after which a turn reads no further connection from a list: a few full reads, so that a
/// turn stays short. Counted for each of the two lists.
const READ_BYTES_PER_TURN: usize = 256 << 10;

/// Time after which a turn reads no further connection that is in no room, or has more to read. So
/// a crowd that joins at once leaves most of a turn to the rooms. Looked at after each
/// [`READS_BETWEEN_LOOKS`] reads.
const READ_TIME_PER_TURN: Duration = Duration::from_micros(250);

const READS_BETWEEN_LOOKS: usize = 8;

/// Bytes by which an incomplete message has to grow in a read, so that the time for which it was
/// not read counts as the shard's. A message has few such parts, so a client that sends it byte by
/// byte gains nothing. As many bytes beside the message show that a client sends other frames
/// instead of its rest.
const MUCH_BYTES: usize = 256;

impl Shard {
    pub(crate) fn read_ready(&mut self) {
        self.scratch.catch_up = Budget::default();
        let Queued { awake, ready } = self.connections.take_queued();
        // Connections queued during these reads are read in the next turn, behind the connections
        // left over.
        let left = Queued {
            awake: self.see_to_some(awake, |_| false),
            ready: self.see_to_some(ready, |begun| begun.elapsed() > READ_TIME_PER_TURN),
        };
        self.connections.put_back(left);
    }

    /// Resumes the writes of the connections with these names and reads them, as many as one turn
    /// may, and until `is_late`. Returns the rest of `names`.
    fn see_to_some(&mut self, mut names: Vec<u64>, is_late: impl Fn(&Instant) -> bool) -> Vec<u64> {
        let begun = Instant::now();
        let mut seen_to = 0;
        self.scratch.bytes_read = 0;
        while seen_to < names.len().min(READS_PER_TURN)
            && self.scratch.bytes_read < READ_BYTES_PER_TURN
        {
            self.see_to(names[seen_to]);
            seen_to += 1;
            if seen_to % READS_BETWEEN_LOOKS == 0 && is_late(&begun) {
                break;
            }
        }
        self.services
            .link
            .stats
            .bytes
            .add(self.scratch.bytes_read as u64);
        names.drain(..seen_to);
        names
    }

    /// Resumes blocked writes of a queued connection, and reads it.
    fn see_to(&mut self, name: u64) {
        let Some((key, since, connection)) = self.connections.unqueue(name) else {
            return;
        };
        let waited_ms = self.timers.clock.since_ms(since);
        if connection.write_blocked && !connection.wait_writable() {
            connection.write_blocked = false;
            self.services.fanout.writable(key);
        }
        self.read(key, waited_ms);
    }

    /// Reads a connection once that was queued for `waited_ms`, and receives all frames that came.
    /// Then waits to be woken, or queues the connection for the next turn.
    pub(crate) fn read(&mut self, key: u32, waited_ms: u64) {
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        match &connection.stage {
            Stage::Closing(_) => return self.discard_input(key),
            Stage::Paused { .. } | Stage::Throttled { .. } | Stage::Ended => return,
            Stage::Open | Stage::Held => {}
        }
        if self.services.fanout.outbox_bytes(key) > UNREAD_OUTBOX_BYTES_MAX {
            self.connections.hold(key);
            return self.services.fanout.notify_of_room(key);
        }
        // A leave among the bytes would make a queue of all that the connection lacks.
        let (fanout, budget) = (&mut self.services.fanout, &mut self.scratch.catch_up);
        fanout.catch_up(key, &mut self.connections, budget);
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        connection.reopen(&self.timers.clock);
        let stream = &connection.stream;
        let before = Kept::by(&connection.reader);
        let filled: io::Result<Filled> = connection
            .reader
            .fill(&mut self.scratch.buffer, |space| stream.try_read(space));
        match filled {
            Ok(filled) if filled.read > 0 => {
                self.scratch.bytes_read += filled.read;
                if filled.is_short() {
                    connection.is_exhausted_for(Interest::READABLE);
                }
                self.receive(key, before, filled.read, waited_ms);
            }
            nothing => {
                connection.pace.rests();
                // The reader may have made room for the read.
                let now = connection.reader.kept_bytes();
                self.connections.keeps(before.memory, now);
                if !nothing.is_err_and(|error| is_passing(&error)) {
                    let gone = ClientEnd::Drop(CloseReason::PeerGone);
                    return self.connections.ends(key, gone);
                }
            }
        }
        self.connections.wait_readable(key);
    }

    /// Receives the bytes that came with the handshake request.
    pub(crate) fn read_leftover(&mut self, key: u32, mut leftover: &[u8]) {
        self.services.link.stats.bytes.add(leftover.len() as u64);
        while !leftover.is_empty() {
            let Some(connection) = self.connections.get_mut(key).filter(|c| c.is_read()) else {
                return;
            };
            let before = Kept::by(&connection.reader);
            let copied = connection.reader.fill(&mut self.scratch.buffer, |space| {
                let len = space.len().min(leftover.len());
                space[..len].copy_from_slice(&leftover[..len]);
                leftover = &leftover[len..];
                Ok(len)
            });
            if let Ok(filled) = copied {
                self.receive(key, before, filled.read, 0);
            }
        }
    }

    /// Receives all whole frames that were read, in order, and charges the connection for them.
    /// `before` is what the reader kept before the read, `read` the number of bytes read, and
    /// `waited_ms` the time for which the connection was queued before.
    fn receive(&mut self, key: u32, before: Kept, read: usize, waited_ms: u64) {
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        let now = self.timers.clock.now();
        connection.is_heard(now);
        let was_partial = connection.reader.is_partial();
        let mut host = ShardHost::new(&mut self.services, connection.id, connection.party());
        let received = receive_frames(connection, &mut self.scratch, &mut host);
        // If a message became whole, the message that is incomplete now began with this read.
        let mut grown = None;
        if !was_partial || matches!(&received, Ok(taken) if taken.is_whole) {
            connection.begins_message(now);
        } else {
            let bytes = connection.reader.partial_bytes();
            let bytes = bytes.saturating_sub(before.of_message);
            // The rest of the message waited for the shard. One byte would not show that.
            if bytes >= MUCH_BYTES {
                connection.partial.put_off(waited_ms);
            }
            grown = Some(bytes);
        }
        if received.is_err() {
            // The shared buffer must not pass the unread bytes to the next connection. The bytes
            // that the reader kept no longer count as an incomplete message.
            connection.reader.discard(&mut self.scratch.buffer);
        }
        let now_kept = connection.reader.kept_bytes();
        self.connections.keeps(before.memory, now_kept);
        let verdict = match received {
            Ok(taken) => self.charge_read(key, read, taken),
            Err(reason) => {
                self.note_violation(&reason);
                Verdict::Close(reason)
            }
        };
        match verdict {
            Verdict::GoOn => {}
            Verdict::Pause(topic) => self.connections.pause(key, now, topic),
            Verdict::Throttle { until_ns } => self.connections.throttle(key, now, until_ns),
            Verdict::Close(reason) => self.connections.ends(key, ClientEnd::Close(reason)),
        }
        if now_kept > 0 {
            if let Some(grown) = grown {
                self.look_at_partial(key, read >= grown + MUCH_BYTES);
            }
            self.bound_incomplete();
        }
    }
}

/// What a reader keeps of an incomplete message.
#[derive(Clone, Copy)]
struct Kept {
    /// The memory for it, in bytes.
    memory: usize,
    /// Bytes of the message itself.
    of_message: usize,
}

impl Kept {
    fn by(reader: &FrameReader) -> Kept {
        Kept {
            memory: reader.kept_bytes(),
            of_message: reader.partial_bytes(),
        }
    }
}

/// Receives each whole frame: hands a message to the session, and answers a ping. An error is the
/// reason to close the connection.
fn receive_frames(
    connection: &mut Connection,
    scratch: &mut ReadScratch,
    host: &mut ShardHost<'_>,
) -> Result<Taken, CloseReason> {
    let ReadScratch { buffer, decode, .. } = scratch;
    let observe = host.services.limits.observe;
    let message_bytes_max = connection.socket.limits().message_bytes_max as u64;
    let message_bytes_max = observe.bites_above(Limit::MessageBytes, message_bytes_max) as usize;
    let limits = ReadLimits { message_bytes_max };
    let (mut messages, mut controls, mut largest) = (0_u32, 0_u32, 0);
    while let Some(inbound) = connection.reader.next(buffer, &limits)? {
        let session = &mut connection.session;
        let taken = match inbound {
            Inbound::Text(text) => session.text(text, decode, host),
            Inbound::Binary(bytes) => session.binary(bytes, decode, host),
            Inbound::Ping(payload) => {
                controls += 1;
                host.send(seal(OpCode::Pong, payload), None);
                continue;
            }
            // A pong shows that the client is there: the read has restarted the idle time already.
            Inbound::Pong(_) => {
                controls += 1;
                continue;
            }
            Inbound::Close(_) => return Err(CloseReason::ClientClosed),
        };
        messages += 1;
        host.services.link.stats.messages.add(1);
        largest = largest.max(inbound.payload().len());
        taken.map_err(|cause| undecodable(&cause, host))?;
    }
    // Pings between the fragments of a message do not make that message whole.
    let is_whole = messages > 0 || (controls > 0 && !connection.reader.is_inside_message());
    let frames = messages + controls + buffer.fragments();
    Ok(Taken {
        is_whole,
        frames,
        largest,
        lag_bytes: host.lag_bytes,
        lagging: host.lagging.take(),
    })
}

/// Logs why a message could not be decoded. Returns the close reason, which is the same for all
/// causes.
fn undecodable(cause: &Undecodable, host: &ShardHost<'_>) -> CloseReason {
    let (name, shard) = (Name(host.connection), host.services.link.number);
    let sums = &host.services.link.admission.sums;
    let reason = CloseReason::Undecodable;
    summed!(
        sums, Undecodable, reason.name(),
        connection = %name, shard, %cause, hint = cause.hint()
    );
    reason
}

/// True if an error of a socket does not end its connection.
pub(crate) fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}
