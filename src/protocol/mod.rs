//! The Phoenix Channels wire protocol as plain functions of bytes, for ingress and egress.
//!
//! The module decodes WebSocket messages and encodes answers. It knows no socket, no broker and no
//! app. In the data path it comes after `websocket` and before `session`.
//!
//! The types that an app uses are also at the crate's root ([`Json`], [`Payload`], [`PayloadBuf`],
//! [`Object`] and their traits). The rest is engine: it is public with the feature `engine`, for
//! benches and tests, and may change at any time.
//!
//! [`Version::decode_text`] turns one WebSocket message into a [`Message`] that borrows its text.
//! The `encode_*` functions of [`Version`] append the outgoing message, which `websocket::seal`
//! then frames and shares. A payload that is only relayed goes out byte for byte as it came. It is
//! not parsed and printed again.

mod binary;
mod encode_broadcast;
mod encode_reply;
mod error;
mod escape;
mod fault;
mod frame_kind;
mod json;
mod json_buf;
mod message;
mod object;
mod parse;
mod payload;
mod reference;
mod scan;
mod scratch;
mod v1;
mod v2;
mod version;

#[cfg(test)]
mod tests;

pub use error::{Undecodable, Unencodable};
pub use fault::{Fault, has_half_a_pair};
pub use frame_kind::FrameKind;
pub use json::Json;
pub use json_buf::JsonBuf;
pub use message::{Message, Name};
pub use object::{Object, ToJson};
pub use parse::Mismatch;
pub use payload::Payload;
pub use payload::{IntoPayload, PayloadBuf, reason};
pub use reference::Ref;
pub use scratch::DecodeScratch;
pub use version::Version;
