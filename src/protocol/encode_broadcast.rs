//! A broadcast on the wire: its text in both versions, and its binary form.
//!
//! Phoenix calls this step `fastlane!`: the bytes are the same for every subscriber of a version.

use super::error::Unencodable;
use super::escape::write_bytes;
use super::frame_kind::FrameKind;
use super::payload::PayloadBuf;
use super::version::Version;
use super::{binary, v1};

impl Version {
    /// Appends a broadcast: the same bytes for every subscriber of this version.
    ///
    /// # Errors
    /// If the payload has no form in this version: bytes in V1, or a value that is no JSON object
    /// in V2. If a name is over 255 bytes long in a binary form. `out` is then unchanged.
    // `#[inline]` lets a caller in another crate inline this function, such as a bench. In builds
    // of several codegen units, inlining it and `seal` saved 82 instructions for each broadcast.
    #[inline]
    pub fn encode_broadcast(
        self,
        out: &mut Vec<u8>,
        topic: &str,
        event: &str,
        payload: &PayloadBuf,
    ) -> Result<FrameKind, Unencodable> {
        match (self, payload) {
            // A push of version 1 has no join_ref, so a broadcast has the same form.
            (Self::V1, _) => v1::push(out, topic, event, payload),
            // `02 | len(topic) | len(event) | topic | event | data`
            (Self::V2, PayloadBuf::Binary(data)) => {
                let names = [topic.as_bytes(), event.as_bytes()];
                binary::write(out, binary::BROADCAST, names, data)
            }
            (Self::V2, PayloadBuf::Json(json)) if json.as_json().is_object() => {
                // The places of join_ref and ref: a broadcast has neither.
                out.extend_from_slice(b"[null,null,");
                write_bytes(out, topic);
                out.push(b',');
                write_bytes(out, event);
                out.push(b',');
                out.extend_from_slice(json.as_str().as_bytes());
                out.push(b']');
                Ok(FrameKind::Text)
            }
            (Self::V2, PayloadBuf::Json(_)) => Err(Unencodable::NotAnObject),
        }
    }
}
