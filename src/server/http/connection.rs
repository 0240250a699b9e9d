//! One connection while it speaks HTTP: its client, and the limits in force when it came.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::HeaderMap;
use hyper::http::request;
use tokio::net::TcpStream;

use super::app::HttpApp;
use super::keep_alive::{KeepAlive, StageTimes};
use super::pending::Slot;
use super::response::HttpResponse;
use super::response::refused;
use crate::server::admission::addresses::Counted;
use crate::server::admission::first_bytes::FirstBytes;
use crate::server::admission::proxy_protocol::{self, Announced};
use crate::server::admission::refusal::Refusal;
use crate::server::limits::limit::Limit;
use crate::server::limits::step_timer::within;
use crate::server::log::notice::summed;

/// How long the refusal of a connection or request is delayed if its address has too many
/// connections. Without the delay phoenix.js would try again within 10 ms of the answer. The delay
/// ends early if there is no room for the connection ([`Limit::UpgradesInFlight`]).
pub(crate) const ADDRESS_REFUSAL_DELAY: Duration = Duration::from_secs(1);

/// A connection from its accept to its upgrade or its end. The count of requests is in a [`Cell`],
/// because requests are counted while [`watch_head`](HttpConnection::watch_head) reads the count.
pub(crate) struct HttpConnection {
    pub app: Arc<HttpApp>,
    pub peer: SocketAddr,
    role: PeerRole,
    /// The stage of the connection, and how long it may last.
    pub keep_alive: KeepAlive,
    /// If the address had too many connections already, the moment at which that was found: at the
    /// accept, or behind the PROXY header.
    over_limit_since: Option<Instant>,
    slot: Option<Slot>,
    arrived: Instant,
    requests: Cell<Requests>,
}

/// Who the peer of a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PeerRole {
    Client,
    /// A trusted proxy, so each request may be another client's.
    Proxy,
    /// A trusted proxy whose PROXY header names no address: it passes on what anybody may have
    /// sent. Nothing in it is believed, and it counts for no address.
    PassesOnAnybody,
}

/// The number of requests so far, and whether the first is late.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Requests {
    /// No request head is whole yet.
    Awaited,
    /// The time for the first head is over. That limit is only observed, and has been counted.
    Late,
    Asked(u32),
}

/// The values above which the limits of a request head bite: higher than the limits if these are
/// only observed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeadLimits {
    pub time_ms: u64,
    pub bytes_max: usize,
    pub lines_max: usize,
}

impl HeadLimits {
    pub fn of(app: &HttpApp) -> HeadLimits {
        let (limits, observe) = (&app.limits, app.admission.observe());
        let bites_above = |limit| observe.bites_above(limit, limits.max(limit));
        let head_time_ms = limits.max(Limit::HeadTime);
        HeadLimits {
            time_ms: bites_above(Limit::HeadTime).min(limits.http_lifetime_ms.max(head_time_ms)),
            bytes_max: bites_above(Limit::HeadBytes) as usize,
            lines_max: bites_above(Limit::HeadLines) as usize,
        }
    }
}

impl HttpConnection {
    /// Finds out the client of a connection. Returns the connection with its place among the
    /// connections of its address. `None` if a trusted proxy sent no proper PROXY header.
    pub async fn begin(
        stream: &TcpStream,
        peer: SocketAddr,
        app: Arc<HttpApp>,
        slot: Option<Slot>,
    ) -> Option<(HttpConnection, Option<Counted>)> {
        let arrived = Instant::now();
        let (peer, role) = match app.proxies.proxy_protocol && app.proxies.trusts(peer.ip()) {
            true => announced(stream, peer, &app).await?,
            false => (peer, PeerRole::Client),
        };
        let role = match role {
            PeerRole::Client if app.proxies.trusts(peer.ip()) => PeerRole::Proxy,
            role => role,
        };
        let counted = match role {
            PeerRole::Client => app.admission.enter(peer.ip().to_canonical()),
            PeerRole::Proxy | PeerRole::PassesOnAnybody => Ok(None),
        };
        let over_limit_since = counted.is_err().then(Instant::now);
        if let (Some(_), Some(slot)) = (over_limit_since, &slot) {
            slot.is_over_limit();
        }
        let connection = HttpConnection {
            keep_alive: KeepAlive::begin(stage_times(&app, over_limit_since.is_some())),
            over_limit_since,
            app,
            peer,
            role,
            slot,
            arrived,
            requests: Cell::new(Requests::Awaited),
        };
        Some((connection, counted.ok().flatten()))
    }

