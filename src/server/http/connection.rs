//! One connection while it speaks HTTP: its client, and the limits that it came under.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::pending;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::HeaderMap;
use hyper::http::request;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::app::HttpApp;
use super::pending::Slot;
use super::response::HttpResponse;
use super::response::refused;
use crate::server::admission::addresses::Counted;
use crate::server::admission::proxy_protocol;
use crate::server::admission::refusal::Refusal;
use crate::server::limits::limit::Limit;

/// How long a connection or a request waits for its refusal if its address has too many
/// connections: phoenix.js tries again within 10 ms of an answer. It waits no longer than there is
/// room for it
/// ([`Limit::UpgradesInFlight`]).
pub(crate) const ADDRESS_REFUSAL_DELAY: Duration = Duration::from_secs(1);

/// A connection from its accept to its upgrade or its end. Whatever a request changes is returned
/// to its caller. Only the count of requests is shared, with the watch over the head.
pub(crate) struct HttpConnection {
    pub app: Arc<HttpApp>,
    pub peer: SocketAddr,
    /// A trusted proxy opened it, so each request may be another client's.
    is_proxied: bool,
    /// When it was accepted although its address had too many connections already.
    over_limit_since: Option<Instant>,
    slot: Option<Slot>,
    arrived: Instant,
    requests: Cell<Requests>,
}

/// How many requests there were, and whether the first is late.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Requests {
    /// No head is whole yet.
    Awaited,
    /// The time for the first head is over. That is only observed, and it was counted.
    Late,
    Asked(u32),
}

/// The limits of a request head as they bite.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeadLimits {
    pub time_ms: u64,
    pub bytes_max: usize,
    pub lines_max: usize,
}

impl HttpConnection {
    /// Finds out who is there. Returns the connection with its place among those of its address;
    /// `None` if a trusted proxy sent no proper PROXY header.
    pub async fn begin(
        stream: &TcpStream,
        peer: SocketAddr,
        app: Arc<HttpApp>,
        slot: Option<Slot>,
    ) -> Option<(HttpConnection, Option<Counted>)> {
        let arrived = Instant::now();
        let peer = if app.proxies.proxy_protocol && app.proxies.trusts(peer.ip()) {
            announced(stream, peer, &app).await?
        } else {
            peer
        };
        let is_proxied = app.proxies.trusts(peer.ip());
        let counted = match is_proxied {
            true => Ok(None),
            false => app.admission.enter(peer.ip().to_canonical()),
        };
        let over_limit_since = counted.is_err().then(Instant::now);
        if let (Some(_), Some(slot)) = (over_limit_since, &slot) {
            slot.is_over_limit();
        }
        let connection = HttpConnection {
            over_limit_since,
            app,
            peer,
            is_proxied,
            slot,
            arrived,
            requests: Cell::new(Requests::Awaited),
        };
        Some((connection, counted.ok().flatten()))
    }

    /// The limits of a request head as they bite: later than at their values where they only count.
    pub fn limits_that_bite(&self) -> HeadLimits {
        let (limits, observe) = (&self.app.limits, self.app.admission.observe());
        let bites_above = |limit| observe.bites_above(limit, limits.max(limit));
        let head_time_ms = limits.max(Limit::HeadTime);
        HeadLimits {
            time_ms: bites_above(Limit::HeadTime).min(limits.http_lifetime_ms.max(head_time_ms)),
            bytes_max: bites_above(Limit::HeadBytes) as usize,
            lines_max: bites_above(Limit::HeadLines) as usize,
        }
    }

    /// There has been a request.
    pub fn has_asked(&self) -> bool {
        self.requests() > 0
    }

    /// How many requests there have been.
    pub fn requests(&self) -> u32 {
        match self.requests.get() {
            Requests::Awaited | Requests::Late => 0,
            Requests::Asked(requests) => requests,
        }
    }

    /// The connection as such is too many of its address. A proxy's never is, but its requests may
    /// be.
    pub fn is_over_limit(&self) -> bool {
        self.over_limit_since.is_some()
    }

    /// When an address with too many connections gets its refusal: a while after the accept, or
    /// after the request if a proxy sent it.
    pub fn refusal_time(&self) -> Instant {
        self.over_limit_since.unwrap_or_else(Instant::now) + ADDRESS_REFUSAL_DELAY
    }

    /// A request's head is whole.
    pub fn asked(&self, head: &request::Parts) {
        let (limits, meters) = (&self.app.limits, &self.app.admission.meters);
        let observe = self.app.admission.observe();
        if !self.has_asked() {
            // With a PROXY header before it a head may take longer and be in time.
            let is_observed = observe.contains(Limit::HeadTime);
            self.judge_head_time(if is_observed { u64::MAX } else { 1000 });
        }
        self.requests.set(Requests::Asked(self.requests() + 1));
        let lines = head.headers.len() as u64;
        meters.judge(
            observe,
            Limit::HeadLines,
            lines,
            limits.max(Limit::HeadLines),
        );
        let (bytes, max) = (head_bytes(head), limits.max(Limit::HeadBytes));
        // hyper may read more than the limit at once. A head that got through that way reached no
        // limit.
        let bytes = if observe.contains(Limit::HeadBytes) {
            bytes
        } else {
            bytes.min(max)
        };
        meters.judge(observe, Limit::HeadBytes, bytes, max);
    }

