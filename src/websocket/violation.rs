//! The rules of WebSocket framing that a peer can break, and the close code of each violation.
//!
//! Every violation ends the connection. The reader cannot continue after a violation, because the
//! frame boundary is lost or not trusted.

use thiserror::Error;

/// A broken rule of RFC 6455. Its `Display` names the rule with its section. The number in each
/// variant's text is the close code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Violation {
    /// RSV1–3 are set, which belong to extensions, and no extension is negotiated. 1002.
    #[error("reserved bits are set and no extension is negotiated (RFC 6455 §5.2)")]
    ReservedBits,
    /// A reserved opcode: 3–7 or 11–15. 1002.
    #[error("opcode {0} is reserved (RFC 6455 §5.2)")]
    UnknownOpcode(u8),
    /// A continuation frame without a message to continue. 1002.
    #[error("continuation frame with no message to continue (RFC 6455 §5.4)")]
    StrayContinuation,
    /// A text or binary frame before the fragmented message in front of it was finished. 1002.
    #[error("new message inside a fragmented one (RFC 6455 §5.4)")]
    MessageInsideMessage,
    /// A ping, pong or close without FIN. 1002.
    #[error("fragmented control frame (RFC 6455 §5.5)")]
    FragmentedControl,
    /// A ping, pong or close of more than 125 bytes. 1002.
    #[error("control frame of more than 125 bytes (RFC 6455 §5.5)")]
    LongControl,
    /// A frame without a mask. A client must mask every frame. 1002.
    #[error("client frame is not masked (RFC 6455 §5.1)")]
    Unmasked,
    /// The length is not in its shortest form. 1002.
    #[error("payload length is not in its shortest form (RFC 6455 §5.2)")]
    LengthNotMinimal,
    /// The most significant bit of a 64-bit length is set. 1002.
    #[error("most significant bit of the 64-bit length is set (RFC 6455 §5.2)")]
    LengthHighBit,
    /// A close payload of one byte. It must have no bytes or at least two. 1002.
    #[error("close frame with half a status code (RFC 6455 §5.5.1)")]
    HalfCloseCode,
    /// A close code that may not be sent. 1002.
    #[error("close code {0} may not be sent (RFC 6455 §7.4)")]
    CloseCode(u16),
    /// A close reason that is not UTF-8. 1007.
    #[error("close reason is not UTF-8 (RFC 6455 §5.5.1)")]
    CloseReasonNotUtf8,
    /// A text message that is not UTF-8. 1007.
    #[error("text message is not UTF-8 (RFC 6455 §8.1)")]
    TextNotUtf8,
    /// A message over [`ReadLimits::message_bytes_max`](super::limits::ReadLimits), fragmented or
    /// not. 1009.
    #[error("message is over the limit of {max} bytes (RFC 6455 §7.4.1, code 1009)")]
    MessageTooBig {
        /// The limit that the message broke, in bytes.
        max: usize,
    },
}

impl Violation {
    /// True if the broken rule is one of a Close, whose client means to go.
    pub fn is_in_a_close(&self) -> bool {
        use Violation::{CloseCode, CloseReasonNotUtf8, HalfCloseCode};
        matches!(self, CloseCode(_) | HalfCloseCode | CloseReasonNotUtf8)
    }

    /// Returns the code for the Close frame: 1002, 1007 or 1009 (RFC 6455 §7.4.1).
    pub const fn close_code(&self) -> u16 {
        match self {
            Self::CloseReasonNotUtf8 | Self::TextNotUtf8 => 1007,
            Self::MessageTooBig { .. } => 1009,
            _ => 1002,
        }
    }
}