    /// True if there has been a request.
    pub fn has_asked(&self) -> bool {
        self.requests() > 0
    }

    /// Returns the number of requests so far.
    pub fn requests(&self) -> u32 {
        match self.requests.get() {
            Requests::Awaited | Requests::Late => 0,
            Requests::Asked(requests) => requests,
        }
    }

    /// True if the connection is so old that its next answer is its last.
    pub fn is_old(&self) -> bool {
        self.arrived.elapsed() >= Duration::from_millis(self.app.limits.http_lifetime_ms)
    }

    /// True if a trusted proxy sends the requests, so that its word on them is believed.
    pub fn is_proxied(&self) -> bool {
        self.role == PeerRole::Proxy
    }

    /// Returns the peer, unless it is a proxy that passes on what anybody may have sent.
    pub fn known_peer(&self) -> Option<SocketAddr> {
        (self.role != PeerRole::PassesOnAnybody).then_some(self.peer)
    }

    /// True if the connection itself is too many for its address. Never true for a proxy's
    /// connection, but requests on it may be too many.
    pub fn is_over_limit(&self) -> bool {
        self.over_limit_since.is_some()
    }

    /// Returns when an address with too many connections gets its refusal: some time after the
    /// accept, or after the request if a proxy sent it.
    pub fn refusal_time(&self) -> Instant {
        self.over_limit_since.unwrap_or_else(Instant::now) + ADDRESS_REFUSAL_DELAY
    }

