//! One connection's stay in HTTP: who is there, as proxies tell, what it counts for, and which limits it came near.

use std::cell::{Cell, RefCell};
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
use super::handshake::{Accepted, RequestOrigin};
use super::pending::Slot;
use super::response::HttpResponse;
use super::response::refused;
use crate::server::admission::addresses::Counted;
use crate::server::admission::proxy_header;
use crate::server::admission::refusal::Refusal;
use crate::server::limits::limit::Limit;

/// How long a connection or request of an address with too many connections is kept, and then told so: phoenix.js tries
/// again within 10 ms of an answer. It is kept no longer than there is room for it
/// ([`Limit::UpgradesInFlight`]).
pub(crate) const ADDRESS_REFUSAL_DELAY: Duration = Duration::from_secs(1);

/// That stay, from the accept to the upgrade or the end.
pub(crate) struct HttpConnection {
    pub app: Arc<HttpApp>,
    pub peer: SocketAddr,
    /// The socket that was let in.
    pub accepted: RefCell<Option<Accepted>>,
    client: Cell<IpAddr>,
    /// It is a trusted proxy's, which may bring another client with each request.
    is_proxied: bool,
    counted: RefCell<Result<Option<Counted>, Refusal>>,
    /// When it turned out, as it came, to be too many of its address.
    over_limit_since: Option<Instant>,
    slot: Option<Slot>,
    arrived: Instant,
    requests: Cell<u32>,
    /// The time for the head has passed while it only counts, and has been counted.
    is_late: Cell<bool>,
}

/// The limits of a request head as they bite.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeadLimits {
    pub time_ms: u64,
    pub bytes_max: usize,
    pub lines_max: usize,
}

impl HttpConnection {
    /// Finds out who is there. `None` if a trusted proxy did not say so as it should.
    pub async fn begin(
        stream: &TcpStream,
        peer: SocketAddr,
        app: Arc<HttpApp>,
        slot: Option<Slot>,
    ) -> Option<HttpConnection> {
        let arrived = Instant::now();
        let peer = if app.proxies.proxy_protocol && app.proxies.trusts(peer.ip()) {
            announced(stream, peer, &app).await?
        } else {
            peer
        };
        let is_proxied = app.proxies.trusts(peer.ip());
        let client = peer.ip().to_canonical();
        let counted = match is_proxied {
            true => Ok(None),
            false => app.admission.enter(client),
        };
        let over_limit_since = counted.is_err().then(Instant::now);
        if let (Some(_), Some(slot)) = (over_limit_since, &slot) {
            slot.is_over_limit();
        }
        Some(HttpConnection {
            over_limit_since,
            app,
            peer,
            accepted: RefCell::default(),
            client: Cell::new(client),
            is_proxied,
            counted: RefCell::new(counted),
            slot,
            arrived,
            requests: Cell::new(0),
            is_late: Cell::new(false),
        })
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
        self.requests.get() > 0
    }

    /// How many requests there have been.
    pub fn requests(&self) -> u32 {
        self.requests.get()
    }

    /// The connection as such is too many of its address; one of a proxy never is, but its requests may be.
    pub fn is_over_limit(&self) -> bool {
        self.over_limit_since.is_some()
    }

    /// When whoever is too many of its address may be told so: a while after it came, or asked if a proxy asks for it.
    pub fn refusal_time(&self) -> Instant {
        self.over_limit_since.unwrap_or_else(Instant::now) + ADDRESS_REFUSAL_DELAY
    }

    /// A request's head is whole.
    pub fn asked(&self, head: &request::Parts) {
        let (limits, meters) = (&self.app.limits, &self.app.admission.meters);
        let observe = self.app.admission.observe();
        if self.requests.replace(self.requests.get() + 1) == 0 {
            // With a PROXY header before it a head may take longer and be in time.
            let is_observed = observe.contains(Limit::HeadTime);
            self.judge_head_time(if is_observed { u64::MAX } else { 1000 });
        }
        let lines = head.headers.len() as u64;
        meters.judge(
            observe,
            Limit::HeadLines,
            lines,
            limits.max(Limit::HeadLines),
        );
        let (bytes, max) = (head_bytes(head), limits.max(Limit::HeadBytes));
        // What was let through although it is larger, as it happened to be read, has reached nothing.
        let bytes = if observe.contains(Limit::HeadBytes) {
            bytes
        } else {
            bytes.min(max)
        };
        meters.judge(observe, Limit::HeadBytes, bytes, max);
    }

