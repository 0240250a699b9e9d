//! Why requests for a socket were refused, counted by reason since the start.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::channel::QueryError;
use hyper::StatusCode;
use thiserror::Error;

/// The counts of all shards together.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    by_reason: [AtomicU64; Refusal::NAMES.len()],
}

/// How many requests for a socket were refused for each reason, since the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefusalCounts {
    by_reason: [u64; Refusal::NAMES.len()],
}

impl Refusals {
    pub fn count(&self, refusal: Refusal) {
        if let Some(at) = place_of(refusal.name()) {
            self.by_reason[at].fetch_add(1, Ordering::Relaxed);
        }
    }

    pub fn counts(&self) -> RefusalCounts {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        RefusalCounts {
            by_reason: self.by_reason.each_ref().map(read),
        }
    }
}

fn place_of(name: &str) -> Option<usize> {
    Refusal::NAMES.iter().position(|n| *n == name)
}

impl RefusalCounts {
    /// Requests that were refused for the reason of that [name](Refusal::name); 0 if there is no
    /// such reason.
    pub fn of(&self, name: &str) -> u64 {
        place_of(name).map_or(0, |at| self.by_reason[at])
    }

    /// Every reason's name with its count.
    pub fn by_reason(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Refusal::NAMES.into_iter().zip(self.by_reason)
    }
}

/// Why a request to a socket's path got no 101, in the order in which it is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// No answer at all: the connection is from a trusted proxy that was to send a PROXY header,
    /// and did not.
    #[error("a trusted proxy sent no PROXY header of version 2")]
    ProxyHeader,
    /// 429, empty, with `retry-after`, a second after the connection came, or after the request if
    /// a proxy sends it.
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
    /// 503, empty: `ServerLimits::connect_timeout_ms` passed.
    #[error("the connect callback took too long")]
    AppTooSlow,
    /// 400. Last, so that a plain GET that is refused for another reason hears that one.
    #[error(transparent)]
    Request(NotAnUpgrade),
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
}

/// The rule that a request broke which was to be an upgrade. All are answered with 400 and this
/// sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NotAnUpgrade {
    /// HTTP/1.0 has no upgrade.
    #[error("a WebSocket upgrade needs HTTP/1.1")]
    HttpVersion,
    /// RFC 6455, 4.2.1, item 2.
    #[error("the 'host' header is missing or empty")]
    Host,
    /// Item 4. A plain GET ends here.
    #[error("the 'connection' header must contain 'upgrade'")]
    Connection,
    /// Item 3.
    #[error("the 'upgrade' header must contain 'websocket'")]
    Upgrade,
    /// Item 5.
    #[error("the 'sec-websocket-key' header must be 16 bytes in Base64")]
    Key,
    /// Item 6.
    #[error("the 'sec-websocket-version' header must be '13'")]
    WebSocketVersion,
    /// WebSocket frames follow an upgrade request, so it has no body.
    #[error("an upgrade request must have no body")]
    Body,
}

#[cfg(test)]
mod tests {
    use super::NotAnUpgrade;
    use super::*;
    use crate::channel::QueryError;
    use hyper::StatusCode;

    #[test]
    fn every_refusal_counts_under_a_name_of_its_own() {
        let all = [
            Refusal::ProxyHeader,
            Refusal::Address,
            Refusal::Method,
            Refusal::Query(QueryError::TooLong),
            Refusal::Origin,
            Refusal::AuthToken,
            Refusal::Subprotocol,
            Refusal::Version,
            Refusal::App(StatusCode::FORBIDDEN),
            Refusal::AppPanicked,
            Refusal::AppTooSlow,
            Refusal::Request(NotAnUpgrade::Key),
        ];
        let refusals = Refusals::default();
        all.into_iter().for_each(|refusal| refusals.count(refusal));
        let counts = refusals.counts();
        assert!(
            counts.by_reason().all(|(_, count)| count == 1),
            "{counts:?}"
        );
        assert_eq!(counts.of("origin"), 1);
    }
}
