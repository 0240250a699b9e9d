//! Frames of RFC 6455: a server's, cut in the read buffer, and a client's, masked.

use thiserror::Error;

/// The opcodes of RFC 6455 §5.2 that a client may get.
pub mod opcode {
    /// A further part of a message.
    pub const CONTINUATION: u8 = 0;
    /// A text, or its first part.
    pub const TEXT: u8 = 1;
    /// A binary message, or its first part.
    pub const BINARY: u8 = 2;
    /// The Close frame, which ends the connection.
    pub const CLOSE: u8 = 8;
    /// A ping, to be answered with a pong.
    pub const PING: u8 = 9;
    /// The answer to a ping.
    pub const PONG: u8 = 10;
}

/// A breach of RFC 6455 by the server. The run continues without that connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Violation {
    /// §5.1: the server masked a frame.
    #[error("the server masked a frame (RFC 6455 §5.1 forbids it)")]
    Masked,
    /// §5.2: the server set a reserved bit, though no extension was negotiated.
    #[error("the server set a reserved bit though no extension was negotiated (RFC 6455 §5.2)")]
    Reserved,
    /// §5.2: the server used an undefined opcode.
    #[error("the server used an opcode that RFC 6455 §5.2 does not know")]
    Opcode,
    /// §5.5: a control frame is fragmented, or longer than 125 bytes.
    #[error("the server sent a control frame that is cut or too long (RFC 6455 §5.5)")]
    Control,
    /// §5.4: a message begins inside another one, or a part comes without a beginning.
    #[error("the server mixed up the parts of messages (RFC 6455 §5.4)")]
    Fragments,
    /// A message is longer than [`MESSAGE_BYTES_MAX`].
    #[error("the server sent a message of more than 16 MiB")]
    TooLong,
}

/// Longest message in bytes that is accepted from a server.
pub const MESSAGE_BYTES_MAX: usize = 16 << 20;

/// The head of a server's frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The opcode; see [`opcode`].
    pub opcode: u8,
    /// Whether the message ends with this frame.
    pub fin: bool,
    /// Bytes before the payload.
    pub head_len: usize,
    /// Bytes of the payload.
    pub len: usize,
}

impl Head {
    /// Parses the head at the start of `bytes`. `None` if it is incomplete.
    ///
    /// # Errors
    /// The rule that the server broke.
    #[inline]
    pub fn parse(bytes: &[u8]) -> Result<Option<Head>, Violation> {
        let [first, second, rest @ ..] = bytes else {
            return Ok(None);
        };
        // Nearly all frames are whole texts of up to 65,535 bytes.
        let (len, head_len) = match (*second, rest) {
            (len @ ..126, _) => (usize::from(len), 2),
            (126, [high, low, ..]) => (usize::from(u16::from_be_bytes([*high, *low])), 4),
            (127, [a, b, c, d, e, f, g, h, ..]) => {
                let len = u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]);
                let len = usize::try_from(len).map_err(|_| Violation::TooLong)?;
                (len, 10)
            }
            (128.., _) => return Err(Violation::Masked),
            _ => return Ok(None),
        };
        let head = Head {
            opcode: first & 0x0f,
            fin: first & 0x80 != 0,
            head_len,
            len,
        };
        if *first != 0x80 | opcode::TEXT || len > MESSAGE_BYTES_MAX {
            head.check(*first)?;
        }
        Ok(Some(head))
    }

    /// Checks the rules that a whole text of allowed length cannot break.
    #[cold]
    fn check(&self, first: u8) -> Result<(), Violation> {
        if first & 0x70 != 0 {
            return Err(Violation::Reserved);
        }
        if self.len > MESSAGE_BYTES_MAX {
            return Err(Violation::TooLong);
        }
        match self.opcode {
            0..=2 => Ok(()),
            8..=10 if self.fin && self.len <= 125 => Ok(()),
            8..=10 => Err(Violation::Control),
            _ => Err(Violation::Opcode),
        }
    }
}

/// Appends a client's masked frame to `out`. Its payload are the `parts`, one after the other.
pub fn write(out: &mut Vec<u8>, opcode: u8, mask: [u8; 4], parts: &[&[u8]]) {
    let len: usize = parts.iter().map(|part| part.len()).sum();
    out.push(0x80 | opcode);
    match len {
        0..126 => out.push(0x80 | len as u8),
        126..65_536 => {
            out.push(0x80 | 126);
            out.extend((len as u16).to_be_bytes());
        }
        _ => {
            out.push(0x80 | 127);
            out.extend((len as u64).to_be_bytes());
        }
    }
    out.extend(mask);
    let begin = out.len();
    for part in parts {
        out.extend_from_slice(part);
    }
    let mut chunks = out[begin..].chunks_exact_mut(4);
    for chunk in &mut chunks {
        for (byte, key) in chunk.iter_mut().zip(mask) {
            *byte ^= key;
        }
    }
    for (byte, key) in chunks.into_remainder().iter_mut().zip(mask) {
        *byte ^= key;
    }
}

/// Returns the code in a Close frame's payload; 1005 if it has none (§7.1.5).
pub fn close_code(payload: &[u8]) -> u16 {
    match payload {
        [high, low, ..] => u16::from_be_bytes([*high, *low]),
        _ => 1005,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn head_needs_all_its_bytes() {
        let long = [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0];
        for cut in 0..long.len() {
            assert_eq!(Head::parse(&long[..cut]), Ok(None), "{cut}");
        }
        let head = Head::parse(&long).unwrap().unwrap();
        assert_eq!((head.len, head.head_len), (65_536, 10));
        let head = Head::parse(&[0x81, 126, 1, 0]).unwrap().unwrap();
        assert_eq!((head.len, head.head_len), (256, 4));
        let head = Head::parse(&[0x02, 5]).unwrap().unwrap();
        assert_eq!(
            (head.opcode, head.fin, head.len),
            (opcode::BINARY, false, 5)
        );
    }

    #[test]
    fn frame_that_breaks_a_rule_is_refused_with_that_rule() {
        let table: [(&[u8], Violation); 7] = [
            (&[0x81, 0x85], Violation::Masked),
            (&[0xc1, 5], Violation::Reserved),
            (&[0x83, 5], Violation::Opcode),
            (&[0x08, 2], Violation::Control),
            (&[0x88, 126, 0, 126], Violation::Control),
            (&[0x81, 127, 0, 0, 0, 0, 4, 0, 0, 1], Violation::TooLong),
            (&[0x81, 127, 255, 0, 0, 0, 0, 0, 0, 1], Violation::TooLong),
        ];
        for (bytes, violation) in table {
            assert_eq!(Head::parse(bytes), Err(violation), "{bytes:?}");
        }
    }

    #[test]
    fn masked_frame_is_that_of_the_rfc() {
        let mut out = Vec::new();
        write(
            &mut out,
            opcode::TEXT,
            [0x37, 0xfa, 0x21, 0x3d],
            &[b"Hel", b"lo"],
        );
        let rfc = [
            0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58,
        ];
        assert_eq!(out, rfc);
    }
}
