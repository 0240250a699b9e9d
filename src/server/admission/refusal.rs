//! The reasons for which requests for a socket are refused, counted since the start.

use crate::channel::QueryError;
use crate::credentials::TokenRefusal;
use hyper::StatusCode;
use strum::{EnumCount, EnumDiscriminants, IntoStaticStr, VariantArray};
use thiserror::Error;

use crate::server::limits::counters::{Counters, Counts, kind};

kind!(RefusalKind);

/// Counters of refused requests by reason, shared by all shards.
#[derive(Debug, Default)]
pub(crate) struct Refusals(Counters<RefusalKind, { RefusalKind::COUNT }>);

/// A snapshot: how many requests for a socket have been refused since the server's start, for each
/// reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefusalCounts(Counts<RefusalKind, { RefusalKind::COUNT }>);

impl Refusals {
    pub fn count(&self, refusal: Refusal) {
        self.0.count(refusal.into());
    }

    pub fn counts(&self) -> RefusalCounts {
        RefusalCounts(self.0.read())
    }
}

impl RefusalCounts {
    /// Returns how many requests were refused for the reason with this [name](Refusal::name); 0 if
    /// there is no such reason.
    pub fn of(&self, name: &str) -> u64 {
        self.0.named(name)
    }

    /// Returns every reason's name with its count.
    pub fn by_reason(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.0.by_name()
    }
}

/// The reason why a request to a socket's path got no 101. The variants are in the order of the
/// checks. The number in the text of a variant is the status of the answer. "Empty" is an answer
/// without a body; the other answers have the reason as their body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error, EnumDiscriminants)]
#[strum_discriminants(
    name(RefusalKind),
    vis(pub(crate)),
    derive(EnumCount, IntoStaticStr, VariantArray),
    strum(serialize_all = "snake_case"),
    doc = "A [`Refusal`] without what it carries."
)]
#[non_exhaustive]
pub enum Refusal {
    /// Gets no answer at all. The connection is from a trusted proxy that should have sent a PROXY
    /// header, and did not.
    #[error("a trusted proxy sent no PROXY header")]
    ProxyHeader,
    /// 400: the request is no valid HTTP, so nobody knows what it asks for. Empty, but for a page
    /// whose request names no one host.
    #[error("the request is no valid HTTP/1.1")]
    Malformed,
    /// 404. The request asks for an upgrade, at a path that is no socket's.
    #[error("no socket is mounted at this path")]
    Mount,
    /// 429, empty, with `retry-after`. It is sent a second after the connection came, or after the
    /// request if a proxy sent the request.
    #[error("there are too many connections from this address")]
    Address,
    /// 400, empty; 405 with a reason for `CONNECT`, which names a host and no path.
    #[error("the method is not GET")]
    Method,
    /// 400, or 414 for a query that is too long.
    #[error(transparent)]
    Query(QueryError),
    /// 403, empty.
    #[error("the origin is not allowed")]
    Origin,
    /// 400. Phoenix answers 500, but the fault is the client's.
    #[error("the auth token in 'sec-websocket-protocol' is no Base64 of UTF-8 text")]
    AuthToken,
    /// 403, empty.
    #[error("no offered subprotocol is accepted")]
    Subprotocol,
    /// 403, empty.
    #[error("the vsn parameter names no version that is spoken here")]
    Version,
    /// 401, 403 or 503 by the refusal, with its words and its code as JSON. It is sent
    /// [`TokenPolicy::refusal_delay_ms`](crate::credentials::TokenPolicy) after the request.
    #[error("{0}")]
    Token(TokenRefusal),
    /// The app refused: the status that the app chose, 403 if it chose none; empty.
    #[error("the app refused the connection with {0}")]
    App(StatusCode),
    /// 500, empty.
    #[error("the connect callback panicked")]
    AppPanicked,
    /// 503, empty: `ServerLimits::connect_timeout_ms` passed.
    #[error("the connect callback took too long")]
    AppTooSlow,
    /// 400: the request is no upgrade. This check is the last, so a plain GET that is refused for
    /// another reason gets that one.
    #[error(transparent)]
    #[strum_discriminants(strum(serialize = "no_upgrade"))]
    Request(NotAnUpgrade),
}

