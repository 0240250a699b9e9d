//! The kind of WebSocket frame that a message goes into.

/// The WebSocket opcode that an encoded message needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FrameKind {
    /// Opcode 1, always valid UTF-8.
    Text,
    /// Opcode 2.
    Binary,
}
