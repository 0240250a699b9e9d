//! The floor's broker: a frame becomes a join, an answer, or a message to a lobby.
//!
//! Messages wait for the end of the turn or are written at once.

use std::ops::ControlFlow;

use super::envelope::Envelope;
use super::frame::{self, CLOSE, Frame, PING, PONG, TEXT};
use super::lobby::Lobbies;
use super::socket::{FloorConnection, FloorConnections, FloorStage};
use super::writes::Writes;

/// The back of the answer to a join, a leave or a heartbeat; it follows the front of an envelope.
const OK: &[u8] = br#""phx_reply",{"status":"ok","response":{}}]"#;

/// The front of a broadcast; the back of an envelope follows it.
const TO_ALL: &[u8] = b"[null,null,";

/// All connections, and the lobbies that they are in.
#[derive(Debug)]
pub(super) struct Broker {
    writes: Writes,
    pub connections: FloorConnections,
    lobbies: Lobbies,
    /// Numbers of the lobbies with unwritten messages in their span.
    published: Vec<u32>,
    /// Connections to drop at the end of the turn. A connection may be listed more than once.
    ended: Vec<u32>,
    /// Buffer of the frame that is being written to one connection.
    sealed: Vec<u8>,
}

impl Broker {
    pub fn new(writes: Writes) -> Broker {
        Broker {
            writes,
            connections: FloorConnections::default(),
            lobbies: Lobbies::default(),
            published: Vec::new(),
            ended: Vec::new(),
            sealed: Vec::new(),
        }
    }

    /// Does the work of a client's frame. Breaks if the client is to be dropped, because it asked
    /// to close or sent a malformed message.
    pub fn take(&mut self, from: u32, frame: Frame<'_>) -> ControlFlow<()> {
        match frame.opcode {
            TEXT => match Envelope::cut(frame.payload) {
                Some(envelope) => self.message(from, &envelope),
                None => return ControlFlow::Break(()),
            },
            PING => self.answer(from, PONG, &[frame.payload]),
            CLOSE => {
                self.answer(from, CLOSE, &[frame.payload]);
                return ControlFlow::Break(());
            }
            _ => {} // a pong
        }
        ControlFlow::Continue(())
    }

    fn message(&mut self, from: u32, envelope: &Envelope<'_>) {
        match envelope.event {
            b"phx_join" => {
                self.leave(from);
                self.answer(from, TEXT, &[envelope.before_event, OK]);
                self.join(from, envelope.topic);
            }
            b"phx_leave" => {
                self.leave(from);
                self.answer(from, TEXT, &[envelope.before_event, OK]);
            }
            b"heartbeat" if envelope.topic == b"phoenix" => {
                self.answer(from, TEXT, &[envelope.before_event, OK]);
            }
            _ => self.publish(from, envelope),
        }
    }

    /// Joins a connection to a lobby. A connection is in one lobby at most, so a second join moves
    /// it. Messages published before the join are not for the new member, so the other members get
    /// them first.
    fn join(&mut self, connection: u32, topic: &[u8]) {
        if let Some(lobby) = self.lobbies.find(topic) {
            self.flush(lobby);
        }
        if let Some(joining) = self.connections.at(connection) {
            joining.member = Some(self.lobbies.enter(topic, connection));
        }
    }

    /// Takes a connection out of its lobby, after it has got the messages published so far.
    fn leave(&mut self, connection: u32) {
        let leaving = self.connections.at(connection);
        if let Some(member) = leaving.and_then(|leaving| leaving.member.take()) {
            self.flush(member.lobby);
            self.lobbies.leave(member, &mut self.connections);
        }
    }

    /// Publishes a message. A message for a lobby that its sender is not in is dropped.
    fn publish(&mut self, from: u32, envelope: &Envelope<'_>) {
        let Some(member) = self.connections.at(from).and_then(|sender| sender.member) else {
            return;
        };
        if !self.lobbies.is_named(member.lobby, envelope.topic) {
            return;
        }
        let span = &mut self.lobbies.at(member.lobby).span;
        let first = span.is_empty();
        frame::append(span, TEXT, &[TO_ALL, envelope.from_topic]);
        match self.writes {
            Writes::Single => self.flush(member.lobby),
            Writes::Batch if first => self.published.push(member.lobby),
            Writes::Batch => {}
        }
    }

    /// Writes the lobby's span to each member, in one write.
    fn flush(&mut self, lobby: u32) {
        let lobby = self.lobbies.at(lobby);
        if lobby.span.is_empty() {
            return;
        }
        for &member in &lobby.members {
            if let Some(connection) = self.connections.at(member) {
                deliver(member, connection, &lobby.span, &mut self.ended);
            }
        }
        lobby.span.clear();
    }

    fn answer(&mut self, to: u32, opcode: u8, pieces: &[&[u8]]) {
        self.sealed.clear();
        frame::append(&mut self.sealed, opcode, pieces);
        if let Some(connection) = self.connections.at(to) {
            deliver(to, connection, &self.sealed, &mut self.ended);
        }
    }

    /// Marks a connection to be dropped at the end of the turn.
    pub fn end(&mut self, connection: u32) {
        if let Some(ending) = self.connections.at(connection) {
            ending.stage = FloorStage::Ended;
            self.ended.push(connection);
        }
    }

    /// Ends the turn: sends published messages, and drops ended connections.
    pub fn end_turn(&mut self) {
        while let Some(lobby) = self.published.pop() {
            self.flush(lobby);
        }
        while let Some(ended) = self.ended.pop() {
            let member = self.connections.remove(ended).and_then(|gone| gone.member);
            if let Some(member) = member {
                self.lobbies.leave(member, &mut self.connections);
            }
        }
    }
}

fn deliver(number: u32, connection: &mut FloorConnection, bytes: &[u8], ended: &mut Vec<u32>) {
    if connection.stage != FloorStage::Ended && connection.deliver(bytes).is_err() {
        connection.stage = FloorStage::Ended;
        ended.push(number);
    }
}
