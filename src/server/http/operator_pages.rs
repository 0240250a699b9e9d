//! Pages for operators: `/healthz`, `/readyz` and `/metrics`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::header::{CACHE_CONTROL, FORWARDED, HeaderMap, HeaderName, HeaderValue, VIA};
use hyper::http::request;
use hyper::{Method, StatusCode};

use super::response::{HttpResponse, method_not_allowed, text, with_body};
use crate::server::metrics;
use crate::server::node::Node;
use crate::server::node::status::{Phase, Status};

/// A shard that has begun no turn for this time hangs: an idle shard turns at least once a second.
const TURN_AGE_MAX: Duration = Duration::from_secs(5);

/// Headers that proxies add. The peer of a request with one of these headers may not be its client.
const OF_PROXIES: [HeaderName; 4] = [
    FORWARDED,
    VIA,
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-real-ip"),
];

/// The operators' pages of one listener.
#[derive(Clone, Debug)]
pub(crate) struct Pages {
    pub node: Arc<Node>,
    pub metrics: MetricsTo,
    /// How many rooms the metrics name.
    pub rooms_top: usize,
}

/// The clients that a listener shows the metrics to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MetricsTo {
    Everybody,
    /// Clients on this machine that come through no proxy, as far as the headers show.
    Loopback,
    Nobody,
}

impl Pages {
    /// Returns the answer to a request for one of the pages. `None` for other paths, and for
    /// `/metrics` if the listener does not show the metrics to this client. `peer` is `None` if it
    /// may be anybody.
    pub async fn answer(
        &self,
        head: &request::Parts,
        peer: Option<SocketAddr>,
    ) -> Option<HttpResponse> {
        let path = head.uri.path();
        let is_page = match path {
            "/healthz" | "/readyz" => true,
            "/metrics" => self.metrics.are_for(peer, &head.headers),
            _ => false,
        };
        if !is_page {
            return None;
        }
        if head.method != Method::GET && head.method != Method::HEAD {
            return Some(method_not_allowed());
        }
        let status = &self.node.status;
        Some(match path {
            "/healthz" => health(status),
            "/readyz" => readiness(status.phase(), self.node.is_full()),
            _ => self.metrics().await,
        })
    }

    /// Makes the page of metrics on another thread, because that takes a look at every topic.
    async fn metrics(&self) -> HttpResponse {
        let (node, rooms_top) = (Arc::clone(&self.node), self.rooms_top);
        let made = tokio::task::spawn_blocking(move || metrics::text(&node, rooms_top)).await;
        let Ok(page) = made else {
            return text(
                StatusCode::INTERNAL_SERVER_ERROR,
                "the metrics could not be made\n",
            );
        };
        let mut response = with_body(StatusCode::OK, metrics::CONTENT_TYPE, page.into());
        let no_store = HeaderValue::from_static("no-store");
        response.headers_mut().insert(CACHE_CONTROL, no_store);
        response
    }
}

impl MetricsTo {
    fn are_for(self, peer: Option<SocketAddr>, headers: &HeaderMap) -> bool {
        let through_proxy = || OF_PROXIES.iter().any(|name| headers.contains_key(name));
        match self {
            MetricsTo::Everybody => true,
            MetricsTo::Loopback => {
                let is_loopback = |peer: SocketAddr| peer.ip().to_canonical().is_loopback();
                peer.is_some_and(is_loopback) && !through_proxy()
            }
            MetricsTo::Nobody => false,
        }
    }
}

fn health(status: &Status) -> HttpResponse {
    if status.every_shard_turned_within(TURN_AGE_MAX) {
        return text(StatusCode::OK, "ok\n");
    }
    let age = status.longest_since_turn().as_secs();
    let line = format!("a shard hangs: it began its last turn {age} s ago\n");
    text(StatusCode::SERVICE_UNAVAILABLE, line)
}

fn readiness(phase: Phase, is_full: bool) -> HttpResponse {
    let (status, line) = match phase {
        Phase::Admitting if is_full => (StatusCode::SERVICE_UNAVAILABLE, "full\n"),
        Phase::Admitting => (StatusCode::OK, "ready\n"),
        Phase::Starting => (StatusCode::SERVICE_UNAVAILABLE, "starting\n"),
        Phase::Draining => (StatusCode::SERVICE_UNAVAILABLE, "draining\n"),
    };
    text(status, line)
}
