//! Answers over HTTP, and the headers that all answers have.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER,
    SEC_WEBSOCKET_VERSION, WWW_AUTHENTICATE,
};
use hyper::{Response, StatusCode};

use crate::credentials::TokenRefusal;
use crate::server::admission::refusal::{NotAnUpgrade, Refusal};

/// An answer of lobbyd, with its whole body in memory.
pub type HttpResponse = Response<Full<Bytes>>;

/// Rules for browsers, in every answer that lobbyd makes but the 101 (hyper's own 400, 414 and 431
/// have none): keep to the stated content types, load nothing from elsewhere, connect only to this
/// server and to WebSockets. Not all browsers count WebSockets as `'self'`.
const SECURITY_HEADERS: [(&str, &str); 2] = [
    ("x-content-type-options", "nosniff"),
    (
        "content-security-policy",
        "default-src 'self'; connect-src 'self' ws: wss:",
    ),
];

/// Returns an answer without a body.
pub(crate) fn empty(status: StatusCode) -> HttpResponse {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    add_security_headers(&mut response);
    response
}

/// Returns an answer with a body of the given content type.
pub(crate) fn with_body(
    status: StatusCode,
    content_type: &'static str,
    body: Bytes,
) -> HttpResponse {
    let mut response = empty(status);
    *response.body_mut() = Full::new(body);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// Returns a short text that is not to be cached, because it is true at this moment alone.
pub(crate) fn text(status: StatusCode, body: impl Into<String>) -> HttpResponse {
    let body = Bytes::from(body.into());
    let mut response = with_body(status, "text/plain; charset=utf-8", body);
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Returns a 404.
pub(crate) fn not_found() -> HttpResponse {
    text(
        StatusCode::NOT_FOUND,
        "404: there is nothing at this path\n",
    )
}

/// Returns a 400, for a request that does not say whose host it is for (RFC 9112, 3.2).
pub(crate) fn no_one_host() -> HttpResponse {
    let refusal = Refusal::Request(NotAnUpgrade::Host);
    text(refusal.status(), format!("{refusal}\n"))
}

/// Returns a 405, for a resource that can only be read.
pub(crate) fn method_not_allowed() -> HttpResponse {
    let reason = "405: this path takes GET and HEAD\n";
    let mut response = text(StatusCode::METHOD_NOT_ALLOWED, reason);
    response
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    response
}

fn add_security_headers(response: &mut HttpResponse) {
    for (name, value) in SECURITY_HEADERS {
        let name = HeaderName::from_static(name);
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
}

/// The `retry-after` for an address that has too many connections, in seconds. A browser's
/// WebSocket does not see it.
const RETRY_AFTER_S: &str = "10";

/// The `retry-after` while an issuer's keys cannot be had, in seconds: as long as the longest wait
/// before the keys are asked for again.
const KEYS_RETRY_AFTER_S: &str = "60";

/// Returns the answer to a request that was refused. It has the reason if the client can mend its
/// mistake; otherwise it is empty, as in Phoenix.
pub(crate) fn refused(refusal: &Refusal) -> HttpResponse {
    let explained = matches!(
        refusal,
        Refusal::Query(_) | Refusal::AuthToken | Refusal::Request(_)
    );
    let mut response = match explained {
        true => text(refusal.status(), format!("{refusal}\n")),
        false => empty(refusal.status()),
    };
    if *refusal == Refusal::Request(NotAnUpgrade::WebSocketVersion) {
        // RFC 6455, 4.4: name the version that the server accepts.
        let version = HeaderValue::from_static("13");
        response
            .headers_mut()
            .insert(SEC_WEBSOCKET_VERSION, version);
    }
    if let Refusal::Token(why) = refusal {
        return token_refused(*why);
    }
    if *refusal == Refusal::Address {
        let later = HeaderValue::from_static(RETRY_AFTER_S);
        response.headers_mut().insert(RETRY_AFTER, later);
    }
    response
}

/// Returns the answer to a connect whose token is not taken, or which has none: words and a code
/// for whoever can read them. A browser's WebSocket cannot.
fn token_refused(why: TokenRefusal) -> HttpResponse {
    let status = StatusCode::from_u16(why.status()).unwrap_or(StatusCode::UNAUTHORIZED);
    let body = serde_json::json!({"reason": why.to_string(), "code": why.code()});
    let mut response = with_body(status, "application/json", body.to_string().into());
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    match (status, why) {
        // RFC 6750, 3.1: no error code for a request without a token.
        (StatusCode::UNAUTHORIZED, TokenRefusal::Missing) => {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        (StatusCode::UNAUTHORIZED, _) => {
            let error = HeaderValue::from_static("Bearer error=\"invalid_token\"");
            headers.insert(WWW_AUTHENTICATE, error);
        }
        (StatusCode::SERVICE_UNAVAILABLE, _) => {
            headers.insert(RETRY_AFTER, HeaderValue::from_static(KEYS_RETRY_AFTER_S));
        }
        _ => {}
    }
    response
}
