//! WebSocket frames: a client's, with any mistake that a test wants, and those of a server.

use serde_json::Value;

pub const CONTINUATION: u8 = 0;
pub const TEXT: u8 = 1;
pub const BINARY: u8 = 2;
pub const CLOSE: u8 = 8;
pub const PING: u8 = 9;
pub const PONG: u8 = 10;

/// Returns a masked frame with `fin` set, as clients send it.
pub fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    raw_frame(0x80 | opcode, payload)
}

/// Returns a masked frame without `fin`.
pub fn fragment(opcode: u8, payload: &[u8]) -> Vec<u8> {
    raw_frame(opcode, payload)
}

/// Returns a masked frame with the whole first byte given, and the shortest form of its length.
pub fn raw_frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x37, 0xfa, 0x21, 0x3d];
    let mut bytes = vec![first];
    match payload.len() {
        len @ 0..126 => bytes.push(0x80 | len as u8),
        len @ 126..65536 => {
            bytes.push(0x80 | 126);
            bytes.extend((len as u16).to_be_bytes());
        }
        len => {
            bytes.push(0x80 | 127);
            bytes.extend((len as u64).to_be_bytes());
        }
    }
    bytes.extend(mask);
    bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(b, m)| b ^ m));
    bytes
}

/// Returns the payload of a Close frame.
pub fn close_payload(code: u16, reason: &[u8]) -> Vec<u8> {
    [&code.to_be_bytes(), reason].concat()
}

/// A frame of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    pub opcode: u8,
    pub payload: Vec<u8>,
}

impl Frame {
    pub fn text(&self) -> &str {
        assert_eq!(self.opcode, TEXT, "a text frame: {self:?}");
        std::str::from_utf8(&self.payload).expect("text frames are UTF-8")
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(self.text()).expect("text frames are JSON")
    }

    /// Returns the code of a Close frame; 1005 if it has none.
    pub fn close_code(&self) -> u16 {
        assert_eq!(self.opcode, CLOSE, "a Close frame: {self:?}");
        match self.payload[..] {
            [] => 1005,
            [high, low, ..] => u16::from_be_bytes([high, low]),
            [_] => panic!("a Close frame of one byte"),
        }
    }
}
