//! Receiving the frames of one read: a message goes to the session, a ping is answered.

use fastwebsockets::OpCode;

use super::ReadScratch;
use super::connection::Connection;
use super::host::ShardHost;
use crate::channel::ConnectionName as Name;
use crate::channel::Host;
use crate::protocol::Undecodable;
use crate::server::limits::limit::Limit;
use crate::websocket::{CloseReason, Inbound, ReadLimits, seal};

/// The content of a read.
pub(crate) struct Taken {
    /// Whether a message that was incomplete before is whole now.
    pub is_whole: bool,
    pub frames: u32,
    /// Bytes of the largest message.
    pub largest: usize,
    /// The most bytes that its broadcasts left any shard with.
    pub lag_bytes: usize,
}

/// Receives each whole frame. An error is the reason to close the connection.
pub(crate) fn receive_frames(
    connection: &mut Connection,
    scratch: &mut ReadScratch,
    host: &mut ShardHost<'_>,
) -> Result<Taken, CloseReason> {
    let ReadScratch { buffer, decode, .. } = scratch;
    let observe = host.services.limits.observe;
    let message_bytes_max = connection.socket.limits().message_bytes_max as u64;
    let message_bytes_max = observe.bites_above(Limit::MessageBytes, message_bytes_max) as usize;
    let limits = ReadLimits { message_bytes_max };
    let (mut messages, mut controls, mut largest) = (0_u32, 0_u32, 0);
    while let Some(inbound) = connection.reader.next(buffer, &limits)? {
        let session = &mut connection.session;
        let taken = match inbound {
            Inbound::Text(text) => session.text(text, decode, host),
            Inbound::Binary(bytes) => session.binary(bytes, decode, host),
            Inbound::Ping(payload) => {
                controls += 1;
                host.send(seal(OpCode::Pong, payload), None);
                continue;
            }
            // A pong shows that the client is there, and its bytes have been counted as that.
            Inbound::Pong(_) => {
                controls += 1;
                continue;
            }
            Inbound::Close(_) => return Err(CloseReason::ClientClosed),
        };
        messages += 1;
        host.services.link.stats.messages.add(1);
        largest = largest.max(inbound.payload().len());
        taken.map_err(|cause| undecodable(&cause, host))?;
    }
    // Pings inside a message in fragments do not make it whole.
    let is_whole = messages > 0 || (controls > 0 && !connection.reader.is_inside_message());
    let frames = messages + controls + buffer.fragments();
    Ok(Taken {
        is_whole,
        frames,
        largest,
        lag_bytes: host.lag_bytes,
    })
}

/// Logs what was wrong with a message, because the reason has but a word for it.
fn undecodable(cause: &Undecodable, host: &ShardHost<'_>) -> CloseReason {
    let (name, shard) = (Name(host.connection), host.services.link.number);
    tracing::debug!(connection = %name, shard, %cause, "a client sent what is no message");
    CloseReason::Undecodable
}