    /// Counts a request, whose head is whole now.
    pub fn asked(&self, head: &request::Parts) {
        self.keep_alive.is_asked();
        let (limits, meters) = (&self.app.limits, &self.app.admission.meters);
        let observe = self.app.admission.observe();
        if !self.has_asked() {
            // hyper's time for the head begins behind the PROXY header, and `arrived` is the moment
            // before that header. So a head can be in time although its limit has passed since
            // `arrived`.
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
        // hyper may read more than the limit at once. A head that hyper took that way has not
        // reached the limit.
        let bytes = if observe.contains(Limit::HeadBytes) {
            bytes
        } else {
            bytes.min(max)
        };
        meters.judge(observe, Limit::HeadBytes, bytes, max);
    }

    /// Counts a late head once its time is over, if that limit is only observed. Never ends.
    pub async fn watch_head(&self) -> Infallible {
        let time = Duration::from_millis(self.app.limits.max(Limit::HeadTime));
        within(time.saturating_sub(self.arrived.elapsed()), pending::<()>()).await;
        let observe = self.app.admission.observe();
        if !self.has_asked() && observe.contains(Limit::HeadTime) {
            self.judge_head_time(u64::MAX);
            self.requests.set(Requests::Late);
        }
        pending().await
    }

    /// Notes how much of its time the head has taken, in thousandths, but `most` at most.
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

    /// Returns the client that a request with these headers comes from, as far as proxies are
    /// trusted.
    pub fn client(&self, headers: &HeaderMap) -> IpAddr {
        match self.is_proxied() {
            true => self.app.proxies.client(self.peer.ip(), headers),
            false => self.peer.ip().to_canonical(),
        }
    }

    /// Lets a request of `client` in. If a proxy sent the request, the request counts for the
    /// client's address until its answer is found, and a WebSocket that it opens counts until its
    /// end. Otherwise the connection counts already.
    ///
    /// # Errors
    /// The address has too many connections.
    pub fn enter(&self, client: IpAddr) -> Result<Option<Counted>, Refusal> {
        match self.is_proxied() {
            true if self.app.proxies.trusts(client) => Ok(None),
            true => self.app.admission.enter(client),
            false if self.is_over_limit() => Err(Refusal::Address),
            false => Ok(None),
        }
    }

    /// Marks the connection as one that is not cut to make room, until
    /// [`is_answered`](HttpConnection::is_answered).
    pub fn begins_answer(&self) {
        self.slot.iter().for_each(Slot::asks);
    }

    /// Notes that the answer is found, and that the connection may ask again. Not called for an
    /// upgrade, because the connection sends no request after it.
    pub fn is_answered(&self) {
        self.keep_alive.is_answered();
        self.slot.iter().for_each(Slot::is_answered);
    }

    /// Notes that the answer is a refusal that is held back for a while. If the server is full
    /// meanwhile, the connection is cut before others.
    pub fn awaits_refusal(&self) {
        if let Some(slot) = &self.slot {
            slot.is_answered();
            slot.is_over_limit();
        }
    }

    /// Notes that bytes have come.
    pub fn bytes_came(&self) {
        if self.keep_alive.bytes_came() {
            self.slot.iter().for_each(Slot::begins_request);
        }
    }

    /// Notes that all that was written is out. After an answer the connection is idle.
    pub fn is_flushed(&self) {
        if self.keep_alive.is_flushed() {
            self.slot.iter().for_each(Slot::is_idle);
        }
    }

    /// Counts a refusal, and returns its answer. The caller logs it.
    pub fn refuse(&self, refusal: Refusal) -> HttpResponse {
        self.app.admission.refusals.count(refusal);
        refused(&refusal)
    }

    /// Counts a head that was late. The first one is counted at the connection's end.
    pub fn head_was_late(&self) {
        if self.has_asked() {
            let admission = &self.app.admission;
            let observe = admission.observe();
            admission.meters.exceeded(observe, Limit::HeadTime);
        }
    }
}

impl Drop for HttpConnection {
    /// A connection that ends without a request has used up some or all of the time for its head.
    /// If it was over its address's limit, its end counts as its refusal.
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

/// Returns the times of the stages of a connection.
fn stage_times(app: &HttpApp, is_over_limit: bool) -> StageTimes {
    let ms = Duration::from_millis;
    let head = ms(HeadLimits::of(app).time_ms);
    StageTimes {
        // A connection that does not count for its address waits no longer than its 429 does.
        head: match is_over_limit {
            true => head.min(ADDRESS_REFUSAL_DELAY),
            false => head,
        },
        answer: ms(app.limits.http_lifetime_ms),
        idle: ms(app.limits.keep_alive_ms),
    }
}

/// Returns the peer that the proxy announces, and who it is. `None` if the proxy announces none, or
/// takes too long.
async fn announced(
    stream: &TcpStream,
    peer: SocketAddr,
    app: &HttpApp,
) -> Option<(SocketAddr, PeerRole)> {
    let time = Duration::from_millis(app.limits.max(Limit::HeadTime));
    let mut bytes = Vec::new();
    let read = within(time, proxy_protocol::read(stream, &mut bytes)).await;
    let error = match read {
        Some(Ok(Announced::Client(client))) => return Some((client, PeerRole::Client)),
        Some(Ok(Announced::Itself)) => return Some((peer, PeerRole::Client)),
        Some(Ok(Announced::Nobody)) => return Some((peer, PeerRole::PassesOnAnybody)),
        Some(Err(error)) => error,
        None => io::ErrorKind::TimedOut.into(),
    };
    let (refusal, came) = (Refusal::ProxyHeader, FirstBytes::of(&bytes));
    summed!(
        app.admission.sums, NoProxyHeader, came.name(),
        %peer, refusal = refusal.name(), came = came.words(), bytes = came.shown().as_deref(),
        %error, hint = refusal.hint()
    );
    app.admission.refusals.count(refusal);
    None
}

/// Returns about the number of bytes of the head.
fn head_bytes(head: &request::Parts) -> u64 {
    let lines = head.headers.iter();
    let of_lines = lines.map(|(name, value)| name.as_str().len() + value.len() + 4);
    let target = head
        .uri
        .path_and_query()
        .map_or(0, |target| target.as_str().len());
    (target + of_lines.sum::<usize>()) as u64
}
