//! The decision about one request to a socket's path: Phoenix's checks in Phoenix's order.

use std::future::{Future, poll_fn};
use std::net::{IpAddr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use hyper::header::{
    HeaderValue, ORIGIN, RETRY_AFTER, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION,
};
use hyper::http::request;
use hyper::{Method, StatusCode};
use thiserror::Error;

use super::response::{HttpResponse, empty, text};
use super::subprotocol;
use super::upgrade as upgrade_request;
use super::upgrade::NotAnUpgrade;
use crate::channel::{
    Assigns, ConnectAccepted, ConnectInfo, Matched, Params, QueryError, UserSocket, Value,
    request_host,
};
use crate::protocol::Version;

/// What clients of an address that has too many connections are told, in seconds. A browser's WebSocket does not hear it.
const RETRY_AFTER_S: &str = "10";

/// A socket that is let in: all that is known of it when its connection begins.
#[derive(Debug)]
pub struct Accepted {
    /// The mount: its channels and limits.
    pub socket: Arc<UserSocket>,
    /// What the client speaks.
    pub version: Version,
    /// What the connect callback assigned; every channel starts with a copy.
    pub assigns: Assigns,
    /// The name under which the socket can be disconnected from outside.
    pub socket_id: Option<String>,
}

/// Why a request to a socket's path got no 101, in the order in which it is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// No answer at all: the connection is from a trusted proxy that was to send a PROXY header, and did not.
    #[error("a trusted proxy sent no PROXY header of version 2")]
    ProxyHeader,
    /// 429, empty, with `retry-after`, a second after the connection came, or after the request if a proxy sends it.
    #[error("there are too many connections from this address")]
    Address,
    /// 400, empty.
    #[error("the method is not GET")]
    Method,
    /// 400, or 414 for one that is too long.
    #[error(transparent)]
    Query(QueryError),
    /// 403, empty.
    #[error("the origin is not allowed")]
    Origin,
    /// 400. Phoenix answers 500; it is the client's fault.
    #[error("the auth token in 'sec-websocket-protocol' is no Base64 of UTF-8 text")]
    AuthToken,
    /// 403, empty.
    #[error("no offered subprotocol is accepted")]
    Subprotocol,
    /// 403, empty.
    #[error("the vsn parameter names no version that is spoken here")]
    Version,
    /// The app said no: the status it chose, 403 if it chose none; empty.
    #[error("the app refused the connection with {0}")]
    App(StatusCode),
    /// 500, empty.
    #[error("the connect callback panicked")]
    AppPanicked,
    /// 503, empty: `HttpLimits::connect_timeout_ms` passed.
    #[error("the connect callback took too long")]
    AppTooSlow,
    /// 400. Last, so that a plain GET that is refused for another reason hears that one.
    #[error(transparent)]
    Request(NotAnUpgrade),
}

/// Walks all the checks, and returns the answer to send. The socket is `Accepted` once a 101 was sent.
///
/// What it waits for is the app alone, at most `app_timeout`.
pub(crate) async fn handshake(
    mount: &Matched<'_, '_>,
    head: request::Parts,
    from: Whence,
    app_timeout: Duration,
) -> Result<(Accepted, HttpResponse), Refusal> {
    let asked = check(mount, head, from)?;
    let socket = mount.socket;
    let app = ask_app(socket, &asked.params, &asked.info, app_timeout).await?;
    let mut response = upgrade_request::accept(&asked.info.head).map_err(Refusal::Request)?;
    if let Some(subprotocol) = asked.subprotocol {
        response
            .headers_mut()
            .insert(SEC_WEBSOCKET_PROTOCOL, subprotocol);
    }
    let ConnectAccepted { id, assigns } = app;
    let socket = Arc::clone(socket);
    let accepted = Accepted {
        socket,
        version: asked.version,
        assigns,
        socket_id: id,
    };
    Ok((accepted, response))
}

/// Where a request comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Whence {
    /// The other end of the connection.
    pub peer: SocketAddr,
    /// The client, as far as proxies are believed.
    pub client: IpAddr,
}

/// What the checks before the app's own found out.
struct Asked {
    params: Params,
    info: ConnectInfo,
    subprotocol: Option<HeaderValue>,
    version: Version,
}

