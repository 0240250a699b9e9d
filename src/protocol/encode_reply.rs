//! A reply on the wire: its text in both versions, and its binary form.

use super::binary;
use super::error::Unencodable;
use super::escape::write_bytes;
use super::frame_kind::FrameKind;
use super::message::Name;
use super::payload::PayloadBuf;
use super::reference::Ref;
use super::version::Version;

impl Version {
    /// Appends the answer to a message: event `phx_reply`. The answer is binary exactly if
    /// `response` is.
    ///
    /// # Errors
    /// If `response` is bytes, and the version is V1, or a name or ref is over 255 bytes long.
    /// `out` is unchanged then.
    pub fn encode_reply(
        self,
        out: &mut Vec<u8>,
        join_ref: &Ref,
        reference: &Ref,
        topic: &Name<'_>,
        status: &str,
        response: &PayloadBuf,
    ) -> Result<FrameKind, Unencodable> {
        let json = match (self, response) {
            (_, PayloadBuf::Json(json)) => json.as_str().as_bytes(),
            (Self::V1, PayloadBuf::Binary(_)) => return Err(Unencodable::BinaryToV1),
            (Self::V2, PayloadBuf::Binary(data)) => {
                return binary(out, join_ref, reference, topic, status, data);
            }
        };
        match self {
            Self::V1 => {
                out.extend_from_slice(br#"{"topic":"#);
                topic.write_json(out);
                out.extend_from_slice(br#","event":"phx_reply","payload":{"response":"#);
                out.extend_from_slice(json);
                out.extend_from_slice(br#","status":"#);
                write_bytes(out, status);
                out.extend_from_slice(br#"},"ref":"#);
                reference.write_json(out);
                out.push(b'}');
            }
            Self::V2 => {
                out.push(b'[');
                join_ref.write_json(out);
                out.push(b',');
                reference.write_json(out);
                out.push(b',');
                topic.write_json(out);
                out.extend_from_slice(br#","phx_reply",{"response":"#);
                out.extend_from_slice(json);
                out.extend_from_slice(br#","status":"#);
                write_bytes(out, status);
                out.extend_from_slice(b"}]");
            }
        }
        Ok(FrameKind::Text)
    }
}

/// `01 | len(jr) | len(ref) | len(topic) | len(status) | jr | ref | topic | status | data`
fn binary(
    out: &mut Vec<u8>,
    join_ref: &Ref,
    reference: &Ref,
    topic: &Name<'_>,
    status: &str,
    data: &[u8],
) -> Result<FrameKind, Unencodable> {
    join_ref.with_bytes(|join_ref| {
        reference.with_bytes(|reference| {
            let topic = topic.text().as_bytes();
            let fields = [join_ref, reference, topic, status.as_bytes()];
            binary::write(out, binary::REPLY, fields, data)
        })
    })
}
