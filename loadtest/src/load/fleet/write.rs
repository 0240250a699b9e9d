//! Egress: messages that are due, heartbeats, and bytes that wait for a socket.
//!
//! All messages of a connection in a turn leave in one write.

use std::io::{self, Write};

use super::connection::{Pushed, Stage};
use super::reason::{Cause, broken_off};
use super::{Beat, Fleet};
use crate::clock::now_ns;
use crate::load::wire::phoenix::{self, Push};

/// Most bytes that wait for one publisher's socket. Beyond them, the server is not reading, and
/// further messages count as unsent.
const WAITING_BYTES_MAX: usize = 64 << 20;

impl Fleet {
    /// Publishes the next message of `stream`, intended for `intended_ns`.
    pub fn publish(&mut self, stream: u32, intended_ns: u64) {
        let number = self.publishers[stream as usize];
        let Some(connection) = self.connections.get_mut(number as usize) else {
            return;
        };
        if connection.stage != Stage::Joined || connection.out.waiting() > WAITING_BYTES_MAX {
            self.ledger.not_sent(1);
            return;
        }
        let tag = self.ledger.publish(stream, intended_ns);
        let marker = self.marker;
        let mut payload = std::mem::take(&mut self.payload);
        let of_stream = self.payload_ends.get(stream as usize);
        let ends = of_stream.unwrap_or(&self.payload_ends[0]);
        self.settings
            .script
            .write_payload(marker, tag, ends, &mut payload);
        let now = now_ns();
        self.push(number, None, &payload, Some((stream, tag.sequence)), now);
        self.payload = payload;
        self.meter.published(intended_ns, now);
    }

    /// Pushes `payload` on the connection's topic, under `event` (as JSON) or the script's event.
    /// `message` is the stream and sequence in the ledger, if any.
    pub fn push(
        &mut self,
        number: u32,
        event: Option<&[u8]>,
        payload: &[u8],
        message: Option<(u32, u32)>,
        now: u64,
    ) {
        let connection = &mut self.connections[number as usize];
        let lobby = connection.lobby as usize;
        while self.topics.len() <= lobby {
            self.topics
                .push(self.settings.script.quoted_topic(self.topics.len() as u32));
        }
        let reference = connection.reference();
        let push = Push {
            reference,
            topic: &self.topics[lobby],
            event: event.unwrap_or(self.settings.script.event()),
            payload,
            join_ref: Some(connection.join_ref),
        };
        let mask = self.random.u32(..).to_ne_bytes();
        phoenix::push(
            &mut connection.out.bytes,
            self.settings.script.version(),
            mask,
            &push,
        );
        connection.remember(Pushed {
            reference,
            sent_ns: now,
            message,
        });
        self.list_for_writing(number);
    }

    /// Sends due heartbeats, none while one is unanswered; then a reconnecting client gives up.
    pub(super) fn beat_due(&mut self, now: u64) {
        while let Some(std::cmp::Reverse(beat)) = self.heartbeats.peek().copied() {
            let Beat {
                due_ns,
                number,
                started_ns,
            } = beat;
            if due_ns > now {
                return;
            }
            self.heartbeats.pop();
            let connection = &mut self.connections[number as usize];
            let open = matches!(
                connection.stage,
                Stage::Joined | Stage::Joining | Stage::Unjoined
            );
            if !open || connection.started_ns != started_ns {
                continue; // a reopened connection has its own heartbeats
            }
            let due_next_ns = due_ns + self.settings.heartbeat_ns;
            self.heartbeats.push(std::cmp::Reverse(Beat {
                due_ns: due_next_ns,
                ..beat
            }));
            if connection.heartbeat_ns.is_some() {
                if self.returning.is_some() {
                    self.lost(
                        number,
                        Cause::NoHeartbeat.because("no answer to a heartbeat"),
                    );
                }
                continue;
            }
            connection.heartbeat_ns = Some(due_ns);
            let heartbeat = Push {
                reference: connection.reference(),
                topic: b"\"phoenix\"",
                event: b"\"heartbeat\"",
                payload: b"{}",
                join_ref: None,
            };
            self.queue(number, &heartbeat);
        }
    }

    /// Queues a push, which the next flush writes.
    pub(super) fn queue(&mut self, number: u32, message: &Push<'_>) {
        let mask = self.random.u32(..).to_ne_bytes();
        let out = &mut self.connections[number as usize].out.bytes;
        phoenix::push(out, self.settings.script.version(), mask, message);
        self.list_for_writing(number);
    }

    pub(super) fn list_for_writing(&mut self, number: u32) {
        let out = &mut self.connections[number as usize].out;
        if !out.listed && !out.blocked {
            out.listed = true;
            self.unwritten.push(number);
        }
    }

    /// Writes the bytes that the turn has queued.
    pub(super) fn flush(&mut self) {
        let mut unwritten = std::mem::take(&mut self.unwritten);
        for number in unwritten.drain(..) {
            self.connections[number as usize].out.listed = false;
            self.write(number);
        }
        if self.unwritten.is_empty() {
            self.unwritten = unwritten;
        }
    }

    pub(super) fn writable(&mut self, number: u32) {
        let connection = &mut self.connections[number as usize];
        if connection.stage == Stage::Connecting {
            return self.connected(number);
        }
        connection.out.blocked = false;
        if connection.out.waiting() > 0 {
            self.write(number);
        }
    }

    pub(super) fn write(&mut self, number: u32) {
        let connection = &mut self.connections[number as usize];
        let Some(socket) = &mut connection.socket else {
            return;
        };
        let out = &mut connection.out;
        while out.waiting() > 0 {
            match socket.write(&out.bytes[out.written..]) {
                Ok(written) => out.written += written,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    out.blocked = true;
                    break;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // The server's last bytes are still to be read: a read will report the end.
                Err(error) => {
                    out.bytes.clear();
                    out.written = 0;
                    if !connection.reads {
                        self.lost(number, broken_off(&error));
                    }
                    return;
                }
            }
        }
        if out.waiting() == 0 {
            out.bytes.clear();
            out.written = 0;
            if out.bytes.capacity() > 16 << 10 && connection.stream.is_none() {
                out.bytes = Vec::new();
            }
        } else if out.written > 1 << 20 {
            out.bytes.drain(..out.written);
            out.written = 0;
        }
    }

    /// Stops the reads of the connection, whose deliveries are then not waited for.
    pub fn stop_reading(&mut self, number: u32) {
        let connection = &mut self.connections[number as usize];
        (connection.reads, connection.slow) = (false, true);
        self.ledger.exempt(number, &mut self.done);
    }

    /// Resumes the reads of the connection.
    pub fn resume_reading(&mut self, number: u32) {
        let connection = &mut self.connections[number as usize];
        if !connection.reads {
            connection.reads = true;
            self.unread.push_back(number);
        }
    }
}
