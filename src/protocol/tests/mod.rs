//! Tests of the wire protocol: golden bytes, edge cases and properties.

mod decode;
mod encode;
mod faults;
mod properties;
mod strictness;
mod values;

use super::error::Undecodable;
use super::json::Json;
use super::message::Message;
use super::reference::Ref;
use super::scratch::DecodeScratch;
use super::version::Version;

/// Decodes a text message.
fn text(version: Version, text: &str) -> Result<Message<'_>, Undecodable> {
    version.decode_text(text, &mut DecodeScratch::new())
}

/// Decodes a binary message of V2.
fn binary(bytes: &[u8]) -> Result<Message<'_>, Undecodable> {
    Version::V2.decode_binary(bytes, &mut DecodeScratch::new())
}

/// The ref that is the JSON value `text`.
fn reference(text: &str) -> Ref {
    Ref::from_json(Json::new(text).expect("a test's own JSON"))
}
