//! The request as an app's connect callback sees it, and the answers that the callback may give.

use std::fmt;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use http::{HeaderMap, HeaderValue, StatusCode, request};

use super::assigns::Assigns;
use super::authority::RequestHost;
use crate::credentials::Credentials;

/// The answer of a connect callback.
///
/// [`Connect::ok`] lets the socket in. [`Connect::accept`] lets the socket in with an id or
/// assigns. [`Connect::refuse`] refuses the socket with 403. [`Connect::later`] waits for a future;
/// other connections go on meanwhile.
///
/// ```
/// # use lobbyd::channel::Connect;
/// # #[derive(Clone)] struct UserId(u64);
/// fn connect(user: Option<u64>) -> Connect {
///     match user {
///         Some(user) => {
///             let accept = Connect::accept().id(format!("users:{user}"));
///             accept.assign(UserId(user)).into()
///         }
///         None => Connect::refuse(),
///     }
/// }
/// # connect(None);
/// ```
///
/// Only a socket that is let in has an id and assigns:
///
/// ```compile_fail
/// let _ = lobbyd::Connect::refuse().id("users:1");
/// ```
#[must_use = "a connect callback returns it"]
pub struct Connect(Decision);

enum Decision {
    Accepted(ConnectAccept),
    Refused(StatusCode),
    Later(Pin<Box<dyn Future<Output = Connect>>>),
}

/// A socket that is let in, with its id and assigns. [`Connect::accept`] begins one; `into()` makes
/// it a [`Connect`].
#[derive(Clone, Debug, Default)]
#[must_use = "`into()` makes it the answer of a connect callback"]
pub struct ConnectAccept {
    pub(crate) id: Option<String>,
    pub(crate) assigns: Assigns,
    pub(crate) credentials: Option<Arc<Credentials>>,
}

impl ConnectAccept {
    /// Names the socket, as in `users:1`. All sockets of a name can be closed at once from anywhere
    /// (`Endpoint::disconnect`). A socket without a name cannot be closed by name.
    ///
    /// The name counts from the moment the socket is open, a moment after the client has its 101 at
    /// the latest. A disconnect between this answer and that moment is missed, as in Phoenix. Where
    /// that matters, look again at the first join.
    pub fn id(mut self, id: impl Into<String>) -> ConnectAccept {
        self.id = Some(id.into());
        self
    }

    /// Keeps `value` with the socket: every channel joined on it starts with a copy (see
    /// [`Assigns`]).
    pub fn assign<T: Clone + Send + Sync + 'static>(mut self, value: T) -> ConnectAccept {
        self.assigns.insert(value);
        self
    }
}

impl ConnectAccept {
    /// Gives the client credentials, in place of those of its token. Rooms by rules ask them
    /// (`join = "known"`, `"own"`, `"granted"`), and channels by [`Socket::credentials`]. Default:
    /// those of the token, if the mount checks tokens.
    ///
    /// [`Socket::credentials`]: super::socket::Socket::credentials
    pub fn credentials(mut self, credentials: Credentials) -> ConnectAccept {
        self.credentials = Some(Arc::new(credentials));
        self
    }
}

impl From<ConnectAccept> for Connect {
    fn from(accept: ConnectAccept) -> Connect {
        Connect(Decision::Accepted(accept))
    }
}

impl Connect {
    /// Lets the socket in, with no id and nothing assigned.
    pub fn ok() -> Connect {
        Connect::accept().into()
    }

    /// Lets the socket in with an id or assigns, which the methods of [`ConnectAccept`] set.
    pub fn accept() -> ConnectAccept {
        ConnectAccept::default()
    }

    /// Refuses with 403 and an empty body, Phoenix's `:error`. A browser's WebSocket does not show
    /// the status, so phoenix.js tries again, at longer and longer intervals.
    pub fn refuse() -> Connect {
        Connect::refuse_with(StatusCode::FORBIDDEN)
    }

    /// Refuses with a status of your choice, say 429, and an empty body.
    ///
    /// # Panics
    /// If `status` is no error (not 4xx or 5xx), because a refusal must not look like a success.
    /// Like any panic of the callback, this panic is answered with 500.
    pub fn refuse_with(status: StatusCode) -> Connect {
        let is_error = status.is_client_error() || status.is_server_error();
        assert!(
            is_error,
            "a socket is refused with a 4xx or 5xx, which {status} is not"
        );
        Connect(Decision::Refused(status))
    }