/// Everything that is checked before the app is asked.
fn check(
    mount: &Matched<'_, '_>,
    mut head: request::Parts,
    from: Whence,
) -> Result<Asked, Refusal> {
    if head.method != Method::GET {
        return Err(Refusal::Method);
    }
    let socket = mount.socket;
    let query = head.uri.query().unwrap_or_default();
    let params = mount.params(query).map_err(Refusal::Query)?;
    let origin = head.headers.get(ORIGIN).map(HeaderValue::as_bytes);
    if !socket
        .check_origin
        .allows(origin, request_host(&head.headers))
    {
        return Err(Refusal::Origin);
    }
    let mut auth_token = None;
    if socket.auth_token {
        auth_token = subprotocol::take_auth_token(&mut head.headers)
            .map_err(|subprotocol::BadToken| Refusal::AuthToken)?;
    }
    let names = socket.subprotocols.as_deref();
    let subprotocol = subprotocol::choose(names, socket.auth_token, &head.headers)
        .map_err(|subprotocol::NothingInCommon| Refusal::Subprotocol)?;
    let version = version(&params).ok_or(Refusal::Version)?;
    let custom = Arc::clone(&socket.connect_info);
    let info = ConnectInfo {
        peer: from.peer,
        client: from.client,
        head,
        auth_token,
        custom,
    };
    Ok(Asked {
        params,
        info,
        subprotocol,
        version,
    })
}

/// No `vsn` means the oldest; one that is a list or a map means none.
fn version(params: &Params) -> Option<Version> {
    match params.value("vsn") {
        None => Version::negotiate(None),
        Some(Value::Text(vsn)) => Version::negotiate(Some(vsn)),
        Some(_) => None,
    }
}

/// Runs the app's callback, and waits for what it promised for later.
async fn ask_app(
    socket: &UserSocket,
    params: &Params,
    info: &ConnectInfo,
    timeout: Duration,
) -> Result<ConnectAccepted, Refusal> {
    let answer = AssertUnwindSafe(|| (socket.connect)(params, info));
    let answer = catch_unwind(answer).map_err(|_| Refusal::AppPanicked)?;
    match tokio::time::timeout(timeout, unless_panicking(answer.settle())).await {
        Ok(Some(Ok(accepted))) => Ok(accepted),
        Ok(Some(Err(status))) => Err(Refusal::App(status)),
        Ok(None) => Err(Refusal::AppPanicked),
        Err(_elapsed) => Err(Refusal::AppTooSlow),
    }
}

/// The output of `future`; None if it panics. It is not polled again then.
async fn unless_panicking<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let poll = |context: &mut std::task::Context<'_>| {
        let poll = AssertUnwindSafe(|| future.as_mut().poll(context));
        catch_unwind(poll).map_or(Poll::Ready(None), |poll| poll.map(Some))
    };
    poll_fn(poll).await
}

impl Refusal {
    /// All that [`name`](Refusal::name) can be.
    pub const NAMES: [&'static str; 12] = [
        "proxy_header",
        "address",
        "method",
        "query",
        "origin",
        "auth_token",
        "subprotocol",
        "version",
        "app",
        "app_panicked",
        "app_too_slow",
        "no_upgrade",
    ];

    /// A stable word for metric labels.
    pub const fn name(&self) -> &'static str {
        match self {
            Refusal::ProxyHeader => "proxy_header",
            Refusal::Address => "address",
            Refusal::Method => "method",
            Refusal::Query(_) => "query",
            Refusal::Origin => "origin",
            Refusal::AuthToken => "auth_token",
            Refusal::Subprotocol => "subprotocol",
            Refusal::Version => "version",
            Refusal::App(_) => "app",
            Refusal::AppPanicked => "app_panicked",
            Refusal::AppTooSlow => "app_too_slow",
            Refusal::Request(_) => "no_upgrade",
        }
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        match self {
            Refusal::Query(QueryError::TooLong) => StatusCode::URI_TOO_LONG,
            Refusal::ProxyHeader | Refusal::Method | Refusal::Query(_) => StatusCode::BAD_REQUEST,
            Refusal::AuthToken | Refusal::Request(_) => StatusCode::BAD_REQUEST,
            Refusal::Origin | Refusal::Subprotocol | Refusal::Version => StatusCode::FORBIDDEN,
            Refusal::App(status) => *status,
            Refusal::Address => StatusCode::TOO_MANY_REQUESTS,
            Refusal::AppPanicked => StatusCode::INTERNAL_SERVER_ERROR,
            Refusal::AppTooSlow => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The answer: with its reason where the client made a mistake it can mend, else empty, as in Phoenix.
    pub(crate) fn response(&self) -> HttpResponse {
        let explained = matches!(
            self,
            Refusal::Query(_) | Refusal::AuthToken | Refusal::Request(_)
        );
        let mut response = match explained {
            true => text(self.status(), format!("{self}\n")),
            false => empty(self.status()),
        };
        if *self == Refusal::Request(NotAnUpgrade::WebSocketVersion) {
            // RFC 6455, 4.4: tell which version would have done.
            let version = HeaderValue::from_static("13");
            response
                .headers_mut()
                .insert(SEC_WEBSOCKET_VERSION, version);
        }
        if *self == Refusal::Address {
            let later = HeaderValue::from_static(RETRY_AFTER_S);
            response.headers_mut().insert(RETRY_AFTER, later);
        }
        response
    }
}

#[cfg(test)]
mod tests;
