//! HTTP on one connection, by hyper, from its accept to its upgrade or end.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::{Future, pending, poll_fn};
use std::io;
use std::net::{IpAddr, Shutdown, SocketAddr};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::app::HttpApp;
use super::connection::{HeadLimits, HttpConnection};
use super::handshake::Accepted;
use super::http_stream::HttpStream;
use super::keep_alive::{HttpStage, StageTimer};
use super::pending::{PendingEntry, Slot};
use super::respond::{Answer, Upgrade, respond};
use super::response::HttpResponse;
use crate::server::admission::addresses::Counted;
use crate::server::limits::limit::Limit;
use crate::server::limits::step_timer::{StepSleep, within};
use crate::server::limits::values::ServerLimits;

/// hyper's lower bound for [`Limit::HeadBytes`]; hyper panics below it.
const HEAD_BYTES_MAX_MIN: usize = 8 * 1024;

/// hyper's default bound of header lines. With it hyper needs no extra memory for them.
const HEAD_LINES_MAX_HYPER: usize = 100;

/// The most header lines that hyper is allowed. It makes room for as many at each request, some 50
/// bytes each, and its map of headers panics at more than this.
const HEAD_LINES_MAX_MAX: usize = 16_384;

/// Bytes that are still read, and thrown away, after the last answer. Closing a socket with unread
/// input resets the connection. The client may then lose the answer that says what was wrong with
/// its request.
const DISCARDED_BYTES_MAX: usize = 256 * 1024;

/// How long input is read after the last answer. A client that notices the end closes its side at
/// once.
const DISCARD_TIMEOUT: Duration = Duration::from_secs(1);

/// How long a connection without a request has for its first request once the server stops.
const FIRST_REQUEST_GRACE: Duration = Duration::from_secs(1);

/// A connection that became a WebSocket.
#[derive(Debug)]
pub struct Upgraded {
    /// The TCP stream, registered with the runtime that `serve_http` ran on; the 101 is written.
    pub stream: TcpStream,
    /// The address of the other end: the client, or a proxy in front of the server.
    pub peer: SocketAddr,
    /// The client's address, as far as proxies are trusted.
    pub client: IpAddr,
    /// The connection's place among the connections of the client's address.
    pub(crate) counted: Option<Counted>,
    /// Bytes that came behind the request head: the client's first frames. Usually empty. They have
    /// their own memory, and are no view into a larger buffer.
    pub leftover: Bytes,
    /// The socket that the request opened.
    pub accepted: Accepted,
}

/// Speaks HTTP on `stream` until the connection becomes a WebSocket (`Some`) or ends for any reason
/// (`None`).
///
/// `stop` becomes ready when the server stops: then an answer under way is the last, even a 101.
/// Without an answer under way the connection ends at once. A connection without any request yet
/// has a second more for its first request, because its client may be about to send it.
///
/// The future is not `Send`; run it as a local task on a runtime with I/O and time. It ends by
/// itself within the [`ServerLimits`], regardless of the client. It may be dropped at any time,
/// which closes the connection.
#[cfg(feature = "engine")]
pub async fn serve_http(
    stream: TcpStream,
    peer: SocketAddr,
    app: Arc<HttpApp>,
    stop: impl Future<Output = ()>,
) -> Option<Upgraded> {
    match speak_http(stream, peer, app, None, stop).await {
        Outcome::Upgraded(upgraded) => Some(*upgraded),
        Outcome::Ended => None,
    }
}

/// The end of a connection's time in HTTP.
pub(crate) enum Outcome {
    Upgraded(Box<Upgraded>),
    /// The connection ended, for any reason.
    Ended,
}

/// [`serve_http`] for a connection with a slot in [`Pending`](super::pending::Pending), which may
/// be cut.
pub(crate) async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    app: Arc<HttpApp>,
    entry: PendingEntry,
    stop: impl Future<Output = ()>,
) -> Outcome {
    let PendingEntry { slot, is_cut } = entry;
    tokio::select! {
        biased;
        outcome = speak_http(stream, peer, app, Some(slot), stop) => outcome,
        _ = is_cut => Outcome::Ended,
    }
}

