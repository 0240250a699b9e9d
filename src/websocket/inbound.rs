//! A whole message or a control frame, as the reader yields it.

use fastwebsockets::OpCode;
use simdutf8::basic;

use super::tally;
use super::violation::Violation;

/// A whole message with its fragments joined, or a legal control frame. The payload is unmasked and
/// borrowed from the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inbound<'a> {
    /// A text message. Its UTF-8 is checked, so no user of the `&str` has to check it again.
    Text(&'a str),
    /// A binary message.
    Binary(&'a [u8]),
    /// A ping, to be answered with a pong of the same payload.
    Ping(&'a [u8]),
    /// A pong.
    Pong(&'a [u8]),
    /// A Close, with no payload or a legal code and reason.
    Close(&'a [u8]),
}

impl<'a> Inbound<'a> {
    /// Returns the message or control frame with this opcode and payload.
    pub(super) fn new(opcode: OpCode, payload: &'a [u8]) -> Result<Self, Violation> {
        Ok(match opcode {
            OpCode::Text => Self::Text(text(payload)?),
            OpCode::Binary => Self::Binary(payload),
            OpCode::Ping => Self::Ping(payload),
            OpCode::Pong => Self::Pong(payload),
            OpCode::Close => Self::Close(payload),
            // The first frame gives a message its opcode. The header's rules refuse a continuation
            // as first frame.
            OpCode::Continuation => return Err(Violation::StrayContinuation),
        })
    }

    /// Returns the opcode of the message or control frame.
    #[cfg(feature = "engine")]
    pub fn opcode(&self) -> OpCode {
        match self {
            Self::Text(_) => OpCode::Text,
            Self::Binary(_) => OpCode::Binary,
            Self::Ping(_) => OpCode::Ping,
            Self::Pong(_) => OpCode::Pong,
            Self::Close(_) => OpCode::Close,
        }
    }

    /// The payload as bytes.
    pub fn payload(&self) -> &'a [u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(payload)
            | Self::Ping(payload)
            | Self::Pong(payload)
            | Self::Close(payload) => payload,
        }
    }
}

/// Checks a whole text once (RFC 6455 §8.1).
fn text(payload: &[u8]) -> Result<&str, Violation> {
    tally::touched(payload.len());
    basic::from_utf8(payload).map_err(|_| Violation::TextNotUtf8)
}