    /// Counts a head that is late once its time is over, where that is only observed. Never ends.
    pub async fn watch_head(&self) -> Infallible {
        let time = Duration::from_millis(self.app.limits.max(Limit::HeadTime));
        sleep(time.saturating_sub(self.arrived.elapsed())).await;
        let observe = self.app.admission.observe();
        if !self.has_asked() && observe.contains(Limit::HeadTime) {
            self.judge_head_time(u64::MAX);
            self.requests.set(Requests::Late);
        }
        pending().await
    }

    /// Notes how much of its time the head has taken, in thousandths, `most` at most.
    fn judge_head_time(&self, most: u64) {
        let (waited, admission) = (
            self.arrived.elapsed().as_micros() as u64,
            &self.app.admission,
        );
        let part = waited.div_ceil(self.app.limits.max(Limit::HeadTime).max(1));
        let (observe, limit, part) = (admission.observe(), Limit::HeadTime, part.min(most));
        if self.requests.get() == Requests::Late {
            admission.meters.note(observe, limit, part, 1000);
        } else {
            admission.meters.judge(observe, limit, part, 1000);
        }
    }

    /// The client that a request with these headers comes from, as far as proxies are believed.
    pub fn client(&self, headers: &HeaderMap) -> IpAddr {
        match self.is_proxied {
            true => self.app.proxies.client(self.peer.ip(), headers),
            false => self.peer.ip().to_canonical(),
        }
    }

    /// Lets a request of `client` in. If a proxy sent it, it counts for that client's address as
    /// long as its answer is being found; otherwise the connection counts already.
    ///
    /// # Errors
    /// The address has too many connections.
    pub fn enter(&self, client: IpAddr) -> Result<Option<Counted>, Refusal> {
        match self.is_proxied {
            true if self.app.proxies.trusts(client) => Ok(None),
            true => self.app.admission.enter(client),
            false if self.is_over_limit() => Err(Refusal::Address),
            false => Ok(None),
        }
    }

    /// From here to [`is_answered`](HttpConnection::is_answered) it is not cut to make room.
    pub fn begins_answer(&self) {
        self.slot.iter().for_each(Slot::asks);
    }

    /// The answer is found, and the connection may ask again. Not called with an upgrade: that asks
    /// no more, and is as good as a WebSocket.
    pub fn is_answered(&self) {
        self.slot.iter().for_each(Slot::is_answered);
    }

    /// Counts a refusal, and returns its answer. The caller logs it.
    pub fn refuse(&self, refusal: Refusal) -> HttpResponse {
        self.app.admission.refusals.count(refusal);
        refused(&refusal)
    }

    /// It ended by a failure, with so many bytes of a request unread.
    pub fn failed(&self, error: &hyper::Error, unread: usize) {
        let admission = &self.app.admission;
        let observe = admission.observe();
        if error.is_parse_too_large() {
            let is_long = unread >= self.limits_that_bite().bytes_max;
            let limit = if is_long {
                Limit::HeadBytes
            } else {
                Limit::HeadLines
            };
            admission.meters.exceeded(observe, limit);
        } else if error.is_timeout() && self.has_asked() && unread > 0 {
            admission.meters.exceeded(observe, Limit::HeadTime);
        }
    }
}

impl Drop for HttpConnection {
    /// A connection that ends without a request has used up some or all of the time for its head.
    /// One that was over its address's limit is refused with that.
    fn drop(&mut self) {
        if self.has_asked() {
            return;
        }
        self.judge_head_time(u64::MAX);
        if self.is_over_limit() {
            self.app.admission.refusals.count(Refusal::Address);
        }
    }
}

/// The peer as the proxy announces it. `None` if the proxy does not, or takes too long.
async fn announced(stream: &TcpStream, peer: SocketAddr, app: &HttpApp) -> Option<SocketAddr> {
    let time = Duration::from_millis(app.limits.max(Limit::HeadTime));
    let refusal = Refusal::ProxyHeader.name();
    match timeout(time, proxy_protocol::read(stream)).await {
        Ok(Ok(client)) => return Some(client.unwrap_or(peer)),
        Ok(Err(error)) => {
            tracing::debug!(%peer, refusal, %error, "a trusted proxy sent no PROXY header")
        }
        Err(_elapsed) => {
            tracing::debug!(%peer, refusal, "a trusted proxy's PROXY header took too long")
        }
    }
    app.admission.refusals.count(Refusal::ProxyHeader);
    None
}

/// About as many bytes as the head took.
fn head_bytes(head: &request::Parts) -> u64 {
    let lines = head.headers.iter();
    let of_lines = lines.map(|(name, value)| name.as_str().len() + value.len() + 4);
    let target = head
        .uri
        .path_and_query()
        .map_or(0, |target| target.as_str().len());
    (target + of_lines.sum::<usize>()) as u64
}
