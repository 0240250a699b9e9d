//! Sealed frames for one client: replies, pushes and ends of channels, encoded in its version.

use std::cell::RefCell;
use std::convert::Infallible;

use bytes::Bytes;
use fastwebsockets::OpCode;

use super::standing::Standing;
use crate::protocol::{FrameKind, Name, PayloadBuf, Ref, Unencodable};
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
    sealed(|out| version.encode_reply(out, join_ref, reference, &topic, status, response))
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

/// Seals the frame that `encode` appends to an empty buffer.
///
/// # Errors
/// If `encode` fails.
pub(crate) fn sealed<E>(
    encode: impl FnOnce(&mut Vec<u8>) -> Result<FrameKind, E>,
) -> Result<Bytes, E> {
    let mut scratch = FrameScratch(SCRATCH.take());
    let kind = encode(&mut scratch.0)?;
    Ok(seal(opcode(kind), &scratch.0))
}

fn seal_scratch(encode: impl FnOnce(&mut Vec<u8>) -> FrameKind) -> Bytes {
    let Ok(frame) = sealed(|out| Ok::<_, Infallible>(encode(out)));
    frame
}

/// The thread's buffer while a frame is encoded. Its drop empties the buffer, cuts it to
/// [`SCRATCH_KEPT_BYTES`] and gives it back to the thread.
struct FrameScratch(Vec<u8>);

impl Drop for FrameScratch {
    fn drop(&mut self) {
        self.0.clear();
        self.0.shrink_to(SCRATCH_KEPT_BYTES);
        SCRATCH.set(std::mem::take(&mut self.0));
    }
}

fn opcode(kind: FrameKind) -> OpCode {
    match kind {
        FrameKind::Text => OpCode::Text,
        FrameKind::Binary => OpCode::Binary,
    }
}