    /// Waits for `future`, such as a look into a table of tokens; `then` turns its output into the
    /// answer.
    ///
    /// The future runs on the shard's own thread (so it need not be `Send`) and must not block it.
    /// The handshake waits for the future, at most `ServerLimits::connect_timeout_ms`. Then the
    /// client gets 503.
    pub fn later<F: Future + 'static>(
        future: F,
        then: impl FnOnce(F::Output) -> Connect + 'static,
    ) -> Connect {
        Connect(Decision::Later(Box::pin(async move { then(future.await) })))
    }

    /// Waits for the final answer. Err is the status of a refusal.
    pub(crate) async fn settle(self) -> Result<ConnectAccept, StatusCode> {
        let mut connect = self;
        loop {
            match connect.0 {
                Decision::Accepted(accepted) => return Ok(accepted),
                Decision::Refused(status) => return Err(status),
                Decision::Later(answer) => connect = answer.await,
            }
        }
    }
}

impl fmt::Debug for Connect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Decision::Accepted(accepted) => write!(f, "Connect::ok({:?})", accepted.id),
            Decision::Refused(status) => write!(f, "Connect::refuse_with({status})"),
            Decision::Later(_) => f.write_str("Connect::later(..)"),
        }
    }
}

/// The parts of the request that a connect callback may know: Phoenix's `connect_info`. No other
/// part of the request is shown.
///
/// Phoenix's `session` is absent on purpose: it is a cookie sealed by Plug with the secret of a
/// Phoenix application, which lobbyd does not have. Identify a user by a parameter or the auth
/// token.
pub struct ConnectInfo {
    pub(crate) peer: SocketAddr,
    pub(crate) client: IpAddr,
    pub(crate) head: request::Parts,
    pub(crate) auth_token: Option<String>,
    pub(crate) custom: Arc<[(String, String)]>,
    pub(crate) credentials: Option<Arc<Credentials>>,
    pub(crate) token_is_over: bool,
}

/// The address that a client connected to, as the client named it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectUri<'a> {
    /// The host of the `Host` header, an IPv6 address without its brackets; empty if there is none.
    pub host: &'a str,
    /// The port of the `Host` header; 80 if the header names no port.
    pub port: u16,
    /// The whole path as it came, with mount and `/websocket`, not percent-decoded.
    pub path: &'a str,
    /// The query string as it came, without the `?`; empty if there is none.
    pub query: &'a str,
}

impl ConnectInfo {
    /// Returns the address and port of the other end of the TCP connection, which may be a proxy.
    /// Where a trusted proxy sent a PROXY header, returns the address in that header. There is
    /// never a client certificate, because lobbyd speaks no TLS.
    pub fn peer_data(&self) -> SocketAddr {
        self.peer
    }

    /// Returns the client's address: the peer's, or the address that a trusted proxy reports
    /// (`Proxies`). An IPv4 address is always shown as IPv4.
    pub fn client(&self) -> IpAddr {
        self.client
    }

    /// Returns all headers whose name starts with `x-`, in lower case. Only repeated lines of one
    /// header are in order.
    pub fn x_headers(&self) -> impl Iterator<Item = (&str, &HeaderValue)> {
        self.headers_with_prefix("x-")
    }

    /// Returns the headers `traceparent` and `tracestate`, where they were sent.
    pub fn trace_context_headers(&self) -> impl Iterator<Item = (&str, &HeaderValue)> {
        let names = ["traceparent", "tracestate"];
        let of = |name| {
            self.head
                .headers
                .get_all(name)
                .iter()
                .map(move |value| (name, value))
        };
        names.into_iter().flat_map(of)
    }

    /// Returns all headers whose name starts with `sec-websocket-`, without the item that carried
    /// [`ConnectInfo::auth_token`].
    pub fn sec_websocket_headers(&self) -> impl Iterator<Item = (&str, &HeaderValue)> {
        self.headers_with_prefix("sec-websocket-")
    }

