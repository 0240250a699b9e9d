//! One socket, with incomplete frames from the client and bytes that the kernel did not take.

use std::io::{self, ErrorKind, Read, Write};

use mio::net::TcpStream;

use super::frame::{FRAME_BYTES_MAX, HEAD_BYTES_MAX};
use super::membership::Membership;

/// Most bytes of one read. Hundreds of small messages fit; further bytes are read in the next turn.
const READ_BYTES: usize = 64 << 10;

/// The length of the one read buffer: an incomplete frame, and a read behind it.
pub(super) const BUFFER_BYTES: usize = FRAME_BYTES_MAX + HEAD_BYTES_MAX + READ_BYTES;

/// Most bytes kept for a reader that has stopped; beyond this its connection is dropped. If
/// one core serves a thousand members, 64 MiB are minutes of what each member gets.
const BACKLOG_BYTES_MAX: usize = 64 << 20;

/// The stage of a connection's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FloorStage {
    /// The upgrade request is incomplete.
    Opening,
    /// The upgrade is answered, and frames are exchanged.
    Open,
    /// The connection is dropped at the end of the turn, and not read or written until then.
    Ended,
}

/// A client's connection.
#[derive(Debug)]
pub(super) struct FloorConnection {
    stream: TcpStream,
    pub stage: FloorStage,
    pub member: Option<Membership>,
    unparsed: Vec<u8>,
    backlog: Vec<u8>,
    /// Bytes of the backlog that the kernel has taken.
    taken: usize,
}

/// The outcome of a read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Filled {
    /// Bytes at the front of the buffer, including the bytes kept from earlier reads.
    pub bytes: usize,
    /// True if the socket may have more bytes.
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

    /// Reads once, behind the bytes kept from earlier reads. `None` if nothing has arrived.
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
            more: came == READ_BYTES, // epoll(7): a shorter read has emptied the socket
        }))
    }

    /// Keeps the bytes of an incomplete frame until the next read.
    pub fn keep(&mut self, unparsed: &[u8]) {
        self.unparsed.extend_from_slice(unparsed);
    }

    /// Hands bytes to the kernel in one write. Bytes that the kernel does not take wait until the
    /// socket is writable.
    ///
    /// # Errors
    ///
    /// When the client has gone, or its backlog has reached its limit because it does not read.
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

    /// Writes the backlog. Its memory is given back when all of it is written, because few
    /// connections ever have a backlog.
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

    /// Moves the rest of the backlog to the front once the rest is the smaller half, so that no
    /// byte is moved more than once on average.
    fn forget_taken(&mut self) {
        if self.taken > self.backlog.len() / 2 {
            self.backlog.drain(..self.taken);
            self.taken = 0;
        }
    }
}

/// Returns how many bytes a write put into the kernel: none if the kernel's buffer was full.
fn taken(written: io::Result<usize>) -> io::Result<usize> {
    match written {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
        result => result,
    }
}

/// All connections by number. The number of a dropped connection is given to a later one.
#[derive(Debug, Default)]
pub(super) struct FloorConnections {
    by_number: Vec<Option<FloorConnection>>,
    free: Vec<u32>,
}

impl FloorConnections {
    /// Returns a connection by its number, unless it was dropped.
    pub fn at(&mut self, number: u32) -> Option<&mut FloorConnection> {
        self.by_number.get_mut(number as usize)?.as_mut()
    }

    /// Returns the number that the next connection will get.
    pub fn next_number(&self) -> u32 {
        let fresh = self.by_number.len() as u32;
        self.free.last().copied().unwrap_or(fresh)
    }

    /// Adds a connection under [`FloorConnections::next_number`].
    pub fn add(&mut self, connection: FloorConnection) {
        match self.free.pop() {
            Some(number) => self.by_number[number as usize] = Some(connection),
            None => self.by_number.push(Some(connection)),
        }
    }

    /// Removes a connection. Its socket closes when the returned value is dropped.
    pub fn remove(&mut self, number: u32) -> Option<FloorConnection> {
        let removed = self.by_number.get_mut(number as usize)?.take()?;
        self.free.push(number);
        Some(removed)
    }
}
