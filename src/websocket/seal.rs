//! From a payload to the bytes of one server frame, which are then shared by reference count.
//!
//! A sealed frame is not changed any more. A broadcast then takes its sequence in its topic, and
//! goes by mailbox and log to the flush, which writes it. Any other frame goes to the outbox of its
//! connection.

use bytes::Bytes;
use fastwebsockets::{Frame, OpCode, Payload};

/// The longest header of a server frame: two bytes and a 64-bit length. Servers do not mask (RFC
/// 6455 §5.1).
const HEADER_BYTES_MAX: usize = 10;

/// Returns one whole server frame: header and payload in one exact allocation. Costs one copy of
/// the payload; clones of the result share it.
///
/// The caller makes sure that a text is UTF-8 and that the payload of a control frame has at most
/// 125 bytes. Neither is checked here.
#[inline]
pub fn seal(opcode: OpCode, payload: &[u8]) -> Bytes {
    let mut header = [0; HEADER_BYTES_MAX];
    let header_len =
        Frame::new(true, opcode, None, Payload::Borrowed(payload)).fmt_head(&mut header);
    let mut frame = Vec::with_capacity(header_len + payload.len());
    frame.extend_from_slice(&header[..header_len]);
    frame.extend_from_slice(payload);
    frame.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_takes_its_shortest_form_and_no_mask() {
        let cases: &[(usize, &[u8])] = &[
            (0, &[0x82, 0]),
            (125, &[0x82, 125]),
            (126, &[0x82, 126, 0, 126]),
            (65_535, &[0x82, 126, 0xFF, 0xFF]),
            (65_536, &[0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ];
        for (len, header) in cases {
            let payload = vec![7; *len];
            let frame = seal(OpCode::Binary, &payload);
            assert_eq!(&frame[..header.len()], *header, "{len}");
            assert_eq!(&frame[header.len()..], payload, "{len}");
        }
    }

    #[test]
    fn opcodes_and_close_codes_are_where_the_rfc_puts_them() {
        assert_eq!(&seal(OpCode::Text, b"hi")[..], b"\x81\x02hi");
        assert_eq!(&seal(OpCode::Pong, b"p")[..], b"\x8a\x01p");
        assert_eq!(&seal(OpCode::Close, &[3, 0xf4])[..], b"\x88\x02\x03\xf4");
    }
}
