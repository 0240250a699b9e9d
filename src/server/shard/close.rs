//! Closing: a state, not an act. What was accepted goes out, then the Close frame; then input is thrown away until the
//! peer's end, since closing a socket with unread input resets it and the client would never see why.

use std::net::Shutdown;
use std::sync::atomic::Ordering;
use std::time::Duration;

use socket2::SockRef;

use super::Shard;
use super::connection::{Closing, Connection, Stage};
use super::host::ShardHost;
use super::read::is_passing;
use crate::broker::Failure;
use crate::channel::ConnectionName as Name;
use crate::websocket::{CloseReason, Overrun};

/// Bytes thrown away while waiting for the peer's end. Whoever sends more has no interest in the answer.
const DISCARDED_BYTES_MAX: usize = 1 << 20;

impl Shard {
    /// Closes the connections that the fan-out has given up.
    pub(crate) fn close_failed(&mut self) {
        while let Some((key, failure)) = self.fanout.take_failed() {
            self.note_failure(&failure);
            let overrun = match failure {
                Failure::Io(_) => {
                    self.drop_connection(key, CloseReason::PeerGone);
                    continue;
                }
                Failure::FellBehind => Overrun::TopicLog,
                Failure::Outdated => Overrun::Age,
                Failure::CrowdedOut => Overrun::AllLogs,
                Failure::OutboxFull => Overrun::Outbox,
            };
            self.close(key, CloseReason::SlowConsumer(overrun));
        }
    }

    /// Begins to close a connection, unless it is closing already.
    pub(crate) fn close(&mut self, key: u32, reason: CloseReason) {
        let Some(connection) = self.connections.get_mut(key as usize) else {
            return;
        };
        if !connection.is_open() {
            return;
        }
        tell(connection, self.link.number, &reason);
        self.link.closes.count(reason);
        if matches!(reason, CloseReason::SlowConsumer(_)) {
            // It would have to read all it did not read so far to see the reason.
            self.fanout.silence(key);
        } else {
            self.fanout.retire(key);
        }
        self.terminate(key, reason);
        let Some(connection) = self.connections.get_mut(key as usize) else {
            return;
        };
        self.partial_bytes = self
            .partial_bytes
            .saturating_sub(connection.reader.kept_bytes());
        connection.reader.discard(&mut self.buffer);
        connection.state = Stage::Closing(Closing {
            reason,
            since: self.clock.now(),
            sent: false,
            discarded: 0,
        });
        if let Some(frame) = reason.frame() {
            self.fanout.send_last(key, frame);
        }
        self.closing.push(key);
        self.make_ready(key);
    }

    /// Runs the channels' `terminate`. What they push goes nowhere: the end has been decided.
    fn terminate(&mut self, key: u32, reason: CloseReason) {
        let Some(connection) = self.connections.get_mut(key as usize) else {
            return;
        };
        let mut host = ShardHost::new(
            &mut self.fanout,
            &self.link,
            &self.events,
            &mut self.held_joins,
            &self.limits,
            (key, connection.id),
        );
        host.muted = true;
        // Everybody goes: thousands of farewells to thousands would only hold the others up.
        host.unheard = reason == CloseReason::ServiceRestart;
        connection.session.terminate(&mut host);
    }

    /// Shuts our side of those whose Close frame is out.
    pub(crate) fn go_on_closing(&mut self) {
        let (connections, fanout) = (&mut self.connections, &self.fanout);
        self.closing.retain(|key| {
            let Some(connection) = connections.get_mut(*key as usize) else {
                return false;
            };
            let Stage::Closing(closing) = &mut connection.state else {
                return false;
            };
            if fanout.is_drained(*key) && !closing.sent {
                closing.sent = true;
                let _ = SockRef::from(&connection.stream).shutdown(Shutdown::Write);
            }
            !closing.sent
        });
    }

    /// Throws away what a closing connection still sends.
    pub(crate) fn discard_input(&mut self, key: u32) {
        let Some(connection) = self.connections.get_mut(key as usize) else {
            return;
        };
        let Stage::Closing(closing) = &mut connection.state else {
            return;
        };
        let stream = &connection.stream;
        let read = connection
            .reader
            .fill(&mut self.buffer, |space| stream.try_read(space));
        connection.reader.discard(&mut self.buffer);
        match read {
            Ok(filled) if filled.read > 0 => {
                closing.discarded += filled.read;
                self.bytes_read += filled.read;
                if closing.discarded > DISCARDED_BYTES_MAX {
                    let reason = closing.reason;
                    return self.cut_off(key, reason);
                }
                self.wait_readable(key);
            }
            Err(error) if is_passing(&error) => {
                self.wait_readable(key);
            }
            // The peer's end, which is what was waited for, or a failure.
            _ => {
                let reason = closing.reason;
                self.drop_connection(key, reason);
            }
        }
    }

    /// Its time for closing is over. Whoever was sent the Close frame and does not close in return has been told.
    pub(crate) fn cut_off(&mut self, key: u32, reason: CloseReason) {
        let connection = self.connections.get(key as usize);
        let told = connection.is_some_and(|c| matches!(&c.state, Stage::Closing(c) if c.sent));
        if told && self.draining.is_some() {
            self.link.cut_told.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(connection) = connection.filter(|_| !told) {
            self.link.closes.count_cut();
            if self.draining.is_some() {
                self.link.cut_off.fetch_add(1, Ordering::Relaxed);
            }
            // A reset, or the kernel would go on for minutes offering what it holds to somebody who does not read.
            let _ = SockRef::from(&connection.stream).set_linger(Some(Duration::ZERO));
        }
        self.drop_connection(key, reason);
    }

    /// The connection is gone, without further ado.
    pub(crate) fn drop_connection(&mut self, key: u32, reason: CloseReason) {
        let Some(connection) = self.connections.get_mut(key as usize) else {
            return;
        };
        tracing::debug!(connection = %Name(connection.id), shard = self.link.number, %reason, "closed");
        let kept = connection.reader.kept_bytes();
        self.partial_bytes = self.partial_bytes.saturating_sub(kept);
        if connection.is_open() {
            self.link.closes.count(reason);
            self.fanout.silence(key);
            self.terminate(key, reason);
        }
        self.fanout.close(key);
        self.connections.remove(key as usize);
        self.link.connection_gone();
    }
}

fn tell(connection: &Connection, shard: u16, reason: &CloseReason) {
    let (name, rooms) = (Name(connection.id), connection.session.topics_shown());
    match reason {
        // These come one by one, and tell that a limit is too low or a client broken.
        CloseReason::SlowConsumer(_) | CloseReason::Overloaded | CloseReason::RateExceeded => {
            tracing::info!(connection = %name, shard, %rooms, %reason, "closing");
        }
        _ => tracing::debug!(connection = %name, shard, %rooms, %reason, "closing"),
    }
}
