//! What an app's connect callback is told about a request, and what it may answer.

use std::fmt;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use hyper::HeaderMap;
use hyper::http::{HeaderValue, StatusCode, request};

use super::assigns::Assigns;
use super::origin::RequestHost;

/// The answer of a connect callback.
///
/// [`Connect::ok`] lets the socket in, [`Connect::refuse`] does not (403), and [`Connect::later`] takes its time:
/// other connections go on meanwhile.
///
/// ```
/// # use lobbyd::channel::Connect;
/// # #[derive(Clone)] struct UserId(u64);
/// fn connect(user: Option<u64>) -> Connect {
///     match user {
///         Some(user) => Connect::ok().id(format!("users:{user}")).assign(UserId(user)),
///         None => Connect::refuse(),
///     }
/// }
/// # connect(None);
/// ```
#[must_use = "a connect callback returns it"]
pub struct Connect(Decision);

enum Decision {
    ConnectAccepted(ConnectAccepted),
    Refused(StatusCode),
    Later(Pin<Box<dyn Future<Output = Connect>>>),
}

/// What an accepted socket starts with.
#[derive(Clone, Debug, Default)]
pub(crate) struct ConnectAccepted {
    pub id: Option<String>,
    pub assigns: Assigns,
}

impl Connect {
    /// Lets the socket in, with no id and nothing assigned.
    pub fn ok() -> Connect {
        Connect(Decision::ConnectAccepted(ConnectAccepted::default()))
    }

    /// Names the socket, as in `users:1`. All sockets of a name can be closed at once from anywhere
    /// (`Endpoint::disconnect`). A socket without one cannot be.
    ///
    /// The name counts from the moment the socket is open. A disconnect between this answer and then, a moment after
    /// the client has its 101 at the latest, is missed, as in Phoenix: where that matters, look again at the first join.
    ///
    /// Does nothing on a refusal or on [`Connect::later`] (name the socket in what its future returns).
    pub fn id(mut self, id: impl Into<String>) -> Connect {
        if let Decision::ConnectAccepted(accepted) = &mut self.0 {
            accepted.id = Some(id.into());
        }
        self
    }

    /// Keeps `value` with the socket: every channel joined on it starts with a copy (see [`Assigns`]).
    ///
    /// Does nothing on a refusal or on [`Connect::later`].
    pub fn assign<T: Clone + Send + Sync + 'static>(mut self, value: T) -> Connect {
        if let Decision::ConnectAccepted(accepted) = &mut self.0 {
            accepted.assigns.insert(value);
        }
        self
    }

    /// Refuses with 403 and an empty body, Phoenix's `:error`. A browser's WebSocket is told no status: phoenix.js
    /// tries again, later and later.
    pub fn refuse() -> Connect {
        Connect::refuse_with(StatusCode::FORBIDDEN)
    }

    /// Refuses with a status of your choice, say 429, and an empty body. What is no error (not 4xx or 5xx) is sent
    /// as 403, as a refusal must not look like a success.
    pub fn refuse_with(status: StatusCode) -> Connect {
        let error = status.is_client_error() || status.is_server_error();
        Connect(Decision::Refused(if error {
            status
        } else {
            StatusCode::FORBIDDEN
        }))
    }

    /// Decides when `answer` is done, say after a look into a table of tokens. It runs on the shard's own thread (so
    /// it need not be `Send`) and must not block it. The handshake waits; the server's limit on that is
    /// `HttpLimits::connect_timeout_ms`.
    pub fn later(answer: impl Future<Output = Connect> + 'static) -> Connect {
        Connect(Decision::Later(Box::pin(answer)))
    }

    /// The final answer, once what was to come later has come: Err is the status of a refusal.
    pub(crate) async fn settle(self) -> Result<ConnectAccepted, StatusCode> {
        let mut connect = self;
        loop {
            match connect.0 {
                Decision::ConnectAccepted(accepted) => return Ok(accepted),
                Decision::Refused(status) => return Err(status),
                Decision::Later(answer) => connect = answer.await,
            }
        }
    }
}

impl fmt::Debug for Connect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Decision::ConnectAccepted(accepted) => write!(f, "Connect::ok({:?})", accepted.id),
            Decision::Refused(status) => write!(f, "Connect::refuse_with({status})"),
            Decision::Later(_) => f.write_str("Connect::later(..)"),
        }
    }
}

/// What a connect callback may know of the request: Phoenix's `connect_info`. Nothing else of it is shown.
///
/// Phoenix's `session` is absent on purpose: it is a cookie sealed by Plug with the secret of a Phoenix
/// application, which lobbyd does not have. Tell a socket who it is with a parameter or the auth token.
pub struct ConnectInfo {
    pub(crate) peer: SocketAddr,
    pub(crate) client: IpAddr,
    pub(crate) head: request::Parts,
    pub(crate) auth_token: Option<String>,
    pub(crate) custom: Arc<[(String, String)]>,
}

