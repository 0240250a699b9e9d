//! The close of a connection: its last frames, the Close frame, and the wait for the peer's end.
//!
//! First all accepted frames go out, and then the Close frame. A slow consumer, and a client that
//! does not read and is over 1,024 broadcasts behind, get the Close frame alone. Meanwhile, and
//! until the peer's end, input is thrown away. A socket that is closed with unread input is reset,
//! and the client would never see the reason.
//!
//! While the Close frame is held back, nothing is read: TCP holds the client back, whatever it
//! sends. A client that was reset instead would come back at once.

use std::net::Shutdown;
use std::sync::atomic::Ordering;
use std::task::Context;
use std::time::{Duration, Instant};

use socket2::SockRef;

use super::Shard;
use super::clock::Stamp;
use super::connection::{CloseState, Connection, Stage};
use super::connections::Connections;
use super::ended::ClientEnd;
use super::host::{Recipients, ShardHost};
use super::link::ShardLink;
use super::read::is_passing;
use crate::broker::Budget;
use crate::channel::ConnectionName as Name;
use crate::server::log::notice::summed;
use crate::websocket::{CloseReason, ReadBuffer};

/// Most bytes thrown away while a closing connection waits for the peer's end. Behind them nothing
/// is read, until the time for closing is over: a reset now could overtake the Close frame.
const DISCARDED_BYTES_MAX: usize = 16 << 20;

/// Most connections closed in one turn for the same cause: a deadline, a log that they fell off, or
/// a drain. Thousands may reach it in one moment, and the others wait meanwhile.
pub(crate) const CLOSES_PER_TURN: usize = 256;

/// Time of a turn for connections that their clients have ended. The others wait meanwhile, and
/// take no more than their memory.
const ENDED_TIME: Duration = Duration::from_micros(250);

impl Shard {
    /// Closes connections that the fan-out has given up, as many as one turn may. True if more are
    /// left.
    pub(crate) fn close_failed(&mut self) -> bool {
        for _ in 0..CLOSES_PER_TURN {
            let Some((key, failure)) = self.services.fanout.take_failed() else {
                break;
            };
            match self.note_failure(&failure) {
                Some(overrun) => self.close(key, CloseReason::SlowConsumer(overrun)),
                // The socket failed.
                None => self.drop_connection(key, CloseReason::PeerGone),
            }
        }
        self.services.fanout.has_failed()
    }

    /// Sees to connections that their clients have ended, for as long as one turn may. True if more
    /// are left.
    pub(crate) fn see_to_ended(&mut self) -> bool {
        if self.connections.ended.is_empty() {
            return false;
        }
        let begun = Instant::now();
        while begun.elapsed() < ENDED_TIME
            && let Some((name, end)) = self.connections.ended.pop()
        {
            self.see_to_end_of(name, end);
        }
        !self.connections.ended.is_empty()
    }

    fn see_to_end_of(&mut self, name: u64, end: ClientEnd) {
        let key = name as u32;
        let connection = self.connections.get(key).filter(|c| c.id == name);
        match (connection.map(|c| &c.stage), end) {
            (None, _) => {}
            (_, ClientEnd::Drop(reason)) => self.drop_connection(key, reason),
            (Some(Stage::Ended), ClientEnd::Close(reason)) => self.close(key, reason),
            // It is closed for another reason meanwhile.
            (_, ClientEnd::Close(_)) => {}
        }
    }

