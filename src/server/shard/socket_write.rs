//! Writing to a shard's sockets without waiting, and wakers for writes that were not whole.

use std::io;

use rustix::net::SendFlags;
use tokio::io::Interest;

use super::connection::Connection;
use super::connections::Connections;
use crate::broker::Sink;

impl Sink for Connections {
    fn write(&mut self, outlet: u32, bytes: &[u8]) -> io::Result<usize> {
        // Past tokio, whose own state of the socket is another cold line of memory for each.
        // `settle` reports to tokio what it must know of the outcome.
        let stream = &find(self, outlet)?.stream;
        let result = whole_call(|| Ok(rustix::net::send(stream, bytes, SendFlags::NOSIGNAL)?));
        settle(self, outlet, bytes.len(), result)
    }

    fn write_vectored(&mut self, outlet: u32, pieces: &[io::IoSlice<'_>]) -> io::Result<usize> {
        let stream = &find(self, outlet)?.stream;
        let result = whole_call(|| stream.try_write_vectored(pieces));
        let wanted = pieces.iter().map(|piece| piece.len()).sum();
        settle(self, outlet, wanted, result)
    }
}

/// Sees to it that a write which was not whole is gone on with.
fn settle(
    connections: &mut Connections,
    outlet: u32,
    wanted: usize,
    result: io::Result<usize>,
) -> io::Result<usize> {
    match &result {
        Ok(written) if *written == wanted => return result,
        Err(error) if error.kind() != io::ErrorKind::WouldBlock => return result,
        _ => {}
    }
    let connection = find(connections, outlet)?;
    connection.is_exhausted_for(Interest::WRITABLE);
    connection.write_blocked = true;
    if !connection.wait_writable() {
        connections.make_ready(outlet);
    }
    result
}

fn find(connections: &mut Connections, outlet: u32) -> io::Result<&mut Connection> {
    let gone = || io::Error::from(io::ErrorKind::NotConnected);
    connections.get_mut(outlet).ok_or_else(gone)
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
