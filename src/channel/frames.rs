//! Sealed frames for one client: replies, pushes and ends of channels, encoded in its version.

use std::cell::RefCell;

use bytes::Bytes;
use fastwebsockets::OpCode;

use super::standing::Standing;
use crate::protocol::{FrameKind, Name, PayloadBuf, Ref, Unencodable, Version};
use crate::websocket::seal;

/// Bytes that a scratch buffer keeps between frames. A single larger frame must not hold its memory
/// for good.
const SCRATCH_KEPT_BYTES: usize = 64 * 1024;

thread_local! {
    /// The buffer in which frames are encoded, before they are sealed in an allocation of their
    /// exact size. There is a buffer for each thread, not for each connection, because its content
    /// does not outlive a call.
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Encodes and seals a reply of the channel `standing`.
pub(crate) fn reply(
    standing: Standing<'_>,
    reference: &Ref,
    status: &str,
    response: &PayloadBuf,
) -> Result<Bytes, Unencodable> {
    let (version, join_ref) = (standing.version, standing.refs.channel());
    let topic = Name::from(standing.topic);
    encode_reply(version, join_ref, reference, &topic, status, response)
}

/// Encodes and seals a reply of the session itself, with refs and topic as the client sent them.
pub(crate) fn encode_reply(
    version: Version,
    join_ref: &Ref,
    reference: &Ref,
    topic: &Name<'_>,
    status: &str,
    response: &PayloadBuf,
) -> Result<Bytes, Unencodable> {
    sealed(|out| version.encode_reply(out, join_ref, reference, topic, status, response))
}

/// Encodes and seals a push of the channel `standing`.
pub(crate) fn push(
    standing: Standing<'_>,
    event: &str,
    payload: &PayloadBuf,
) -> Result<Bytes, Unencodable> {
    let (version, join_ref) = (standing.version, standing.refs.channel());
    sealed(|out| version.encode_push(out, join_ref, standing.topic, event, payload))
}

/// Encodes and seals `phx_close`, which announces the end of a channel.
pub(crate) fn close(standing: Standing<'_>) -> Bytes {
    let (version, join_ref) = (standing.version, standing.refs.wire());
    seal_scratch(|out| version.encode_close(out, join_ref, standing.topic))
}

/// Encodes and seals `phx_error`, which announces the end of a channel that crashed.
pub(crate) fn error(standing: Standing<'_>) -> Bytes {
    let (version, join_ref) = (standing.version, standing.refs.wire());
    seal_scratch(|out| version.encode_error(out, join_ref, standing.topic))
}

fn sealed(
    encode: impl FnOnce(&mut Vec<u8>) -> Result<FrameKind, Unencodable>,
) -> Result<Bytes, Unencodable> {
    with_scratch(|out| encode(out).map(|kind| seal(opcode(kind), out)))
}

fn seal_scratch(encode: impl FnOnce(&mut Vec<u8>) -> FrameKind) -> Bytes {
    with_scratch(|out| seal(opcode(encode(out)), out))
}

fn with_scratch<T>(work: impl FnOnce(&mut Vec<u8>) -> T) -> T {
    SCRATCH.with_borrow_mut(|scratch| {
        scratch.clear();
        let result = work(scratch);
        scratch.shrink_to(SCRATCH_KEPT_BYTES);
        result
    })
}

fn opcode(kind: FrameKind) -> OpCode {
    match kind {
        FrameKind::Text => OpCode::Text,
        FrameKind::Binary => OpCode::Binary,
    }
}