impl Refusal {
    /// Returns a stable name of the reason for metric labels.
    pub fn name(&self) -> &'static str {
        RefusalKind::from(self).into()
    }

    /// Returns what would let such a request in, for the log: settings of the program, and what an
    /// app sets in their place, or what the client should do.
    pub(crate) fn hint(&self) -> &'static str {
        match self {
            Refusal::ProxyHeader => {
                "have the proxy send PROXY headers, or set server.proxy_protocol = false"
            }
            Refusal::Malformed => "mend the client, or the proxy in front: see why",
            Refusal::Address => {
                "raise limits.connections_per_address, or name the proxy in server.trusted_proxies"
            }
            Refusal::Mount => "mend the client's URL, or mount a socket there (socket.path)",
            Refusal::Method => "have the client open the socket by GET",
            Refusal::Query(_) => "mend the client's URL: see why",
            Refusal::AuthToken => {
                "have the client send its token in Base64, as authToken of phoenix.js does"
            }
            Refusal::Origin => {
                "add the origin to socket.origins (in an app, UserSocket::check_origin)"
            }
            Refusal::Subprotocol => {
                "have the client offer none, or accept one in an app (UserSocket::subprotocols)"
            }
            Refusal::Version => "have the client ask for vsn=2.0.0 or vsn=1.0.0",
            Refusal::Token(refusal) => refusal.hint(),
            Refusal::App(_) => "have the client send what the app's connect wants, or change that",
            Refusal::AppPanicked => "mend the app: its panic is a line of its own",
            Refusal::AppTooSlow => {
                "have the app's connect answer sooner, or raise timeouts.connect_ms"
            }
            Refusal::Request(rule) => rule.hint(),
        }
    }

    /// Returns the status of the answer.
    pub fn status(&self) -> StatusCode {
        match self {
            Refusal::Query(QueryError::TooLong) => StatusCode::URI_TOO_LONG,
            Refusal::ProxyHeader | Refusal::Malformed => StatusCode::BAD_REQUEST,
            Refusal::Method | Refusal::Query(_) => StatusCode::BAD_REQUEST,
            Refusal::AuthToken | Refusal::Request(_) => StatusCode::BAD_REQUEST,
            Refusal::Origin | Refusal::Subprotocol | Refusal::Version => StatusCode::FORBIDDEN,
            Refusal::App(status) => *status,
            Refusal::Token(refusal) => {
                StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::UNAUTHORIZED)
            }
            Refusal::Address => StatusCode::TOO_MANY_REQUESTS,
            Refusal::Mount => StatusCode::NOT_FOUND,
            Refusal::AppPanicked => StatusCode::INTERNAL_SERVER_ERROR,
            Refusal::AppTooSlow => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// The rule that an upgrade request broke. All these requests are answered with 400 and the rule's
/// sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NotAnUpgrade {
    /// HTTP/1.0 has no upgrade.
    #[error("a WebSocket upgrade needs HTTP/1.1")]
    HttpVersion,
    /// RFC 9112, 3.2, and RFC 6455, 4.2.1, item 2: no `Host`, two, or one that names no host. Or a
    /// request target with such a host.
    #[error(
        "the 'host' header must be there once, and name a host; so must a target that is a whole URL"
    )]
    Host,
    /// RFC 6455, 4.2.1, item 4. A plain GET breaks this rule first.
    #[error("the 'connection' header must contain 'upgrade'")]
    Connection,
    /// RFC 6455, 4.2.1, item 3.
    #[error("the 'upgrade' header must contain 'websocket'")]
    Upgrade,
    /// RFC 6455, 4.2.1, item 5, but any text is taken.
    #[error("the 'sec-websocket-key' header must be there once, and not empty")]
    Key,
    /// RFC 6455, 4.2.1, item 6.
    #[error("the 'sec-websocket-version' header must be '13'")]
    WebSocketVersion,
    /// WebSocket frames follow an upgrade request, so it has no body.
    #[error("an upgrade request must have no body")]
    Body,
}

impl NotAnUpgrade {
    /// Returns what would let such a request in, for the log.
    pub(crate) fn hint(&self) -> &'static str {
        match self {
            NotAnUpgrade::HttpVersion => {
                "have the client, or the proxy in front, speak HTTP/1.1 (nginx: proxy_http_version)"
            }
            NotAnUpgrade::Host => "have the client, or the proxy in front, send one Host",
            NotAnUpgrade::Connection | NotAnUpgrade::Upgrade => {
                "use a WebSocket client, and have the proxy in front pass on Connection and Upgrade"
            }
            NotAnUpgrade::Key | NotAnUpgrade::WebSocketVersion | NotAnUpgrade::Body => {
                "mend the client: see why"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::NotAnUpgrade;
    use super::*;
    use crate::channel::QueryError;
    use hyper::StatusCode;

    #[test]
    fn refusal_counts_under_a_name_of_its_own() {
        let all = [
            Refusal::ProxyHeader,
            Refusal::Malformed,
            Refusal::Mount,
            Refusal::Address,
            Refusal::Method,
            Refusal::Query(QueryError::TooLong),
            Refusal::Origin,
            Refusal::AuthToken,
            Refusal::Subprotocol,
            Refusal::Version,
            Refusal::Token(TokenRefusal::Missing),
            Refusal::App(StatusCode::FORBIDDEN),
            Refusal::AppPanicked,
            Refusal::AppTooSlow,
            Refusal::Request(NotAnUpgrade::Key),
        ];
        let refusals = Refusals::default();
        all.into_iter().for_each(|refusal| refusals.count(refusal));
        let counts = refusals.counts();
        let expected = [
            "proxy_header",
            "malformed",
            "mount",
            "address",
            "method",
            "query",
            "origin",
            "auth_token",
            "subprotocol",
            "version",
            "token",
            "app",
            "app_panicked",
            "app_too_slow",
            "no_upgrade",
        ];
        let once: Vec<_> = counts.by_reason().collect();
        assert_eq!(once, expected.map(|name| (name, 1)));
        assert_eq!(counts.of("origin"), 1);
    }
}
