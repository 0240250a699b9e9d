//! One read into the buffer that all connections share, and the frames in it.
//!
//! The load generator spends its time here, so a plain delivery allocates nothing and is parsed
//! once.

use std::io::{self, Read};

use super::connection::Stage;
use super::event::Event;
use super::reason::{Cause, broken_off};
use super::{Fleet, READ_BYTES};
use crate::clock::now_ns;
use crate::load::wire::websocket::{self, Head, Violation, opcode};

/// Largest length of the shared buffer. It grows if less than half a read has room behind what a
/// connection keeps of an incomplete message.
const BUFFER_BYTES_MAX: usize = websocket::MESSAGE_BYTES_MAX + READ_BYTES;

impl Fleet {
    pub(super) fn read(&mut self, number: u32) {
        let connection = &mut self.connections[number as usize];
        if connection.stage == Stage::Connecting {
            self.connected(number);
            return;
        }
        if !connection.reads {
            return;
        }
        let Some(socket) = &mut connection.socket else {
            return;
        };
        let kept = connection.kept.len();
        if kept + READ_BYTES / 2 > self.buffer.len() {
            let len = (2 * kept + READ_BYTES).min(BUFFER_BYTES_MAX);
            self.buffer = vec![0; len].into();
        }
        self.buffer[..kept].copy_from_slice(&connection.kept);
        match socket.read(&mut self.buffer[kept..]) {
            Ok(0) => self.lost(number, Cause::Closed(1006).because("1006 (no Close frame)")),
            Ok(read) => {
                if kept + read == self.buffer.len() || connection.hung_up {
                    self.unread.push_back(number);
                }
                self.take(number, kept + read, read);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                self.unread.push_back(number)
            }
            Err(error) => self.lost(number, broken_off(&error)),
        }
    }

    /// Notes that the peer has ended its side: reads continue until they find that end.
    pub(super) fn hung_up(&mut self, number: u32) {
        self.connections[number as usize].hung_up = true;
    }

    /// Handles the first `len` bytes of the buffer, `read` of which are new.
    fn take(&mut self, number: u32, len: usize, read: usize) {
        let now = now_ns();
        self.meter.read(read, now);
        let buffer = std::mem::take(&mut self.buffer);
        let mut bytes = &buffer[..len];
        if self.connections[number as usize].stage == Stage::Upgrading {
            match self.upgraded(number, bytes, now) {
                Some(head_len) => bytes = &bytes[head_len..],
                None => bytes = &[],
            }
        }
        if self.connections[number as usize].stage != Stage::Upgrading {
            bytes = self.take_frames(number, bytes, now);
        }
        let connection = &mut self.connections[number as usize];
        if connection.socket.is_some() {
            keep(&mut connection.kept, bytes);
        }
        self.buffer = buffer;
    }

    /// Handles the whole frames in `bytes`. Returns the bytes of the incomplete frame at the end.
    fn take_frames<'a>(&mut self, number: u32, mut bytes: &'a [u8], now: u64) -> &'a [u8] {
        loop {
            match Head::parse(bytes) {
                Ok(Some(head)) if bytes.len() - head.head_len >= head.len => {
                    let (payload, rest) = bytes[head.head_len..].split_at(head.len);
                    if head.fin && head.opcode == opcode::TEXT {
                        self.text(number, payload, now);
                    } else if let Err(violation) = self.other_frame(number, head, payload, now) {
                        self.violated(number, violation);
                    }
                    bytes = rest;
                    if self.connections[number as usize].socket.is_none() {
                        return &[];
                    }
                }
                Ok(_) => return bytes,
                Err(violation) => {
                    self.violated(number, violation);
                    return &[];
                }
            }
        }
    }

    /// Handles a whole text message.
    #[inline]
    pub(super) fn text(&mut self, number: u32, payload: &[u8], now: u64) {
        if self.probes {
            return self.probed(number, payload, now);
        }
        match self.ledger.enter(number, payload) {
            Some(entered) => self.delivered(number, entered, now),
            None => self.unfamiliar(number, payload, now),
        }
    }

    fn probed(&mut self, number: u32, payload: &[u8], now: u64) {
        match self.ledger.look(number, payload) {
            Some(tag) => self.meter.delivered(tag.intended_ns, now),
            None => self.unfamiliar(number, payload, now),
        }
    }

    #[inline]
    pub(super) fn delivered(
        &mut self,
        number: u32,
        entered: crate::load::ledger::Entered,
        now: u64,
    ) {
        let connection = &mut self.connections[number as usize];
        if !entered.owed || connection.slow {
            return;
        }
        self.meter.delivered(entered.intended_ns, now);
        if let Some(recorders) = &mut self.lobby_delays {
            recorders.delivered(connection.lobby, entered.intended_ns, now);
        }
        if entered.last {
            self.meter.delivered_to_last(entered.intended_ns, now);
        }
        if entered.completed {
            self.done.push(entered.stream);
        }
        if connection.awaits_echo && connection.stream == Some(entered.stream) {
            connection.awaits_echo = false;
            self.events.push(Event::Echoed(number));
        }
    }

    #[cold]
    fn violated(&mut self, number: u32, violation: Violation) {
        self.lost(number, Cause::Malformed.because(violation.to_string()));
    }
}

/// Keeps the bytes of an incomplete frame. An idle connection keeps at most 4 KiB of memory.
fn keep(kept: &mut Vec<u8>, bytes: &[u8]) {
    if bytes.is_empty() && kept.capacity() > 4_096 {
        *kept = Vec::new();
    }
    kept.clear();
    kept.extend_from_slice(bytes);
}
