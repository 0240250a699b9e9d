//! The request of an upgrade to WebSocket, and the parsing of its answer.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha1::{Digest, Sha1};

use super::phoenix::reason_with_code;
use crate::load::template::Template;

/// The server's answer to an upgrade request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The answer is incomplete.
    Incomplete,
    /// The answer is 101. The number is its length in bytes, up to the first frame.
    Upgraded(usize),
    /// The answer is anything else: its status, if it is HTTP, and what it is in words.
    Refused(Option<u16>, String),
}

/// Most bytes that are read of an answer's head without its end, before it is refused.
const HEAD_BYTES_MAX: usize = 16 << 10;

/// True if a line is a Host header.
pub fn is_host(line: &[u8]) -> bool {
    let name = line.split(|byte| *byte == b':').next();
    name.is_some_and(|name| name.eq_ignore_ascii_case(b"host"))
}

/// Returns the request. `target` is path and query, `headers` are lines without their ends. A Host
/// among them takes the place of `host`.
pub fn request(host: &str, target: &Template, key: &str, headers: &[Template]) -> Template {
    let host = match headers.iter().any(|line| is_host(line.beginning())) {
        true => String::new(),
        false => format!("Host: {host}\r\n"),
    };
    let own = format!(
        " HTTP/1.1\r\n{host}Connection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
    );
    let request = Template::text("GET ").then(target.clone());
    let mut request = request.then(Template::text(&own));
    for header in headers {
        request = request.then(header.clone()).then(Template::text("\r\n"));
    }
    request.then(Template::text("\r\n"))
}

/// Returns a random key as in RFC 6455 §4.1.
pub fn key(random: &mut fastrand::Rng) -> String {
    let bytes: [u8; 16] = [(); 16].map(|()| random.u8(..));
    BASE64_STANDARD.encode(bytes)
}

/// Returns the accept key that proves a server has understood `key` (RFC 6455 §4.2.2).
pub fn accept(key: &str) -> String {
    let mut sha = Sha1::new();
    sha.update(key.as_bytes());
    sha.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    BASE64_STANDARD.encode(sha.finalize())
}

/// Parses an answer. `bytes` is all that has arrived so far, `accept` is the accept key to expect.
pub fn answer(bytes: &[u8], accept: &str) -> Answer {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut headers);
    let head_len = match response.parse(bytes) {
        Ok(httparse::Status::Complete(len)) => len,
        Ok(httparse::Status::Partial) if bytes.len() <= HEAD_BYTES_MAX => {
            return Answer::Incomplete;
        }
        Ok(httparse::Status::Partial) => {
            return Answer::Refused(None, "an HTTP head without an end".to_owned());
        }
        Err(_) => return Answer::Refused(None, "an answer that is not HTTP".to_owned()),
    };
    let code = response.code.unwrap_or_default();
    if code != 101 {
        let reason = response.reason.unwrap_or_default();
        let mut words = format!("HTTP {code} {reason}").trim_end().to_owned();
        // A body that arrives apart from its head is not waited for.
        let body = serde_json::from_slice(&bytes[head_len..]).ok();
        if let Some(reason) = body.and_then(|body| reason_with_code(&body)) {
            words = format!("{words}: {reason}");
        }
        return Answer::Refused(Some(code), words);
    }
    let accepted = response
        .headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("sec-websocket-accept"));
    match accepted {
        Some(header) if header.value == accept.as_bytes() => Answer::Upgraded(head_len),
        _ => Answer::Refused(
            Some(101),
            "HTTP 101 with a wrong Sec-WebSocket-Accept".to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::columns::Columns;

    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
    const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

    #[test]
    fn accept_key_is_that_of_the_rfc() {
        assert_eq!(accept(KEY), ACCEPT);
    }

    #[test]
    fn host_that_was_given_takes_the_place_of_that_of_the_url() {
        let ask = |headers: &[&str]| {
            let headers: Vec<Template> = headers.iter().map(|line| Template::text(line)).collect();
            let request = request("url:1", &Template::text("/s"), KEY, &headers);
            request.written(&Columns::default(), 0, 0)
        };
        let of_host = |line: &&str| is_host(line.as_bytes());
        let hosts = |text: &str| text.lines().filter(of_host).count();
        assert!(ask(&["Origin: x"]).contains("\r\nHost: url:1\r\n"));
        for typed in ["Host: chat.example", "hOST:chat.example"] {
            let asked = ask(&[typed]);
            assert!(asked.contains(&format!("\r\n{typed}\r\n")), "{asked}");
            assert_eq!(hosts(&asked), 1, "{asked}");
        }
    }

    #[test]
    fn answer_counts_only_when_complete_and_with_the_right_accept_key() {
        let good =
            format!("HTTP/1.1 101 Switching Protocols\r\nsec-websocket-accept: {ACCEPT}\r\n\r\n");
        for cut in 0..good.len() {
            assert_eq!(answer(&good.as_bytes()[..cut], ACCEPT), Answer::Incomplete);
        }
        let with_frame = [good.as_bytes(), &[0x81, 0]].concat();
        assert_eq!(answer(&with_frame, ACCEPT), Answer::Upgraded(good.len()));
        let refused = |text: &str| match answer(text.as_bytes(), ACCEPT) {
            Answer::Refused(_, why) => why,
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(
            refused("HTTP/1.1 403 Forbidden\r\n\r\n"),
            "HTTP 403 Forbidden"
        );
        let with_code = "HTTP/1.1 401 Unauthorized\r\ncontent-length: 2\r\n\r\n\
            {\"reason\":\"token signature\",\"code\":\"token_signature\"}";
        assert_eq!(
            refused(with_code),
            "HTTP 401 Unauthorized: token signature (token_signature)"
        );
        assert_eq!(refused("SSH-2.0-OpenSSH\r\n"), "an answer that is not HTTP");
        assert!(refused("HTTP/1.1 101 x\r\n\r\n").contains("Accept"));
        assert!(
            refused(&format!("HTTP/1.1 200 OK\r\nx: {}", "y".repeat(20_000)))
                .contains("without an end")
        );
    }
}