    /// Counts a head that is not there in time when that time is over, where that only counts; then waits for ever.
    pub async fn watch_head(&self) -> Infallible {
        let time = Duration::from_millis(self.app.limits.max(Limit::HeadTime));
        sleep(time.saturating_sub(self.arrived.elapsed())).await;
        let observe = self.app.admission.observe();
        if !self.has_asked() && observe.contains(Limit::HeadTime) {
            self.judge_head_time(u64::MAX);
            self.is_late.set(true);
        }
        pending().await
    }

    /// Notes how much of its time the head has taken, in thousandths, and not more than `most`.
    fn judge_head_time(&self, most: u64) {
        let (waited, admission) = (
            self.arrived.elapsed().as_micros() as u64,
            &self.app.admission,
        );
        let part = waited.div_ceil(self.app.limits.max(Limit::HeadTime).max(1));
        let (observe, limit, part) = (admission.observe(), Limit::HeadTime, part.min(most));
        if self.is_late.get() {
            admission.meters.note(observe, limit, part, 1000);
        } else {
            admission.meters.judge(observe, limit, part, 1000);
        }
    }

    /// Finds out whose the request is, and counts the connection for that client meanwhile.
    ///
    /// # Errors
    /// There are too many of that client's address.
    pub fn enter(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        if self.is_proxied {
            let proxies = &self.app.proxies;
            let client = proxies.client(self.peer.ip(), headers);
            self.client.set(client);
            let counted = match proxies.trusts(client) {
                true => Ok(None),
                false => self.app.admission.enter(client),
            };
            *self.counted.borrow_mut() = counted;
        }
        self.counted
            .borrow()
            .as_ref()
            .map(drop)
            .map_err(|refusal| *refusal)
    }

    /// From here on to [`is_answered`](HttpConnection::is_answered) it is not cut to make room.
    pub fn begins_answer(&self) {
        self.slot.iter().for_each(Slot::asks);
    }

    /// The answer is found. It may ask again.
    pub fn is_answered(&self) {
        if self.accepted.borrow().is_some() {
            // It asks no more, and is as good as a WebSocket.
            return;
        }
        self.slot.iter().for_each(Slot::is_answered);
        if self.is_proxied {
            *self.counted.borrow_mut() = Ok(None);
        }
    }

    /// Where the present request comes from.
    pub fn request_origin(&self) -> RequestOrigin {
        let (peer, client) = (self.peer, self.client.get());
        RequestOrigin { peer, client }
    }

    /// Counts a refusal that the log tells elsewhere. Returns its answer.
    pub fn refuse(&self, refusal: Refusal) -> HttpResponse {
        self.app.admission.refusals.count(refusal);
        refused(&refusal)
    }

    /// It ends as HTTP: who it is, and its place among the connections of that address.
    pub fn leave(&self) -> (IpAddr, Option<Counted>) {
        let counted = self.counted.replace(Ok(None));
        (self.client.get(), counted.ok().flatten())
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
    /// Whoever ends without a request has used up some of the time for one, or all of it; or was refused without.
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

/// The peer as the proxy announces it. `None` if it does not, or takes too long.
async fn announced(stream: &TcpStream, peer: SocketAddr, app: &HttpApp) -> Option<SocketAddr> {
    let time = Duration::from_millis(app.limits.max(Limit::HeadTime));
    let refusal = Refusal::ProxyHeader.name();
    match timeout(time, proxy_header::read(stream)).await {
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

/// About what the head took: its lines without what is around them.
fn head_bytes(head: &request::Parts) -> u64 {
    let lines = head.headers.iter();
    let of_lines = lines.map(|(name, value)| name.as_str().len() + value.len() + 4);
    let target = head
        .uri
        .path_and_query()
        .map_or(0, |target| target.as_str().len());
    (target + of_lines.sum::<usize>()) as u64
}