    /// Begins to close a connection, unless it is closing already.
    pub(crate) fn close(&mut self, key: u32, reason: CloseReason) {
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        if !connection.is_open() {
            return;
        }
        let is_held_back = reason.is_fault_of_a_message() && !self.lifecycle.is_ending();
        let delay_ms = is_held_back.then_some(self.services.limits.fault_delay_ms);
        let delay_ms = delay_ms.filter(|ms| *ms > 0);
        tell(connection, &self.services.link, &reason, delay_ms);
        self.services.link.closes.count(reason);
        // The fan-out has dropped all frames of a slow consumer: the client would have to read
        // those frames before it sees the reason.
        if !matches!(reason, CloseReason::SlowConsumer(_)) {
            let (fanout, mut budget) = (&mut self.services.fanout, Budget::default());
            while budget.has_left() && fanout.can_catch_up(key) {
                fanout.catch_up(key, &mut self.connections, &mut budget);
            }
            fanout.retire(key);
        }
        self.terminate(key, reason);
        let now = self.timers.clock.now();
        self.connections
            .begin_closing(key, reason, now, &mut self.scratch.buffer);
        match delay_ms {
            Some(ms) => {
                let until_ns = self.timers.clock.now_ns() + ms * 1_000_000;
                self.connections.hold_back(key, until_ns);
            }
            None => self.send_close(key, reason),
        }
    }

    /// Sends the Close frames that were held back for long enough, as many as one turn may. True if
    /// the timer for the next has fired already.
    pub(crate) fn send_held_back(&mut self, cx: &mut Context<'_>) -> bool {
        for _ in 0..CLOSES_PER_TURN {
            let now_ns = self.timers.clock.now_ns();
            let Some((key, reason)) = self.connections.pop_held_back(now_ns) else {
                break;
            };
            self.send_close(key, reason);
        }
        self.connections
            .held_back
            .next_is_due(&self.timers.clock, cx)
    }

    /// Sends the Close frame of a closing connection, behind all that waits for the connection.
    pub(crate) fn send_close(&mut self, key: u32, reason: CloseReason) {
        let now = self.timers.clock.now();
        self.connections.sends_close(key, now);
        if let Some(frame) = reason.frame() {
            self.services.fanout.send_last(key, frame);
        }
        self.services.fanout.notify_when_drained(key);
    }

    /// Runs `terminate` of the connection's channels. The pushes of these channels are dropped,
    /// because the end has been decided.
    fn terminate(&mut self, key: u32, reason: CloseReason) {
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        let mut host = ShardHost::new(&mut self.services, connection.id, connection.party());
        host.recipients = match reason {
            // All connections end: broadcasts from the ending channels of thousands of clients
            // would only delay the other connections.
            CloseReason::ServiceRestart => Recipients::Nobody,
            _ => Recipients::Others,
        };
        connection.session.terminate(&mut host);
    }

    /// Throws away the bytes that a closing connection still sends, unless its Close frame is held
    /// back.
    pub(crate) fn discard_input(&mut self, key: u32) {
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        let Stage::Closing(closing) = &mut connection.stage else {
            return;
        };
        if closing.held_until_ns.is_some() || closing.discarded >= DISCARDED_BYTES_MAX {
            return;
        }
        let stream = &connection.stream;
        let read = connection
            .reader
            .fill(&mut self.scratch.buffer, |space| stream.try_read(space));
        connection.reader.discard(&mut self.scratch.buffer);
        match read {
            Ok(filled) if filled.read > 0 => {
                closing.discarded += filled.read;
                self.scratch.bytes_read += filled.read;
                self.connections.wait_readable(key);
            }
            Err(error) if is_passing(&error) => {
                self.connections.wait_readable(key);
            }
            // The peer has ended its side, which the shard waited for, or the read has failed.
            _ => {
                let gone = ClientEnd::Drop(closing.reason);
                self.connections.ends(key, gone);
            }
        }
    }

