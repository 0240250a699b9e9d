//! One connection: its stage, incomplete frames, unwritten bytes, and unanswered pushes.

use std::collections::VecDeque;

use mio::net::TcpStream;

use crate::load::wire::phoenix::JOIN_REF;

/// A connection, from before its opening until after its end.
#[derive(Debug)]
pub(super) struct Connection {
    pub stage: Stage,
    pub socket: Option<TcpStream>,
    /// The connection's lobby in the ledger. Its member in the ledger has the connection's number.
    pub lobby: u32,
    /// The stream that the connection publishes, if any.
    pub stream: Option<u32>,
    /// The time when the connection was to be opened.
    pub started_ns: u64,
    /// The time when the connection was opened.
    pub opened_ns: u64,
    /// The time when the join was answered with ok.
    pub joined_ns: u64,
    /// The start of a frame, or of the answer to the upgrade, whose end has not arrived.
    pub kept: Vec<u8>,
    /// The parts of a fragmented message that have arrived.
    pub fragments: Vec<u8>,
    pub fragment_opcode: u8,
    pub out: Out,
    next_reference: u32,
    /// The ref of the connection's join.
    pub join_ref: u32,
    /// Pushes that wait for a reply, oldest first.
    pub pushes: VecDeque<Pushed>,
    /// The send time of the heartbeat that has no answer yet.
    pub heartbeat_ns: Option<u64>,
    /// False while the connection reads nothing.
    pub reads: bool,
    /// True if the connection is going to stop reading. Its receive buffer is small, so the server
    /// soon has to keep the rest.
    pub narrow: bool,
    /// True if the connection has ever stopped reading. Then its deliveries are not waited for, and
    /// its delays do not count.
    pub slow: bool,
    /// True if the peer's end has arrived, behind bytes that are still to be read.
    pub hung_up: bool,
    /// True if the connection is to report the next message that it gets back from itself.
    pub awaits_echo: bool,
}

/// The stage of a connection's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The connection is not yet open, or has ended.
    Closed,
    /// The TCP connection is on its way.
    Connecting,
    /// The upgrade is on its way.
    Upgrading,
    /// The join is on its way.
    Joining,
    /// The join was refused or not answered, and the client will join again.
    Unjoined,
    /// The client is in its lobby.
    Joined,
    /// The load's Close frame is on its way; bytes from the server are still read.
    Closing,
}

/// Bytes on their way to the socket.
#[derive(Debug, Default)]
pub(super) struct Out {
    pub bytes: Vec<u8>,
    pub written: usize,
    /// True if the socket took no more bytes at the last write.
    pub blocked: bool,
    /// True if the connection is on the list of connections with bytes to write.
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
    /// The stream and sequence of the pushed message, if it is in the ledger.
    pub message: Option<(u32, u32)>,
}

/// Most pushes of a connection that wait for a reply. The limit bounds the memory of a load whose
/// server never replies.
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

    /// Sets all fields as they were before the opening, except `narrow`.
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

    /// Takes out the push that `reference` answers. Servers answer in order, so the push is nearly
    /// always the oldest.
    pub fn answered(&mut self, reference: u32) -> Option<Pushed> {
        let at = self
            .pushes
            .iter()
            .position(|push| push.reference == reference)?;
        self.pushes.remove(at)
    }
}
