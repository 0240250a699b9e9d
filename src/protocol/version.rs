//! The two versions of the protocol: how a client chooses one, its decoding, pushes and ends.

use super::error::Undecodable;
use super::error::Unencodable;
use super::frame_kind::FrameKind;
use super::message::Message;
use super::payload::PayloadBuf;
use super::reference::Ref;
use super::scratch::DecodeScratch;
use super::{binary, v1, v2};

/// A version of the serializer, chosen once per connection by the `vsn` parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Version {
    /// JSON objects, text only. Used by phoenix.js before 1.3.
    V1,
    /// JSON arrays, and binary frames for binary payloads.
    V2,
}

impl Version {
    /// Returns the version that `vsn` asks for. The server answers `None` with 403.
    ///
    /// No `vsn` means V1. Otherwise `vsn` must be a full semantic version in `~> 1.0.0` or `~>
    /// 2.0.0`, as Elixir reads these: 2.0.5 and 2.0.1-rc.1 are in, 2.0.0-rc.1 (before 2.0.0) and
    /// 2.1.0-rc.1 are not. Numbers beyond 64 bits are refused.
    pub fn negotiate(vsn: Option<&str>) -> Option<Self> {
        let Some(vsn) = vsn else {
            return Some(Self::V1);
        };
        let vsn = semver::Version::parse(vsn).ok()?;
        let released = vsn.patch > 0 || vsn.pre.is_empty();
        match (vsn.major, vsn.minor) {
            (1, 0) if released => Some(Self::V1),
            (2, 0) if released => Some(Self::V2),
            _ => None,
        }
    }

    /// Reads one whole text message (opcode 1). Fails if the text is no message of this version.
    ///
    /// Costs one pass over the text. Allocates for names with escapes, for refs that are not small
    /// numbers, and for the growth of `scratch`. Nothing here recurses, so only the size of the
    /// message bounds its depth.
    pub fn decode_text<'a>(
        self,
        text: &'a str,
        scratch: &mut DecodeScratch,
    ) -> Result<Message<'a>, Undecodable> {
        match self {
            Self::V1 => v1::decode(text, scratch),
            Self::V2 => v2::decode(text, scratch),
        }
    }

    /// Reads one whole binary message (opcode 2). V1 has no binary form and ignores the opcode: the
    /// bytes must be text, and are read as text.
    pub fn decode_binary<'a>(
        self,
        bytes: &'a [u8],
        scratch: &mut DecodeScratch,
    ) -> Result<Message<'a>, Undecodable> {
        match self {
            Self::V1 => {
                let text = simdutf8::basic::from_utf8(bytes).map_err(|_| Undecodable::NotJson)?;
                v1::decode(text, scratch)
            }
            Self::V2 => binary::decode(bytes),
        }
    }

    /// Appends a push from one channel to its client. V1 carries no join_ref.
    ///
    /// # Errors
    /// If the payload has no form in this version: bytes in V1, or a value that is no JSON object
    /// in V2. If a ref or name is over 255 bytes long in a binary form. `out` is then unchanged.
    pub fn encode_push(
        self,
        out: &mut Vec<u8>,
        join_ref: &Ref,
        topic: &str,
        event: &str,
        payload: &PayloadBuf,
    ) -> Result<FrameKind, Unencodable> {
        match (self, payload) {
            (Self::V1, _) => v1::push(out, topic, event, payload),
            (Self::V2, PayloadBuf::Binary(data)) => binary::push(out, join_ref, topic, event, data),
            (Self::V2, PayloadBuf::Json(json)) => v2::push(out, join_ref, topic, event, json),
        }
    }

    /// Appends `phx_close`: the channel ended without a failure, and the client will not rejoin.
    pub fn encode_close(self, out: &mut Vec<u8>, join_ref: &Ref, topic: &str) -> FrameKind {
        self.encode_end(out, join_ref, topic, "phx_close", "{}")
    }

    /// Appends `phx_error`: the channel failed or crashed, and the client will rejoin.
    pub fn encode_error(self, out: &mut Vec<u8>, join_ref: &Ref, topic: &str) -> FrameKind {
        let crashed = r#"{"reason":"channel_crash"}"#;
        self.encode_end(out, join_ref, topic, "phx_error", crashed)
    }

    /// Appends `phx_close` or `phx_error`. Unlike a push, both carry the join_ref in the place of
    /// the ref too.
    fn encode_end(
        self,
        out: &mut Vec<u8>,
        join_ref: &Ref,
        topic: &str,
        event: &str,
        payload: &str,
    ) -> FrameKind {
        match self {
            Self::V1 => v1::write(out, topic, event, payload, join_ref),
            Self::V2 => v2::write(out, join_ref, join_ref, topic, event, payload),
        }
        FrameKind::Text
    }
}