    /// Removes a connection, and waits for its client no longer. A connection whose Close frame is
    /// not out counts as cut, and is reset.
    pub(crate) fn cut_off(&mut self, key: u32, reason: CloseReason) {
        let connection = self.connections.get(key);
        let told = connection.is_some_and(|c| matches!(&c.stage, Stage::Closing(c) if c.sent));
        if told && self.lifecycle.is_ending() {
            self.services.link.cut_told.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(connection) = connection.filter(|_| !told) {
            self.services.link.closes.count_cut();
            if self.lifecycle.is_ending() {
                self.services.link.cut_off.fetch_add(1, Ordering::Relaxed);
            }
            // Without a reset the kernel would offer the connection's unsent bytes for minutes to a
            // client that does not read.
            let _ = SockRef::from(&connection.stream).set_linger(Some(Duration::ZERO));
        }
        self.drop_connection(key, reason);
    }

    /// Removes a connection at once, without a Close frame.
    pub(crate) fn drop_connection(&mut self, key: u32, reason: CloseReason) {
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        tracing::debug!(connection = %Name(connection.id), shard = self.services.link.number, %reason, "closed");
        if connection.is_open() {
            self.services.link.closes.count(reason);
            self.services.fanout.silence(key);
            self.terminate(key, reason);
        }
        self.connections.remove(key);
        self.services.link.connection_gone();
        self.services.fanout.close(key);
    }
}

/// The stage of closing connections.
impl Connections {
    /// Moves a connection to [`Stage::Closing`]. Its input is thrown away until the peer has ended
    /// its side.
    pub fn begin_closing(
        &mut self,
        key: u32,
        reason: CloseReason,
        now: Stamp,
        buffer: &mut ReadBuffer,
    ) {
        let Some(connection) = self.get_mut(key) else {
            return;
        };
        let kept = connection.reader.kept_bytes();
        connection.reader.discard(buffer);
        connection.stage = Stage::Closing(CloseState {
            reason,
            since: now,
            held_until_ns: None,
            sent: false,
            discarded: 0,
        });
        self.make_ready(key);
        self.keeps(kept, 0);
        self.closes();
    }

    /// Holds the Close frame of a closing connection back, until `until_ns` of the shard's clock.
    pub fn hold_back(&mut self, key: u32, until_ns: u64) {
        if let Some(closing) = self.closing_mut(key) {
            closing.held_until_ns = Some(until_ns);
            self.held_back.push(until_ns, key);
        }
    }

    /// Takes a closing connection whose Close frame was held back for long enough.
    fn pop_held_back(&mut self, now_ns: u64) -> Option<(u32, CloseReason)> {
        while let Some((until_ns, key)) = self.held_back.pop_due(now_ns) {
            let closing = self.closing_mut(key);
            if let Some(closing) = closing.filter(|c| c.held_until_ns == Some(until_ns)) {
                return Some((key, closing.reason));
            }
        }
        None
    }

    /// Begins the time of a closing connection anew, because its Close frame is sent now, and reads
    /// the connection again.
    pub fn sends_close(&mut self, key: u32, now: Stamp) {
        if let Some(closing) = self.closing_mut(key) {
            closing.held_until_ns = None;
            closing.since = now;
            self.make_ready(key);
        }
    }

    fn closing_mut(&mut self, key: u32) -> Option<&mut CloseState> {
        match &mut self.get_mut(key)?.stage {
            Stage::Closing(closing) => Some(closing),
            _ => None,
        }
    }

    /// Shuts our side of a closing connection, because all its frames are written, the Close frame
    /// included.
    pub fn shut(&mut self, key: u32) {
        if let Some(connection) = self.get_mut(key)
            && let Stage::Closing(closing) = &mut connection.stage
            && !closing.sent
        {
            closing.sent = true;
            let _ = SockRef::from(&connection.stream).shutdown(Shutdown::Write);
        }
    }
}

/// Logs the close of a connection, and for how long its Close is held back. Thousands may close in
/// one turn, and for one reason as a rule.
fn tell(
    connection: &Connection,
    link: &ShardLink,
    reason: &CloseReason,
    close_delay_ms: Option<u64>,
) {
    let (name, shard) = (Name(connection.id), link.number);
    let rooms = || connection.session.topics_shown();
    match reason {
        // These reasons show that a limit is too low or a client broken.
        CloseReason::SlowConsumer(_)
        | CloseReason::Overloaded
        | CloseReason::RateExceeded
        | CloseReason::PartialTimeout
        | CloseReason::Violation(_) => summed!(
            link.admission.sums, Closing, reason.name(),
            connection = %name, shard, rooms = &*rooms(), %reason, close_delay_ms, hint = reason.hint()
        ),
        _ => tracing::debug!(
            connection = %name, shard, rooms = &*rooms(), %reason, close_delay_ms, "closing"
        ),
    }
}