    /// Returns the address that the client connected to.
    pub fn uri(&self) -> ConnectUri<'_> {
        let host = request_host(&self.head.headers);
        ConnectUri {
            host: host.map_or("", |host| host.host),
            port: host.and_then(|host| host.port).unwrap_or(80),
            path: self.head.uri.path(),
            query: self.head.uri.query().unwrap_or(""),
        }
    }

    /// Returns the `User-Agent` header, if it was sent and is ASCII.
    pub fn user_agent(&self) -> Option<&str> {
        self.head.headers.get("user-agent")?.to_str().ok()
    }

    /// Returns the token that phoenix.js sends for its `authToken` option. Only on a mount with
    /// `UserSocket::auth_token(true)`. Lobbyd decodes the token and checks nothing: the callback
    /// has to decide whether the token is good.
    pub fn auth_token(&self) -> Option<&str> {
        self.auth_token.as_deref()
    }

    /// Returns what the client's token says of it, on a mount that checks tokens
    /// (`UserSocket::tokens`). `None` if the client has no token, or one whose time is over.
    pub fn credentials(&self) -> Option<&Arc<Credentials>> {
        self.credentials.as_ref()
    }

    /// True if the client's token was genuine and its time is over, on a mount that lets such a
    /// client in to be told so at its joins ([`ExpiredToken::Tell`]).
    ///
    /// [`ExpiredToken::Tell`]: crate::credentials::ExpiredToken::Tell
    pub fn token_is_over(&self) -> bool {
        self.token_is_over
    }

    /// Returns the value that `UserSocket::connect_info` gave the mount for `name`.
    pub fn custom(&self, name: &str) -> Option<&str> {
        let mut pairs = self.custom.iter();
        pairs
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    fn headers_with_prefix(
        &self,
        prefix: &'static str,
    ) -> impl Iterator<Item = (&str, &HeaderValue)> {
        let headers = self
            .head
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value));
        headers.filter(move |(name, _)| name.starts_with(prefix))
    }
}

impl fmt::Debug for ConnectInfo {
    /// Writes client and path, without headers and query, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (client, path) = (self.client, self.head.uri.path());
        write!(f, "ConnectInfo({client} to {path})")
    }
}

/// Parses the `Host` header; None if the header is missing, empty or no host.
pub(crate) fn request_host(headers: &HeaderMap) -> Option<RequestHost<'_>> {
    RequestHost::parse(headers.get("host")?.to_str().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn info(request: request::Builder) -> ConnectInfo {
        ConnectInfo {
            peer: "10.0.0.7:5000".parse().unwrap(),
            client: "192.0.2.9".parse().unwrap(),
            head: request.body(()).unwrap().into_parts().0,
            auth_token: None,
            custom: [("region".to_owned(), "eu".to_owned())].into(),
            credentials: None,
            token_is_over: false,
        }
    }

    fn names<'a>(headers: impl Iterator<Item = (&'a str, &'a HeaderValue)>) -> Vec<String> {
        let mut shown: Vec<_> = headers
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        shown.sort();
        shown
    }

    #[test]
    fn connect_info_shows_what_phoenix_shows_and_nothing_else() {
        let request = Request::get("/socket/websocket?vsn=2.0.0&a=%20")
            .header("Host", "example.com:4000")
            .header("User-Agent", "test/1")
            .header("X-Foo", "1")
            .header("x-foo", "2")
            .header("traceparent", "t")
            .header("Sec-WebSocket-Extensions", "deflate")
            .header("Cookie", "secret");
        let info = info(request);
        assert_eq!(names(info.x_headers()), ["x-foo: 1", "x-foo: 2"]);
        assert_eq!(names(info.trace_context_headers()), ["traceparent: t"]);
        assert_eq!(
            names(info.sec_websocket_headers()),
            ["sec-websocket-extensions: deflate"]
        );
        assert_eq!(info.user_agent(), Some("test/1"));
        assert_eq!(info.peer_data().port(), 5000);
        assert_eq!(info.client().to_string(), "192.0.2.9");
        assert_eq!(
            (info.custom("region"), info.custom("zone")),
            (Some("eu"), None)
        );
        let uri = ConnectUri {
            host: "example.com",
            port: 4000,
            path: "/socket/websocket",
            query: "vsn=2.0.0&a=%20",
        };
        assert_eq!(info.uri(), uri);
        assert!(!format!("{info:?}").contains("vsn"));
    }

    #[test]
    fn request_without_host_has_an_empty_one() {
        let info = info(Request::get("/socket/websocket"));
        let uri = info.uri();
        assert_eq!((uri.host, uri.port, uri.query), ("", 80, ""));
    }

    #[test]
    fn refusal_has_an_error_status_and_no_other() {
        let refused = |status: u16| {
            let status = StatusCode::from_u16(status).unwrap();
            std::panic::catch_unwind(|| match Connect::refuse_with(status).0 {
                Decision::Refused(refused) => refused.as_u16(),
                _ => panic!("{status} accepted"),
            })
        };
        for status in [400, 429, 503, 599] {
            assert_eq!(refused(status).unwrap(), status);
        }
        for status in [101, 200, 302, 600] {
            let panic = refused(status).unwrap_err();
            let text = panic.downcast_ref::<String>().unwrap();
            assert!(text.contains("refused with a 4xx or 5xx"), "{text}");
        }
    }
}
