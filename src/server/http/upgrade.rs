//! Checking that a request is a WebSocket opening handshake (RFC 6455, 4.2.1), and its 101.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{
    CONNECTION, CONTENT_LENGTH, HOST, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, TRANSFER_ENCODING,
    UPGRADE,
};
use hyper::http::request;
use hyper::{HeaderMap, Request, Response, Version};

use super::response::HttpResponse;
use crate::server::admission::refusal::NotAnUpgrade;
use http_body_util::Full;

/// Returns the 101 for `head`, or the rule that `head` breaks.
pub(crate) fn accept(head: &request::Parts) -> Result<HttpResponse, NotAnUpgrade> {
    check(head)?;
    // fastwebsockets computes the accept key from a whole request, but needs only these two
    // headers.
    let mut request = Request::new(());
    for name in [SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION] {
        if let Some(value) = head.headers.get(&name) {
            request.headers_mut().insert(name, value.clone());
        }
    }
    let (response, _upgrade) =
        fastwebsockets::upgrade::upgrade(&mut request).map_err(|_| NotAnUpgrade::Key)?;
    let (head, _empty) = response.into_parts();
    Ok(Response::from_parts(head, Full::default()))
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
fn lists(headers: &HeaderMap, name: hyper::header::HeaderName, token: &str) -> bool {
    let lines = headers
        .get_all(name)
        .into_iter()
        .filter_map(|line| line.to_str().ok());
    let mut items = lines.flat_map(|line| line.split(','));
    items.any(|item| item.trim().eq_ignore_ascii_case(token))
}

fn has_key(headers: &HeaderMap) -> bool {
    let mut nonce = [0; 18]; // a valid key decodes to 16 bytes; 24 characters can hold 18
    let key = headers.get(SEC_WEBSOCKET_KEY).map(|key| key.as_bytes());
    key.is_some_and(|key| STANDARD.decode_slice(key, &mut nonce) == Ok(16))
}

fn has_version(headers: &HeaderMap) -> bool {
    headers
        .get(SEC_WEBSOCKET_VERSION)
        .is_some_and(|version| version == "13")
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
        let response = accept(&head("host", Some("h"))).unwrap();
        assert_eq!(response.status(), 101);
        let header = |name: &str| response.headers().get(name).unwrap().to_str().unwrap();
        assert_eq!(
            header("sec-websocket-accept"),
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        );
        assert_eq!(header("upgrade"), "websocket");
        assert_eq!(header("connection"), "upgrade");
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
            (
                "sec-websocket-key",
                Some("dGhlIHNhbXBsZSBub25jZQ"),
                Err(Key),
            ),
            ("sec-websocket-key", Some("c2hvcnQ="), Err(Key)),
            (
                "sec-websocket-key",
                Some("dGhlIHNhbXBsZSBub25jZTE3"),
                Err(Key),
            ),
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