async fn speak_http(
    stream: TcpStream,
    peer: SocketAddr,
    app: Arc<HttpApp>,
    slot: Option<Slot>,
    stop: impl Future<Output = ()>,
) -> Outcome {
    let begun = HttpConnection::begin(&stream, peer, Arc::clone(&app), slot).await;
    let Some((connection, counted)) = begun else {
        return Outcome::Ended;
    };
    let connection = Rc::new(connection);
    let exchange = Rc::new(Exchange {
        connection: Rc::clone(&connection),
        upgrade: Cell::default(),
        is_upgraded: Cell::new(false),
    });
    let stream = HttpStream::new(stream, Rc::clone(&connection));
    let mut http1 =
        builder(&connection).serve_connection(stream, RequestService(Rc::clone(&exchange)));
    let Some(ended) = run(&mut http1, &app.limits, stop, &exchange).await else {
        return Outcome::Ended;
    };
    let parts = http1.into_parts();
    let stream = parts.io.into_inner();
    if let Some(upgrade) = exchange.upgrade.take() {
        if !is_answered(&stream, &upgrade, &app).await {
            return Outcome::Ended;
        }
        return Outcome::Upgraded(Box::new(Upgraded {
            stream,
            peer: connection.peer,
            client: upgrade.client,
            counted: upgrade.counted.or(counted),
            // hyper's buffer is many times larger than the bytes left in it.
            leftover: Bytes::copy_from_slice(&parts.read_buf),
            accepted: upgrade.accepted,
        }));
    }
    match ended {
        HttpEnd::Hyper(Ok(())) | HttpEnd::Upgraded | HttpEnd::Idle => {}
        HttpEnd::Hyper(Err(error)) => {
            tracing::debug!(peer = %connection.peer, %error, "HTTP connection ended");
            connection.failed(&error, &parts.read_buf);
        }
        HttpEnd::HeadLate => {
            let error = "the request head took too long";
            tracing::debug!(peer = %connection.peer, error, "HTTP connection ended");
            connection.head_was_late();
        }
    }
    drop(parts.read_buf);
    if !connection.is_over_limit() {
        close(stream).await;
    }
    Outcome::Ended
}

/// Writes the 101. False if the client does not take it in time.
async fn is_answered(stream: &TcpStream, upgrade: &Upgrade, app: &HttpApp) -> bool {
    let closing = Duration::from_millis(app.limits.closing_timeout_ms);
    let answer = upgrade.answer.to_bytes();
    matches!(
        within(closing, write_all(stream, &answer)).await,
        Some(Ok(()))
    )
}

/// The reason why hyper drives a connection no longer.
enum HttpEnd {
    /// hyper has written the last answer, or failed.
    Hyper(hyper::Result<()>),
    /// The last request opens a WebSocket. hyper has written all answers before it.
    Upgraded,
    /// No request came for [`ServerLimits::keep_alive_ms`].
    Idle,
    /// A request head was not whole in time.
    HeadLate,
}

