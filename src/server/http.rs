//! HTTP on one connection, from the accepted TCP stream to the upgraded one: hyper runs it, and is gone afterwards.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::net::{IpAddr, Shutdown, SocketAddr};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN};
use hyper::http::request;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::addresses::Counted;
use super::door::Door;
use super::handshake::{Accepted, Refusal, handshake};
use super::in_flight::Seat;
use super::pages::Pages;
use super::response::{HttpResponse, method_not_allowed, not_found, text};
use super::static_files;
use super::upgrade_request::has_body;
use super::visit::{ADDRESS_REFUSAL_DELAY, Visit};
use super::{Proxies, ServerLimits};
use crate::channel::{Matched, Router};

/// What the HTTP side needs to answer; one for all connections of the server.
#[derive(Debug)]
pub struct HttpApp {
    router: Router,
    pub(super) limits: HttpLimits,
    pub(super) proxies: Proxies,
    pub(super) door: Arc<Door>,
    /// None where there is no server round it, and so nothing to be asked about but itself.
    pages: Option<Pages>,
}

/// The limits of a connection while it speaks HTTP. They are generous to a slow client and a slow network, and bound
/// what a silent or hostile one can hold: a file descriptor and some kilobytes, for about a minute at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpLimits {
    /// Longest wait for a whole request head, in milliseconds, from the accept or the end of the answer before, so it
    /// is also how long an idle connection is kept. Default 10,000. Then the connection is closed.
    pub header_timeout_ms: u64,
    /// Longest life as an HTTP connection, in milliseconds. Default 60,000: whoever wants a page or an upgrade has it
    /// long before. Then the answer under way is the last, and has `closing_timeout_ms` to be taken.
    pub lifetime_ms: u64,
    /// How long a connection at the end of its life may still take, in milliseconds. Default 5,000. Then it is cut.
    pub closing_timeout_ms: u64,
    /// Longest wait for the app's answer to a connect, in milliseconds. Default 10,000, as phoenix.js itself gives up
    /// on things after that time. Then the client gets 503.
    pub connect_timeout_ms: u64,
    /// Largest request head, in bytes, at least 8,192 (hyper's own minimum). It bounds hyper's buffer, so that up to twice
    /// as much may pass, as it happens to be read. Default 65,536, eight times what proxies
    /// commonly pass on, as tokens travel in URLs. A larger one is answered with 431.
    pub head_bytes_max: usize,
    /// Most header lines of a request. Default 100. More are answered with 431.
    pub head_lines_max: usize,
}

impl Default for HttpLimits {
    fn default() -> HttpLimits {
        HttpLimits {
            header_timeout_ms: 10_000,
            lifetime_ms: 60_000,
            closing_timeout_ms: 5_000,
            connect_timeout_ms: 10_000,
            head_bytes_max: 64 * 1024,
            head_lines_max: HEAD_LINES_MAX_DEFAULT,
        }
    }
}

/// hyper's lower bound for [`HttpLimits::head_bytes_max`]; it panics below.
const HEAD_BYTES_MAX_MIN: usize = 8 * 1024;

/// hyper's own default, for which it needs no memory of its own.
const HEAD_LINES_MAX_DEFAULT: usize = 100;

/// Requests answered on one connection; the answer to the last one says so. A page takes a few, a prober in a minute some
/// dozens.
const REQUESTS_MAX: u32 = 1_000;

/// What is still read, and thrown away, after the last answer. Closing a socket with unread input resets the
/// connection, and the client may lose the answer that says what was wrong with its request.
const DISCARDED_BYTES_MAX: usize = 256 * 1024;

/// Bytes of a header that are logged: a host name has no more than 253.
const SHOWN_BYTES_MAX: usize = 256;

/// How long to do so: a client that hears the end closes its side at once.
const DISCARD_TIMEOUT: Duration = Duration::from_secs(1);

/// How long a connection that was accepted just before the server stops has for its first request.
const FIRST_REQUEST_GRACE: Duration = Duration::from_secs(1);

/// A connection that became a WebSocket.
#[derive(Debug)]
pub struct Upgraded {
    /// The TCP stream, registered with the runtime that `serve_http` ran on; the 101 is written.
    pub stream: TcpStream,
    /// The other end's address, be it the client's or that of a proxy in front.
    pub peer: SocketAddr,
    /// The client's address, as far as proxies are believed.
    pub client: IpAddr,
    /// Its place among the connections of that address.
    pub(super) counted: Option<Counted>,
    /// What came in behind the request head: the client's first frames. Usually empty; its own memory, not a view
    /// into a larger buffer.
    pub leftover: Bytes,
    /// Whose socket it is.
    pub accepted: Accepted,
}

