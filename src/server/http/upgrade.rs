//! Checking that a request is a WebSocket opening handshake (RFC 6455, 4.2.1), and its 101.

use hyper::header::{
    CONNECTION, CONTENT_LENGTH, HOST, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT,
    SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, TRANSFER_ENCODING, UPGRADE,
};
use hyper::http::request;
use hyper::{HeaderMap, Request, Version};

use crate::server::admission::refusal::NotAnUpgrade;

/// The answer that opens a WebSocket.
///
/// It is spelt as RFC 6455 prints it. Names of headers have no case (RFC 9110, 5.1), but clients of
/// microcontrollers and game engines look for these letters, and they cannot be changed.
#[derive(Clone, Debug)]
pub(crate) struct UpgradeAnswer {
    /// The value of `Sec-WebSocket-Accept`.
    pub accept: HeaderValue,
    pub subprotocol: Option<HeaderValue>,
}

impl UpgradeAnswer {
    /// Returns the answer as it is sent.
    pub fn to_bytes(&self) -> Vec<u8> {
        let before = b"HTTP/1.1 101 Switching Protocols\r\n\
            Upgrade: websocket\r\n\
            Connection: Upgrade\r\n\
            Sec-WebSocket-Accept: ";
        let mut bytes = [&before[..], self.accept.as_bytes()].concat();
        if let Some(subprotocol) = &self.subprotocol {
            bytes.extend_from_slice(b"\r\nSec-WebSocket-Protocol: ");
            bytes.extend_from_slice(subprotocol.as_bytes());
        }
        bytes.extend_from_slice(b"\r\n\r\n");
        bytes
    }
}

/// Returns the 101 for `head`, without a subprotocol, or the rule that `head` breaks.
pub(crate) fn accept(head: &request::Parts) -> Result<UpgradeAnswer, NotAnUpgrade> {
    check(head)?;
    // fastwebsockets computes the accept key from a whole request, but needs only these two
    // headers.
    let mut request = Request::new(());
    for name in [SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION] {
        if let Some(value) = head.headers.get(&name) {
            request.headers_mut().insert(name, value.clone());
        }
    }
    let (mut response, _upgrade) =
        fastwebsockets::upgrade::upgrade(&mut request).map_err(|_| NotAnUpgrade::Key)?;
    let accept = response.headers_mut().remove(SEC_WEBSOCKET_ACCEPT);
    Ok(UpgradeAnswer {
        accept: accept.ok_or(NotAnUpgrade::Key)?,
        subprotocol: None,
    })
}

/// True if the request asks for a WebSocket, whether it breaks a rule of the upgrade or not.
pub(crate) fn asks_upgrade(headers: &HeaderMap) -> bool {
    lists(headers, UPGRADE, "websocket")
}

/// True if the head announces a body.
pub(crate) fn has_body(headers: &HeaderMap) -> bool {
    let length = headers.get(CONTENT_LENGTH);
    headers.contains_key(TRANSFER_ENCODING) || length.is_some_and(|length| length != "0")
}

fn check(head: &request::Parts) -> Result<(), NotAnUpgrade> {
    let headers = &head.headers;
    let rules = [
        (head.version == Version::HTTP_11, NotAnUpgrade::HttpVersion),
        (
            headers.get(HOST).is_some_and(|host| !host.is_empty()),
            NotAnUpgrade::Host,
        ),
        (
            lists(headers, CONNECTION, "upgrade"),
            NotAnUpgrade::Connection,
        ),
        (lists(headers, UPGRADE, "websocket"), NotAnUpgrade::Upgrade),
        (has_key(headers), NotAnUpgrade::Key),
        (has_version(headers), NotAnUpgrade::WebSocketVersion),
        (!has_body(headers), NotAnUpgrade::Body),
    ];
    let broken = rules.into_iter().find(|(holds, _)| !holds);
    broken.map_or(Ok(()), |(_, rule)| Err(rule))
}

/// True if `token` is an item of the comma-separated header `name`, in any case and on any line.
fn lists(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    let lines = headers
        .get_all(name)
        .into_iter()
        .filter_map(|line| line.to_str().ok());
    let mut items = lines.flat_map(|line| line.split(','));
    items.any(|item| item.trim().eq_ignore_ascii_case(token))
}

