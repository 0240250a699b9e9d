//! One socket, with incomplete frames from the client and bytes the kernel did not take.

use std::io::{self, ErrorKind, Read, Write};

use mio::net::TcpStream;

use super::frame::{FRAME_BYTES_MAX, HEAD_BYTES_MAX};
use super::membership::Membership;

/// Most bytes of one read. A deep window of small
/// messages fits; what is more comes with the next turn.
const READ_BYTES: usize = 64 << 10;

/// The length of the one read buffer: a frame that has not come whole, and a read behind it.
pub(super) const BUFFER_BYTES: usize = FRAME_BYTES_MAX + HEAD_BYTES_MAX + READ_BYTES;

/// Most bytes kept for a reader that has stopped; with more, it is dropped. That is minutes of a
/// thousand members' share of what one core can send.
const BACKLOG_BYTES_MAX: usize = 64 << 20;

/// How far a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FloorStage {
    /// Its upgrade has not come whole.
    Opening,
    /// Frames come and go.
    Open,
    /// It is dropped at the end of the turn, and neither read nor written before.
    Ended,
}

/// A client.
#[derive(Debug)]
pub(super) struct FloorConnection {
    stream: TcpStream,
    pub stage: FloorStage,
    pub member: Option<Membership>,
    unparsed: Vec<u8>,
    backlog: Vec<u8>,
    /// How much of the backlog the kernel has taken.
    taken: usize,
}

/// What a read brought.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Filled {
    /// Bytes at the front of the buffer, those kept from before among them.
    pub bytes: usize,
    /// Whether there may be more in the socket.
    pub more: bool,
}

impl FloorConnection {
    pub fn new(stream: TcpStream) -> FloorConnection {
        FloorConnection {
            stream,
            stage: FloorStage::Opening,
            member: None,
            unparsed: Vec::new(),
            backlog: Vec::new(),
            taken: 0,
        }
    }

    /// Reads once, behind what was kept. `None` if nothing has come.
    ///
    /// # Errors
    ///
    /// When the client has gone.
    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<Option<Filled>> {
        let kept = self.unparsed.len();
        let came = match self.stream.read(&mut buffer[kept..kept + READ_BYTES]) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(came) => came,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
            Err(error) => return Err(error),
        };
        buffer[..kept].copy_from_slice(&self.unparsed);
        self.unparsed.clear();
        Ok(Some(Filled {
            bytes: kept + came,
            more: came == READ_BYTES, // epoll(7): less than asked for is all there was
        }))
    }

    /// Keeps what is not a whole frame until the next read.
    pub fn keep(&mut self, unparsed: &[u8]) {
        self.unparsed.extend_from_slice(unparsed);
    }

    /// Hands bytes to the kernel in one write. What it
    /// does not take waits until the socket is writable.
    ///
    /// # Errors
    ///
    /// When the client has gone, or has not read for so long that no more is kept for it.
    pub fn deliver(&mut self, bytes: &[u8]) -> io::Result<()> {
        let taken = match self.backlog.is_empty() {
            true => taken(self.stream.write(bytes))?,
            false => 0,
        };
        if taken < bytes.len() {
            self.backlog.extend_from_slice(&bytes[taken..]);
        }
        if self.backlog.len() - self.taken > BACKLOG_BYTES_MAX {
            return Err(ErrorKind::OutOfMemory.into());
        }
        Ok(())
    }

    /// Goes on with the backlog. Its memory is given back
    /// when it is through: few connections ever have one.
    ///
    /// # Errors
    ///
    /// When the client has gone.
    pub fn go_on(&mut self) -> io::Result<()> {
        while self.taken < self.backlog.len() {
            let taken = taken(self.stream.write(&self.backlog[self.taken..]))?;
            self.taken += taken;
            if taken == 0 {
                self.forget_taken();
                return Ok(());
            }
        }
        self.backlog = Vec::new();
        self.taken = 0;
        Ok(())
    }

    /// Moves what is left to the front once that is the smaller half: no byte is moved more than
    /// once on average.
    fn forget_taken(&mut self) {
        if self.taken > self.backlog.len() / 2 {
            self.backlog.drain(..self.taken);
            self.taken = 0;
        }
    }
}

/// How many bytes a write put into the kernel: none if it was full.
fn taken(written: io::Result<usize>) -> io::Result<usize> {
    match written {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
        result => result,
    }
}

/// All connections by number. A number is given again after its connection was dropped.
#[derive(Debug, Default)]
pub(super) struct FloorConnections {
    by_number: Vec<Option<FloorConnection>>,
    free: Vec<u32>,
}

impl FloorConnections {
    /// A connection by its number, unless it was dropped.
    pub fn at(&mut self, number: u32) -> Option<&mut FloorConnection> {
        self.by_number.get_mut(number as usize)?.as_mut()
    }

    /// The number that the next connection will get.
    pub fn next_number(&self) -> u32 {
        let fresh = self.by_number.len() as u32;
        self.free.last().copied().unwrap_or(fresh)
    }

    /// Takes in a connection under [`FloorConnections::next_number`].
    pub fn add(&mut self, connection: FloorConnection) {
        match self.free.pop() {
            Some(number) => self.by_number[number as usize] = Some(connection),
            None => self.by_number.push(Some(connection)),
        }
    }

    /// Takes one out, whose socket closes as it is dropped.
    pub fn remove(&mut self, number: u32) -> Option<FloorConnection> {
        let removed = self.by_number.get_mut(number as usize)?.take()?;
        self.free.push(number);
        Some(removed)
    }
}