/// The address a client connected to, as it named it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectUri<'a> {
    /// Always `http`: lobbyd itself speaks no TLS, and an upgrade is an HTTP matter (never `ws`).
    pub scheme: &'static str,
    /// The host of the `Host` header, an IPv6 address without its brackets; empty if there is none.
    pub host: &'a str,
    /// The port of the `Host` header, 80 if it names none.
    pub port: u16,
    /// The whole path as it came, with mount and `/websocket`, not percent-decoded.
    pub path: &'a str,
    /// The query string as it came, without the `?`; empty if there is none.
    pub query: &'a str,
}

impl ConnectInfo {
    /// Address and port of the other end of the TCP connection, which may be a proxy; where a trusted one sent a PROXY
    /// header, what that says. There is never a client certificate, as lobbyd speaks no TLS.
    pub fn peer_data(&self) -> SocketAddr {
        self.peer
    }

    /// The client's address: that of the peer, or what a trusted proxy says it is (`Proxies`). An IPv4 address is
    /// always shown as one.
    pub fn client(&self) -> IpAddr {
        self.client
    }

    /// All headers whose name starts with `x-`, in lower case, in no order but that of repeated lines.
    pub fn x_headers(&self) -> impl Iterator<Item = (&str, &HeaderValue)> {
        self.headers_with_prefix("x-")
    }

    /// `traceparent` and `tracestate`, those that were sent.
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

    /// All headers whose name starts with `sec-websocket-`. The item that carried [`ConnectInfo::auth_token`] is
    /// taken out.
    pub fn sec_websocket_headers(&self) -> impl Iterator<Item = (&str, &HeaderValue)> {
        self.headers_with_prefix("sec-websocket-")
    }

    /// Where the client connected to.
    pub fn uri(&self) -> ConnectUri<'_> {
        let host = request_host(&self.head.headers);
        ConnectUri {
            scheme: "http",
            host: host.map_or("", |host| host.host),
            port: host.and_then(|host| host.port).unwrap_or(80),
            path: self.head.uri.path(),
            query: self.head.uri.query().unwrap_or(""),
        }
    }

    /// The `User-Agent` header, if there is one that is ASCII.
    pub fn user_agent(&self) -> Option<&str> {
        self.head.headers.get("user-agent")?.to_str().ok()
    }

    /// The token phoenix.js sends for its `authToken` option. Only on a mount with `UserSocket::auth_token(true)`.
    /// Lobbyd decodes it and checks nothing: whether it is good is for the callback to say.
    pub fn auth_token(&self) -> Option<&str> {
        self.auth_token.as_deref()
    }

    /// The value the mount was given for `name` by `UserSocket::connect_info`.
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
    /// Without headers and query, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (client, path) = (self.client, self.head.uri.path());
        write!(f, "ConnectInfo({client} to {path})")
    }
}

/// The first `Host` header taken apart; None if it is missing or makes no sense.
pub(crate) fn request_host(headers: &HeaderMap) -> Option<RequestHost<'_>> {
    RequestHost::parse(headers.get("host")?.to_str().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::Request;

    fn info(request: request::Builder) -> ConnectInfo {
        ConnectInfo {
            peer: "10.0.0.7:5000".parse().unwrap(),
            client: "192.0.2.9".parse().unwrap(),
            head: request.body(()).unwrap().into_parts().0,
            auth_token: None,
            custom: [("region".to_owned(), "eu".to_owned())].into(),
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
            scheme: "http",
            host: "example.com",
            port: 4000,
            path: "/socket/websocket",
            query: "vsn=2.0.0&a=%20",
        };
        assert_eq!(info.uri(), uri);
        assert!(!format!("{info:?}").contains("vsn"));
    }

    #[test]
    fn a_request_without_host_has_an_empty_one() {
        let info = info(Request::get("/socket/websocket"));
        let uri = info.uri();
        assert_eq!((uri.host, uri.port, uri.query), ("", 80, ""));
    }

    #[test]
    fn a_refusal_is_an_error_status() {
        for (status, sent) in [(429, 429), (503, 503), (200, 403), (101, 403), (302, 403)] {
            let Connect(Decision::Refused(refused)) =
                Connect::refuse_with(StatusCode::from_u16(status).unwrap())
            else {
                panic!("{status} accepted");
            };
            assert_eq!(refused.as_u16(), sent);
        }
    }
}