impl HttpApp {
    /// Serves `router` within the default limits.
    pub fn new(router: Router) -> HttpApp {
        HttpApp {
            router,
            limits: HttpLimits::default(),
            proxies: Proxies::default(),
            door: Arc::new(Door::new(1, &ServerLimits::default())),
            pages: None,
        }
    }

    /// With the pages for operators.
    pub(super) fn pages(mut self, pages: Pages) -> HttpApp {
        self.pages = Some(pages);
        self
    }

    /// With what belongs to the server rather than to what is served.
    pub(super) fn succeeding(mut self, before: &HttpApp) -> HttpApp {
        self.proxies = before.proxies.clone();
        self.door = Arc::clone(&before.door);
        self.pages = before.pages.clone();
        self
    }

    /// Sets which proxies are believed.
    pub fn proxies(mut self, proxies: Proxies) -> HttpApp {
        self.proxies = proxies;
        self
    }

    /// Sets other limits.
    pub fn limits(mut self, limits: HttpLimits) -> HttpApp {
        self.limits = limits;
        self
    }

    /// What is served.
    pub fn router(&self) -> &Router {
        &self.router
    }
}

/// Speaks HTTP on `stream` until it becomes a WebSocket (`Some`) or ends (`None`, whatever the cause).
///
/// `stop` is to be ready when the server stops: then an answer under way is the last, be it a 101, and without one the
/// connection ends at once; but a fresh one has a second for its first request, since its client may be about to send it.
///
/// The future is not `Send`; run it as a local task on a runtime with I/O and time. It ends by itself within the
/// [`HttpLimits`], whatever the client does, and may be dropped at any time, which closes the connection.
pub async fn serve_http(
    stream: TcpStream,
    peer: SocketAddr,
    app: Arc<HttpApp>,
    stop: impl Future<Output = ()>,
) -> Option<Upgraded> {
    serve(stream, peer, app, None, stop).await
}

/// [`serve_http`], for a connection with a seat among those of its shard.
pub(super) async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    app: Arc<HttpApp>,
    seat: Option<Seat>,
    stop: impl Future<Output = ()>,
) -> Option<Upgraded> {
    let visit = Rc::new(Visit::begin(&stream, peer, Arc::clone(&app), seat).await?);
    let requests = Requests(Rc::clone(&visit));
    let mut connection = builder(&visit).serve_connection(TokioIo::new(stream), requests);
    let ended = run(&mut connection, &app.limits, stop, &visit).await?;
    let parts = connection.into_parts();
    let stream = parts.io.into_inner();
    if let (Ok(()), Some(accepted)) = (&ended, visit.accepted.take()) {
        let (client, counted) = visit.leave();
        return Some(Upgraded {
            stream,
            peer: visit.peer,
            client,
            counted,
            // hyper's buffer is many times larger than what is left in it.
            leftover: Bytes::copy_from_slice(&parts.read_buf),
            accepted,
        });
    }
    if let Err(error) = ended {
        tracing::debug!(peer = %visit.peer, %error, "HTTP connection ended");
        visit.failed(&error, parts.read_buf.len());
    }
    drop(parts.read_buf);
    if !visit.is_over_limit() {
        close(stream).await;
    }
    None
}

/// Drives `connection` to its end, which is its last answer (a 101 is one) or an error; None if it was cut.
async fn run(
    connection: &mut Connection,
    limits: &HttpLimits,
    stop: impl Future<Output = ()>,
    visit: &Visit,
) -> Option<hyper::Result<()>> {
    let lifetime = Duration::from_millis(limits.lifetime_ms);
    let mut stop = pin!(timeout(lifetime, async {
        stop.await;
        let first = poll_fn(|_| {
            if visit.has_asked() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        });
        let _ = timeout(FIRST_REQUEST_GRACE, first).await;
    }));
    let ended = poll_fn(|cx| match connection.poll_without_shutdown(cx) {
        Poll::Ready(ended) => Poll::Ready(Some(ended)),
        Poll::Pending => stop.as_mut().poll(cx).map(|_| None),
    });
    if let Some(ended) = ended.await {
        return Some(ended);
    }
    // hyper ends a connection that has begun no request, and lets others finish theirs.
    Pin::new(&mut *connection).graceful_shutdown();
    let closing = Duration::from_millis(limits.closing_timeout_ms);
    timeout(closing, poll_fn(|cx| connection.poll_without_shutdown(cx)))
        .await
        .ok()
}

type Connection = http1::Connection<TokioIo<TcpStream>, Requests>;

/// What hyper calls with each request of one connection.
struct Requests(Rc<Visit>);

impl Service<Request<Incoming>> for Requests {
    type Response = HttpResponse;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Infallible>>>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let visit = Rc::clone(&self.0);
        Box::pin(async move { Ok(respond(&visit, request).await) })
    }
}