/// Drives `http1` to its end. `None` if the last answer took longer than
/// [`ServerLimits::closing_timeout_ms`].
async fn run(
    http1: &mut Http1Connection,
    limits: &ServerLimits,
    stop: impl Future<Output = ()>,
    exchange: &Exchange,
) -> Option<HttpEnd> {
    let connection = &*exchange.connection;
    let mut stop = pin!(async {
        stop.await;
        // This future needs no waker: a request wakes this task, because hyper runs in it.
        let first = poll_fn(|_| {
            if connection.has_asked() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        });
        let _ = timeout(FIRST_REQUEST_GRACE, first).await;
    });
    let observe = connection.app.admission.observe();
    // This future counts a late head, and runs only while the limit is observed. If the limit is
    // enforced, the time of the stage ends the connection, whose `drop` counts the late head.
    let mut watch = pin!(
        observe
            .contains(Limit::HeadTime)
            .then(|| connection.watch_head())
    );
    let mut stage_timer = StageTimer::new(StepSleep::new(Duration::ZERO));
    let ending = poll_fn(|cx| {
        if let Some(watch) = watch.as_mut().as_pin_mut() {
            let _ = watch.poll(cx);
        }
        if let Poll::Ready(ending) = exchange.poll(http1, cx) {
            return Poll::Ready(Some(ending));
        }
        match connection.keep_alive.poll_over(&mut stage_timer, cx) {
            Poll::Ready(HttpStage::Idle) => Poll::Ready(Some(HttpEnd::Idle)),
            Poll::Ready(HttpStage::Head) => Poll::Ready(Some(HttpEnd::HeadLate)),
            Poll::Ready(HttpStage::Answer | HttpStage::Write) => Poll::Ready(None),
            Poll::Pending => stop.as_mut().poll(cx).map(|()| None),
        }
    });
    if let Some(ending) = ending.await {
        return Some(ending);
    }
    // hyper ends a connection without a request under way, and lets a request under way finish.
    Pin::new(&mut *http1).graceful_shutdown();
    let closing = Duration::from_millis(limits.closing_timeout_ms);
    within(closing, poll_fn(|cx| exchange.poll(http1, cx))).await
}

type Http1Connection = http1::Connection<HttpStream, RequestService>;

/// A connection, and the upgrade that its last request asked for.
struct Exchange {
    connection: Rc<HttpConnection>,
    upgrade: Cell<Option<Upgrade>>,
    /// Whether `upgrade` is there.
    is_upgraded: Cell<bool>,
}

impl Exchange {
    /// Lets hyper go on. Ready at the end of hyper's part.
    ///
    /// hyper spells the names of all headers in lower case, and some clients look for those of
    /// RFC 6455 as they are printed there. So the 101 is not hyper's: a request that is to be
    /// answered with one never gets an answer from the service. hyper reads a request once the
    /// answer before it is written, so nothing of hyper's is left to write then.
    fn poll(&self, http1: &mut Http1Connection, cx: &mut Context<'_>) -> Poll<HttpEnd> {
        match http1.poll_without_shutdown(cx) {
            Poll::Ready(ended) => Poll::Ready(HttpEnd::Hyper(ended)),
            Poll::Pending if self.is_upgraded.get() => Poll::Ready(HttpEnd::Upgraded),
            Poll::Pending => Poll::Pending,
        }
    }
}

/// The service that hyper calls with each request of one connection.
struct RequestService(Rc<Exchange>);

impl Service<Request<Incoming>> for RequestService {
    type Response = HttpResponse;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Infallible>>>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let exchange = Rc::clone(&self.0);
        Box::pin(async move {
            match respond(&exchange.connection, request).await {
                Answer::Response(response) => Ok(response),
                Answer::Upgrade(upgrade) => {
                    exchange.upgrade.set(Some(upgrade));
                    exchange.is_upgraded.set(true);
                    pending().await
                }
            }
        })
    }
}

fn builder(connection: &HttpConnection) -> http1::Builder {
    let limits = HeadLimits::of(&connection.app);
    let mut builder = http1::Builder::new();
    builder
        // hyper has one time for a head and for the pause before it: see `keep_alive`.
        .header_read_timeout(None)
        .max_buf_size(limits.bytes_max.max(HEAD_BYTES_MAX_MIN))
        // A client may end its side right after its request, as health checks by netcat do, and
        // still wants the answer.
        .half_close(true)
        .keep_alive(true);
    if limits.lines_max != HEAD_LINES_MAX_HYPER {
        builder.max_headers(limits.lines_max.min(HEAD_LINES_MAX_MAX));
    }
    builder
}

async fn write_all(stream: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        stream.writable().await?;
        match stream.try_write(bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Closes a connection so that the client gets all that was written: shuts our side, then reads the
/// client's remaining bytes.
async fn close(stream: TcpStream) {
    let _ = socket2::SockRef::from(&stream).shutdown(Shutdown::Write);
    let discard = async {
        let mut discarded = 0;
        while discarded < DISCARDED_BYTES_MAX && stream.readable().await.is_ok() {
            // The buffer exists only between two waits, so the future stays small.
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
mod tests;