/// True if there is one key, whatever it is. RFC 6455, 4.2.1 wants 16 bytes in Base64, and its own
/// example in 4.1 has pad bits that are not zero. The key proves nothing but that the answer is of
/// this request, so any text is as good, and Phoenix takes any.
fn has_key(headers: &HeaderMap) -> bool {
    only(headers, SEC_WEBSOCKET_KEY).is_some_and(|key| !key.is_empty())
}

fn has_version(headers: &HeaderMap) -> bool {
    only(headers, SEC_WEBSOCKET_VERSION).is_some_and(|version| version == "13")
}

/// Returns the value of a header that may stand once in a request (RFC 6455, 11.3). `None` if it
/// stands twice.
fn only(headers: &HeaderMap, name: HeaderName) -> Option<&HeaderValue> {
    let mut lines = headers.get_all(name).into_iter();
    lines.next().filter(|_| lines.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

    /// Returns a good upgrade request, but with `value` in the header `name`, or without that
    /// header if `value` is `None`.
    fn head(name: &str, value: Option<&str>) -> request::Parts {
        let mut headers = vec![
            ("host", "h"),
            ("connection", "Upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-key", KEY),
            ("sec-websocket-version", "13"),
        ];
        headers.retain(|(other, _)| *other != name);
        headers.extend(value.map(|value| (name, value)));
        let mut request = Request::get("/socket/websocket");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn good_request_is_answered_with_its_accept_key() {
        let mut answer = accept(&head("host", Some("h"))).unwrap();
        let expected = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
            Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
        assert_eq!(answer.to_bytes(), format!("{expected}\r\n").as_bytes());
        answer.subprotocol = Some(HeaderValue::from_static("phoenix"));
        let expected = format!("{expected}Sec-WebSocket-Protocol: phoenix\r\n\r\n");
        assert_eq!(answer.to_bytes(), expected.as_bytes());
    }

    #[test]
    fn header_that_may_stand_once_is_refused_twice() {
        use NotAnUpgrade::*;
        for (name, value, rule) in [
            ("sec-websocket-key", KEY, Key),
            ("sec-websocket-version", "13", WebSocketVersion),
        ] {
            let mut head = head("host", Some("h"));
            head.headers.append(name, value.parse().unwrap());
            assert_eq!(accept(&head).map(drop), Err(rule));
        }
    }

    #[test]
    fn missing_or_wrong_header_is_named() {
        use NotAnUpgrade::*;
        let table: [(&str, Option<&str>, Result<(), NotAnUpgrade>); 20] = [
            ("connection", Some("keep-alive, Upgrade"), Ok(())),
            ("connection", Some("keep-alive"), Err(Connection)),
            ("connection", Some("upgrades"), Err(Connection)),
            ("connection", None, Err(Connection)),
            ("upgrade", Some("WebSocket"), Ok(())),
            ("upgrade", Some("h2c, websocket"), Ok(())),
            ("upgrade", Some("h2c"), Err(Upgrade)),
            ("upgrade", None, Err(Upgrade)),
            ("sec-websocket-key", None, Err(Key)),
            ("sec-websocket-key", Some(""), Err(Key)),
            // RFC 6455's own example has pad bits that are not zero.
            (
                "sec-websocket-key",
                Some("AQIDBAUGBwgJCgsMDQ4PEC=="),
                Ok(()),
            ),
            ("sec-websocket-key", Some("c2hvcnQ="), Ok(())),
            ("sec-websocket-key", Some("no Base64"), Ok(())),
            ("sec-websocket-version", Some("8"), Err(WebSocketVersion)),
            ("sec-websocket-version", None, Err(WebSocketVersion)),
            ("host", None, Err(Host)),
            ("host", Some(""), Err(Host)),
            ("content-length", Some("5"), Err(Body)),
            ("content-length", Some("0"), Ok(())),
            ("transfer-encoding", Some("chunked"), Err(Body)),
        ];
        for (name, value, expected) in table {
            assert_eq!(
                accept(&head(name, value)).map(drop),
                expected,
                "{name}: {value:?}"
            );
        }
    }

    #[test]
    fn http_1_0_has_no_upgrade() {
        let mut head = head("host", Some("h"));
        head.version = Version::HTTP_10;
        assert_eq!(accept(&head).map(drop), Err(NotAnUpgrade::HttpVersion));
    }
}