fn builder(visit: &Visit) -> http1::Builder {
    let limits = visit.limits_that_bite();
    let mut head_time = Duration::from_millis(limits.header_timeout_ms);
    if visit.is_over_limit() {
        // No longer than its 429 would take: it is not counted among those of its address.
        head_time = head_time.min(ADDRESS_REFUSAL_DELAY);
    }
    let mut builder = http1::Builder::new();
    builder
        // Without a timer hyper's time-outs silently do nothing.
        .timer(TokioTimer::new())
        .header_read_timeout(head_time)
        .max_buf_size(limits.head_bytes_max.max(HEAD_BYTES_MAX_MIN))
        // A client may end its side with its request, as health checks by netcat do, and still wants the answer.
        .half_close(true)
        .keep_alive(true);
    if limits.head_lines_max != HEAD_LINES_MAX_DEFAULT {
        builder.max_headers(limits.head_lines_max);
    }
    builder
}

/// The answer to one request. A socket that is let in is put into the visit, and its 101 is the last answer.
async fn respond(visit: &Visit, request: Request<Incoming>) -> HttpResponse {
    if visit.has_asked() {
        // Requests may be there by the hundred: the others on this thread have their turn between two of them.
        tokio::task::yield_now().await;
    }
    let (head, _unread) = request.into_parts();
    visit.asked(&head);
    let Ok(()) = visit.enter(&head.headers) else {
        tokio::time::sleep_until(visit.refusal_time().into()).await;
        return with_close(visit.refuse(Refusal::Address));
    };
    // Nothing here takes a body. Rather than read it to find the next request behind it, end the connection.
    let is_last = has_body(&head.headers) || visit.requests() >= REQUESTS_MAX;
    let uri = head.uri.clone();
    visit.begins_answer();
    let response = match visit.app.router.find(uri.path()) {
        None => resource(&visit.app, visit.peer, &head).await,
        Some(mount) => open_socket(visit, &mount, head).await,
    };
    visit.is_answered();
    if is_last && response.status() != StatusCode::SWITCHING_PROTOCOLS {
        return with_close(response);
    }
    response
}

fn with_close(mut response: HttpResponse) -> HttpResponse {
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(CONNECTION, close);
    response
}

async fn open_socket(visit: &Visit, mount: &Matched<'_, '_>, head: request::Parts) -> HttpResponse {
    let app_timeout = Duration::from_millis(visit.app.limits.connect_timeout_ms);
    let from = visit.whence();
    let (peer, client) = (from.peer, from.client);
    let compared = tracing::enabled!(tracing::Level::DEBUG)
        .then(|| [ORIGIN, HOST].map(|name| shown(&head.headers, &name)));
    match handshake(mount, head, from, app_timeout).await {
        Ok((socket, response)) => {
            visit.accepted.replace(Some(socket));
            response
        }
        Err(refusal) => {
            // A fault of the app is for an operator to see, a refused client is everyday life.
            match refusal {
                Refusal::AppPanicked | Refusal::AppTooSlow => {
                    tracing::error!(%peer, %client, "{refusal}");
                }
                Refusal::Origin => {
                    let [origin, host] = compared.unwrap_or_default();
                    tracing::debug!(%peer, %client, %refusal, ?origin, ?host, "socket refused");
                }
                _ => tracing::debug!(%peer, %client, %refusal, "socket refused"),
            }
            visit.refuse(refusal)
        }
    }
}

/// The beginning of a header for the log; to be escaped there, since it is the client's.
fn shown(headers: &HeaderMap, name: &HeaderName) -> String {
    let value = headers.get(name).map_or(&[][..], HeaderValue::as_bytes);
    String::from_utf8_lossy(&value[..value.len().min(SHOWN_BYTES_MAX)]).into_owned()
}

/// What is not a socket.
async fn resource(app: &HttpApp, peer: SocketAddr, head: &request::Parts) -> HttpResponse {
    if let Some(pages) = &app.pages
        && let Some(answer) = pages.answer(head, peer).await
    {
        return answer;
    }
    match head.uri.path() {
        "/healthz" if head.method == Method::GET || head.method == Method::HEAD => {
            text(StatusCode::OK, "ok\n")
        }
        "/healthz" => method_not_allowed(),
        _ if app.router.serves_static_files() => static_files::respond(head),
        _ => not_found(),
    }
}

/// Closes so that the client gets what was written: says the end, then takes in what it is still sending.
async fn close(stream: TcpStream) {
    let _ = socket2::SockRef::from(&stream).shutdown(Shutdown::Write);
    let discard = async {
        let mut discarded = 0;
        while discarded < DISCARDED_BYTES_MAX && stream.readable().await.is_ok() {
            // The buffer lives only between two waits, so it does not swell the future.
            match stream.try_read(&mut [0; 4096]) {
                Ok(0) => return,
                Ok(count) => discarded += count,
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
        }
    };
    let _ = timeout(DISCARD_TIMEOUT, pin!(discard)).await;
}

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
