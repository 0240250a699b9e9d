//! One connection of the fleet.

use std::collections::VecDeque;

use mio::net::TcpStream;

use crate::load::wire::phoenix::JOIN_REF;

/// A connection, from before it is opened until after it is gone.
#[derive(Debug)]
pub(super) struct Connection {
    pub stage: Stage,
    pub socket: Option<TcpStream>,
    /// Its lobby in the ledger. Its member has the number of the connection.
    pub lobby: u32,
    /// The stream it publishes.
    pub stream: Option<u32>,
    /// When it was to be opened.
    pub started_ns: u64,
    /// When it was opened.
    pub opened_ns: u64,
    /// When its join was answered with ok.
    pub joined_ns: u64,
    /// The begin of a frame, or of the answer to the upgrade, whose end has not come.
    pub kept: Vec<u8>,
    /// The parts of a fragmented message.
    pub fragments: Vec<u8>,
    pub fragment_opcode: u8,
    pub out: Out,
    next_reference: u32,
    /// The ref of its join.
    pub join_ref: u32,
    /// Pushes that wait for a reply, oldest first.
    pub pushes: VecDeque<Pushed>,
    /// When the heartbeat was sent that was not answered yet.
    pub heartbeat_ns: Option<u64>,
    /// Whether it reads what comes.
    pub reads: bool,
    /// It is going to stop reading: its socket takes little,
    /// so that the server is left with the rest soon.
    pub narrow: bool,
    /// Whether it has stopped reading at some time: its deliveries are not waited for, and its
    /// delays do not count.
    pub slow: bool,
    /// The peer's end has come, behind what is still to be read.
    pub hung_up: bool,
    /// Whether its own next message is waited for.
    pub awaits_echo: bool,
}

/// How far a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// To be opened, or opened again.
    Closed,
    /// The TCP connection is on its way.
    Connecting,
    /// The upgrade is on its way.
    Upgrading,
    /// The join is on its way.
    Joining,
    /// Its join was refused or not answered, and it will join again.
    Unjoined,
    /// It is in its lobby.
    Joined,
    /// Our Close frame is on its way; what the server still sends is looked at.
    Closing,
}

/// Bytes on their way to the socket.
#[derive(Debug, Default)]
pub(super) struct Out {
    pub bytes: Vec<u8>,
    pub written: usize,
    /// Whether the socket has taken no more at the last try.
    pub blocked: bool,
    /// Whether it is on the list of those with something to write.
    pub listed: bool,
}

impl Out {
    pub fn waiting(&self) -> usize {
        self.bytes.len() - self.written
    }
}

/// A push that may be answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pushed {
    pub reference: u32,
    pub sent_ns: u64,
    /// The message it was, if it was one of the ledger.
    pub message: Option<(u32, u32)>,
}

/// Most pushes of a connection that a reply is looked
/// for. A server that never replies must cost no memory.
const PUSHES_MAX: usize = 8_192;

impl Connection {
    pub fn new(lobby: u32, stream: Option<u32>) -> Connection {
        Connection {
            stage: Stage::Closed,
            socket: None,
            lobby,
            stream,
            started_ns: 0,
            opened_ns: 0,
            joined_ns: 0,
            kept: Vec::new(),
            fragments: Vec::new(),
            fragment_opcode: 0,
            out: Out::default(),
            next_reference: JOIN_REF,
            join_ref: JOIN_REF,
            pushes: VecDeque::new(),
            heartbeat_ns: None,
            reads: true,
            hung_up: false,
            narrow: false,
            slow: false,
            awaits_echo: false,
        }
    }

    /// As it was before it was opened.
    pub fn reset(&mut self) {
        let narrow = self.narrow;
        *self = Connection::new(self.lobby, self.stream);
        self.narrow = narrow;
    }

    pub fn reference(&mut self) -> u32 {
        let reference = self.next_reference;
        self.next_reference = reference.wrapping_add(1);
        reference
    }

    pub fn remember(&mut self, push: Pushed) {
        if self.pushes.len() == PUSHES_MAX {
            self.pushes.pop_front();
        }
        self.pushes.push_back(push);
    }

    /// The push that `reference` answers. Servers answer
    /// in order, so it is nearly always the first.
    pub fn answered(&mut self, reference: u32) -> Option<Pushed> {
        let at = self
            .pushes
            .iter()
            .position(|push| push.reference == reference)?;
        self.pushes.remove(at)
    }
}
