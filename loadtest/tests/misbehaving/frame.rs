//! The frames of a misbehaving server, and texts that differ from the published ones.

use std::io::Write;
use std::net::TcpStream;

const CONTINUATION: u8 = 0;
pub const TEXT: u8 = 1;
pub const CLOSE: u8 = 8;
pub const PING: u8 = 9;
pub const PONG: u8 = 10;
pub const FIN: u8 = 0x80;

/// Writes bytes. An error is ignored, because the thread that reads from the client notices its
/// end.
pub fn write(mut stream: &TcpStream, bytes: &[u8]) {
    let _ = stream.write_all(bytes);
}

pub fn sealed(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        short @ 0..126 => frame.push(short as u8),
        long @ 126..=0xffff => {
            frame.push(126);
            frame.extend((long as u16).to_be_bytes());
        }
        longer => {
            frame.push(127);
            frame.extend((longer as u64).to_be_bytes());
        }
    }
    frame.extend(payload);
    frame
}

pub fn fragments(text: &[u8]) -> Vec<u8> {
    let (first, rest) = text.split_at(text.len() / 3);
    let (second, third) = rest.split_at(rest.len() / 2);
    [
        sealed(TEXT, first),
        sealed(FIN | PING, b"still there?"),
        sealed(CONTINUATION, second),
        sealed(FIN | PING, b""),
        sealed(FIN | CONTINUATION, third),
    ]
    .concat()
}

/// Returns the text with another last letter, before the quote and the brackets at its end.
pub fn altered(text: &str) -> String {
    let end = text.len() - r#""}]"#.len();
    let other = if text[..end].ends_with('a') { 'b' } else { 'a' };
    format!("{}{other}{}", &text[..end - 1], &text[end..])
}

/// Returns the text with another hexadecimal digit at `place` of its body.
pub fn garbled(text: &str, place: usize) -> String {
    const BODY: &str = r#""body":""#;
    let at = text.find(BODY).map(|begin| begin + BODY.len() + place);
    let at = at.expect("the default payload");
    let digit = char::from(text.as_bytes()[at]).to_digit(16);
    let other = digit.expect("a digit of the tag") ^ 1;
    format!("{}{other:x}{}", &text[..at], &text[at + 1..])
}
