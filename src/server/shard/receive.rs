//! What the frames of one read mean.

use fastwebsockets::OpCode;

use super::connection::Connection;
use super::host::ShardHost;
use crate::channel::ConnectionName as Name;
use crate::channel::Host;
use crate::protocol::{DecodeScratch, Undecodable};
use crate::server::limits::limit::Limit;
use crate::websocket::{CloseReason, Inbound, ReadBuffer, ReadLimits, seal};

/// What was in a read.
pub(crate) struct Taken {
    /// Whether what was incomplete before is whole now.
    pub is_whole: bool,
    pub frames: u32,
    /// Bytes of the largest message.
    pub largest: usize,
}

/// Does what each whole frame means. An error is the reason to close the connection.
pub(crate) fn take_frames(
    connection: &mut Connection,
    buffer: &mut ReadBuffer,
    decode: &mut DecodeScratch,
    host: &mut ShardHost<'_>,
) -> Result<Taken, CloseReason> {
    let message_bytes_max = connection.socket.limits().message_bytes_max as u64;
    let message_bytes_max = host
        .observe
        .bites_above(Limit::MessageBytes, message_bytes_max) as usize;
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
            // It shows that the client is there, and its bytes have been counted as that.
            Inbound::Pong(_) => {
                controls += 1;
                continue;
            }
            Inbound::Close(_) => return Err(CloseReason::ClientClosed),
        };
        messages += 1;
        host.link.stats.messages.add(1);
        largest = largest.max(inbound.payload().len());
        taken.map_err(|cause| undecodable(&cause, host))?;
    }
    // A message in fragments is not helped by the pings inside it.
    let is_whole = messages > 0 || (controls > 0 && !connection.reader.is_inside_message());
    let frames = messages + controls + buffer.fragments();
    Ok(Taken {
        is_whole,
        frames,
        largest,
    })
}

/// Says what was wrong with a message, since the reason has but a word for it.
fn undecodable(cause: &Undecodable, host: &ShardHost<'_>) -> CloseReason {
    let (name, shard) = (Name(host.connection), host.link.number);
    tracing::debug!(connection = %name, shard, %cause, "a client sent what is no message");
    CloseReason::Undecodable
}
