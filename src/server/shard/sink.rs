//! The fan-out's way to the sockets: writes that never wait, and wakers for those that could not be whole.

use std::io;

use rustix::net::SendFlags;
use slab::Slab;
use tokio::io::Interest;

use super::connection::Connection;
use crate::broker::Sink;

/// A shard's connections as a [`Sink`].
pub(crate) struct SocketSink<'a> {
    pub connections: &'a mut Slab<Connection>,
    /// Connections that became writable while nobody looked, to be seen to in the next turn.
    pub ready: &'a mut Vec<u32>,
}

impl SocketSink<'_> {
    /// Sees to it that a write which was not whole is gone on with.
    fn settle(
        &mut self,
        outlet: u32,
        wanted: usize,
        result: io::Result<usize>,
    ) -> io::Result<usize> {
        match &result {
            Ok(written) if *written == wanted => return result,
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => return result,
            _ => {}
        }
        let connection = find(self.connections, outlet)?;
        connection.is_exhausted_for(Interest::WRITABLE);
        connection.write_blocked = true;
        if !connection.wait_writable() {
            connection.make_ready(outlet, self.ready);
        }
        result
    }
}

impl Sink for SocketSink<'_> {
    fn write(&mut self, outlet: u32, bytes: &[u8]) -> io::Result<usize> {
        // Past tokio, whose own state of the socket is another cold line of memory for each: what it must know of the
        // outcome, `settle` tells it.
        let stream = &find(self.connections, outlet)?.stream;
        let result = whole_call(|| Ok(rustix::net::send(stream, bytes, SendFlags::NOSIGNAL)?));
        self.settle(outlet, bytes.len(), result)
    }

    fn write_vectored(&mut self, outlet: u32, pieces: &[io::IoSlice<'_>]) -> io::Result<usize> {
        let stream = &find(self.connections, outlet)?.stream;
        let result = whole_call(|| stream.try_write_vectored(pieces));
        let wanted = pieces.iter().map(|piece| piece.len()).sum();
        self.settle(outlet, wanted, result)
    }
}

fn find(connections: &mut Slab<Connection>, outlet: u32) -> io::Result<&mut Connection> {
    let gone = || io::Error::from(io::ErrorKind::NotConnected);
    connections.get_mut(outlet as usize).ok_or_else(gone)
}

/// A signal may interrupt a call before it did anything.
fn whole_call(mut call: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
