//! The sockets of the model, which block when a test wants it, even in the middle of a frame.

use std::io;

use lobbyd::broker::Sink;

/// A connection's socket, which takes `room` more bytes and then blocks.
#[derive(Default)]
pub struct Socket {
    pub received: Vec<u8>,
    pub room: usize,
    pub blocked: bool,
    pub was_blocked: bool,
}

#[derive(Default)]
pub struct Sockets(pub Vec<Socket>);

impl Socket {
    pub fn new() -> Socket {
        Socket {
            room: usize::MAX,
            ..Socket::default()
        }
    }
}

impl Sink for Sockets {
    fn write(&mut self, outlet: u32, bytes: &[u8]) -> io::Result<usize> {
        let socket = &mut self.0[outlet as usize];
        assert!(!bytes.is_empty(), "an empty write");
        let taken = bytes.len().min(socket.room);
        socket.received.extend_from_slice(&bytes[..taken]);
        socket.room -= taken;
        socket.blocked = taken < bytes.len();
        socket.was_blocked |= socket.blocked;
        if taken == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(taken)
    }

    fn write_vectored(&mut self, outlet: u32, pieces: &[io::IoSlice<'_>]) -> io::Result<usize> {
        assert!(pieces.len() <= 1024 && pieces.iter().all(|p| !p.is_empty()));
        let all: Vec<u8> = pieces.iter().flat_map(|p| p.iter().copied()).collect();
        self.write(outlet, &all)
    }
}
