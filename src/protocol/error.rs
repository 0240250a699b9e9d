//! The reasons why a message cannot be read, or has no form in a version.

use thiserror::Error;

/// A message that is not valid in its version. Nothing of the message takes effect. The server
/// answers it with an error if its refs and its topic can be read. Otherwise the server closes the
/// connection with 1011, as Phoenix always does by crashing its transport process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Undecodable {
    /// Not one whole JSON text in valid UTF-8.
    #[error("not valid JSON")]
    NotJson,
    /// JSON, but not an array of five or more (V2) or not an object (V1).
    #[error("not the JSON shape of a message")]
    Shape,
    /// A V1 object that lacks `topic`, `event`, `payload` or `ref`.
    #[error("a key of the message is missing")]
    MissingKey,
    /// A binary frame of another kind than 0, the only one that clients may send.
    #[error("unknown kind of binary frame")]
    UnknownKind,
    /// A binary frame that ends inside its header.
    #[error("binary frame is cut short")]
    Truncated,
}

impl Undecodable {
    /// Returns what the client should do, for the log.
    pub(crate) fn hint(self) -> &'static str {
        match self {
            Undecodable::NotJson => "have the client send JSON",
            Undecodable::Shape => {
                "have the client send messages of the vsn in its URL: arrays for 2.0.0, objects for 1.0.0"
            }
            Undecodable::MissingKey => {
                "have the client send topic, event, payload and ref in each message"
            }
            Undecodable::UnknownKind | Undecodable::Truncated => {
                "have the client send binary messages as phoenix.js does, or JSON in text messages"
            }
        }
    }
}

/// A message that has no form in the version of the receiver. Nothing was appended to the output.
/// The caller skips that receiver, or treats the message as a fault of the sending channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Unencodable {
    /// V1 has no binary messages.
    #[error("a binary payload has no form in version 1")]
    BinaryToV1,
    /// On V2 the payload of a push or broadcast must be an object (a reply's response need not).
    #[error("the payload of a push or broadcast is not an object")]
    NotAnObject,
    /// A binary header has one byte for each length, so 255 bytes are the most.
    #[error("a name or ref is over 255 bytes, too long for a binary frame")]
    TooLong,
}
