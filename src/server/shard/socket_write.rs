//! Writing to a shard's sockets without waiting, and wakers for writes that were not whole.

use std::io;

use rustix::net::SendFlags;
use tokio::io::Interest;

use super::connection::Connection;
use super::connections::Connections;
use crate::broker::Sink;

impl Sink for Connections {
    fn write(&mut self, outlet: u32, bytes: &[u8]) -> io::Result<usize> {
        // Calls the system directly, because a write by tokio would load one more cache line for
        // each socket. `settle` reports a short write to tokio.
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

/// Prepares the rest of a short or blocked write: waits for room in the socket, or queues the
/// connection if there is room now. Returns `result` as it is.
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

/// Repeats a call that a signal interrupted before the call did anything.
fn whole_call(mut call: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
