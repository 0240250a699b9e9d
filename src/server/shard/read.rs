//! Reading: one read of each ready socket, and what comes of what was in it.

use std::io;

use tokio::io::Interest;

use super::Shard;
use super::connection::Stage;
use super::host::ShardHost;
use super::receive::take_frames;
use crate::server::limits::limit::Limit;
use crate::websocket::{CloseReason, Filled};

/// SocketSink read in one turn, once each, of those that had nothing to read before, and as many of those that always have.
/// A firehose gets no more than its share, and who only speaks now and then need not wait behind a hundred of them.
const READS_PER_TURN: usize = 256;

/// Bytes read in one turn from either kind: some full reads, so that a turn stays short.
const READ_BYTES_PER_TURN: usize = 256 << 10;

/// Bytes waiting for a client from which on it is not read: it gets no further answers until it takes those.
pub(crate) const UNREAD_OUTBOX_BYTES_MAX: usize = 64 << 10;

impl Shard {
    pub(crate) fn read_ready(&mut self) {
        self.woken.take(&mut self.just_woken);
        for key in self.just_woken.drain(..) {
            if let Some(connection) = self.connections.get_mut(key as usize) {
                connection.make_ready(key, &mut self.awake);
            }
        }
        let (awake, ready) = (
            std::mem::take(&mut self.awake),
            std::mem::take(&mut self.ready),
        );
        // What is pushed meanwhile is for the next turn, behind what is left of this.
        let awake_left = self.see_to_some(awake);
        let mut ready_left = self.see_to_some(ready);
        self.awake = awake_left;
        ready_left.append(&mut self.ready);
        self.ready = ready_left;
    }

    /// Sees to as many of `keys` as a turn may. Returns the others.
    fn see_to_some(&mut self, mut keys: Vec<u32>) -> Vec<u32> {
        let mut seen_to = 0;
        self.bytes_read = 0;
        while seen_to < keys.len().min(READS_PER_TURN) && self.bytes_read < READ_BYTES_PER_TURN {
            self.see_to(keys[seen_to]);
            seen_to += 1;
        }
        self.link.stats.bytes.add(self.bytes_read as u64);
        keys.drain(..seen_to);
        keys
    }

    /// Has a connection seen to in this turn or the next.
    pub(crate) fn make_ready(&mut self, key: u32) {
        if let Some(connection) = self.connections.get_mut(key as usize) {
            connection.make_ready(key, &mut self.ready);
        }
    }

    /// A connection's waker was called, or it could not be read out last time.
    fn see_to(&mut self, key: u32) {
        let Some(connection) = self.connections.get_mut(key as usize) else {
            return;
        };
        connection.ready = false;
        if connection.write_blocked && !connection.wait_writable() {
            connection.write_blocked = false;
            self.fanout.writable(key);
        }
        self.read(key);
    }

    /// One read of a connection, and all that is in it. Then the connection waits to be woken, or for the next turn.
    pub(crate) fn read(&mut self, key: u32) {
        let Some(connection) = self.connections.get_mut(key as usize) else {
            return;
        };
        match &connection.state {
            Stage::Closing(_) => return self.discard_input(key),
            Stage::Paused { .. } | Stage::Throttled { .. } => return,
            Stage::Open => {}
        }
        if self.fanout.outbox_bytes(key) > UNREAD_OUTBOX_BYTES_MAX {
            if !std::mem::replace(&mut connection.held, true) {
                self.held.push(key);
            }
            return;
        }
        let stream = &connection.stream;
        let kept = connection.reader.kept_bytes();
        let filled = connection
            .reader
            .fill(&mut self.buffer, |space| stream.try_read(space));
        match filled {
            Ok(Filled { read: 0, .. }) => return self.drop_connection(key, CloseReason::PeerGone),
            Ok(filled) => {
                self.bytes_read += filled.read;
                if filled.is_short() {
                    connection.is_exhausted_for(Interest::READABLE);
                }
                self.take_frames(key, kept, filled.read);
            }
            Err(error) if is_passing(&error) => connection.pace.rests(),
            Err(_) => return self.drop_connection(key, CloseReason::PeerGone),
        }
        self.wait_readable(key);
    }

    /// Bytes that came with the handshake request.
    pub(crate) fn read_leftover(&mut self, key: u32, mut leftover: &[u8]) {
        self.link.stats.bytes.add(leftover.len() as u64);
        while !leftover.is_empty() {
            let Some(connection) = self
                .connections
                .get_mut(key as usize)
                .filter(|c| c.is_open())
            else {
                return;
            };
            let kept = connection.reader.kept_bytes();
            let copied = connection.reader.fill(&mut self.buffer, |space| {
                let len = space.len().min(leftover.len());
                space[..len].copy_from_slice(&leftover[..len]);
                leftover = &leftover[len..];
                Ok(len)
            });
            if let Ok(filled) = copied {
                self.take_frames(key, kept, filled.read);
            }
        }
    }

    pub(crate) fn wait_readable(&mut self, key: u32) {
        if let Some(connection) = self.connections.get_mut(key as usize)
            && !connection.wait_readable()
        {
            connection.make_ready(key, &mut self.ready);
        }
    }

    /// Everything whole that was read, in order. `kept` is what the reader kept before the read, which may have grown it;
    /// `read` is how much that was.
    fn take_frames(&mut self, key: u32, kept: usize, read: usize) {
        let Some(connection) = self.connections.get_mut(key as usize) else {
            return;
        };
        connection.is_heard(self.clock.now());
        let was_partial = connection.reader.is_partial();
        let mut host = ShardHost::new(
            &mut self.fanout,
            &self.link,
            &self.events,
            &mut self.held_joins,
            &self.limits,
            (key, connection.id),
        );
        let ended = take_frames(connection, &mut self.buffer, &mut self.decode, &mut host);
        let lag_bytes = host.lag_bytes as u64;
        if ended.is_err() {
            // What it leaves unread is not for the next connection, and what it kept no longer counts.
            connection.reader.discard(&mut self.buffer);
        }
        let now_kept = connection.reader.kept_bytes();
        self.partial_bytes = (self.partial_bytes + now_kept).saturating_sub(kept);
        // Whether something was whole: what is incomplete now began with this read then.
        if !was_partial || matches!(&ended, Ok(taken) if taken.is_whole) {
            connection.begins_message(self.clock.now());
        }
        let taken = match ended {
            Ok(taken) => taken,
            Err(reason) => {
                self.note_violation(&reason);
                return self.close(key, reason);
            }
        };
        let message_bytes_max = connection.socket.limits().message_bytes_max;
        self.judge(
            Limit::MessageBytes,
            taken.largest as u64,
            message_bytes_max as u64,
        );
        let (partial, partial_max) = (self.partial_bytes, self.limits.partial_bytes_max);
        if now_kept > 0 && self.judge(Limit::PartialBytes, partial as u64, partial_max as u64) {
            return self.close(key, CloseReason::PartialTimeout);
        }
        if lag_bytes > 0 && self.judge(Limit::LagBytes, lag_bytes, self.limits.lag_bytes_max as u64)
        {
            self.pause(key);
        }
        if let Some(reason) = self.charge(key, taken.frames, read) {
            self.close(key, reason);
        }
    }
}

/// Not the end of the connection.
pub(crate) fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}
