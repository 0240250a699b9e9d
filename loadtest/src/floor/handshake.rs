//! An upgrade request in, the canned answer with its accept key out.
//!
//! The path and the Host header of a request are ignored.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

/// Most bytes that are read of an upgrade request without its end, before it is refused.
pub(super) const REQUEST_BYTES_MAX: usize = 16 << 10;

/// Most headers of a request: more than browsers send.
const HEADERS_MAX: usize = 64;

/// The constant that is hashed together with the request's key (RFC 6455 §1.3).
const ACCEPT_GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The answer to a request that is no upgrade; the connection ends with this answer.
pub(super) const REFUSAL: &[u8] =
    b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/// The outcome of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Handshake {
    /// The request is incomplete.
    Partial,
    /// The request is an upgrade. `bytes` is its length, `answer` the text to answer it with.
    Upgrade { bytes: usize, answer: String },
    /// The request is no upgrade.
    Refused,
}

/// Parses the bytes of a request that have arrived so far.
pub(super) fn look(bytes: &[u8]) -> Handshake {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(bytes) {
        Ok(httparse::Status::Partial) if bytes.len() < REQUEST_BYTES_MAX => Handshake::Partial,
        Ok(httparse::Status::Complete(bytes)) if request.method == Some("GET") => {
            key(request.headers).map_or(Handshake::Refused, |key| Handshake::Upgrade {
                bytes,
                answer: answer(key),
            })
        }
        _ => Handshake::Refused,
    }
}

fn key<'a>(headers: &[httparse::Header<'a>]) -> Option<&'a [u8]> {
    let mut headers = headers.iter();
    let key = headers.find(|header| header.name.eq_ignore_ascii_case("sec-websocket-key"))?;
    Some(key.value)
}

fn answer(key: &[u8]) -> String {
    let hash = Sha1::new().chain_update(key).chain_update(ACCEPT_GUID);
    let accept = STANDARD.encode(hash.finalize());
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Key and accept key are those of RFC 6455 §1.3.
    #[test]
    fn upgrade_is_answered_with_its_keys_hash_and_ends_at_the_empty_line() {
        let request =
            b"GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\
            Connection: Upgrade\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        for cut in [0, 1, request.len() - 1] {
            assert_eq!(look(&request[..cut]), Handshake::Partial);
        }
        let more = [&request[..], b"\x81"].concat();
        let Handshake::Upgrade { bytes, answer } = look(&more) else {
            panic!("not taken for an upgrade");
        };
        assert_eq!(bytes, request.len());
        assert!(answer.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    }

    #[test]
    fn request_that_is_no_upgrade_is_refused() {
        let long = format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(REQUEST_BYTES_MAX));
        let others = [
            "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            "POST / HTTP/1.1\r\nSec-WebSocket-Key: a\r\n\r\n",
            "\x16\x03\x01",
            &long,
        ];
        for request in others {
            assert_eq!(
                look(request.as_bytes()),
                Handshake::Refused,
                "{request:.40}"
            );
        }
    }
}
