//! HTTP on one connection, by hyper, from its accept to its upgrade or end.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::net::{IpAddr, Shutdown, SocketAddr};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::app::HttpApp;
use super::connection::{ADDRESS_REFUSAL_DELAY, HttpConnection};
use super::handshake::Accepted;
use super::pending::{PendingEntry, Slot};
use super::respond::{Answer, Upgrade, respond};
use super::response::HttpResponse;
use crate::server::admission::addresses::Counted;
use crate::server::limits::limit::Limit;
use crate::server::limits::step_timer::{StepTimer, within};
use crate::server::limits::values::ServerLimits;

/// hyper's lower bound for [`Limit::HeadBytes`]; hyper panics below it.
const HEAD_BYTES_MAX_MIN: usize = 8 * 1024;

/// hyper's default bound of header lines. With it hyper needs no extra memory for them.
const HEAD_LINES_MAX_HYPER: usize = 100;

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
    let exchange = Rc::new(Exchange {
        connection,
        upgrade: Cell::default(),
    });
    let connection = &exchange.connection;
    let mut http1 = builder(connection)
        .serve_connection(TokioIo::new(stream), RequestService(Rc::clone(&exchange)));
    let Some(ended) = run(&mut http1, &app.limits, stop, connection).await else {
        return Outcome::Ended;
    };
    let parts = http1.into_parts();
    let stream = parts.io.into_inner();
    if let (Ok(()), Some(upgrade)) = (&ended, exchange.upgrade.take()) {
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
    if let Err(error) = ended {
        tracing::debug!(peer = %connection.peer, %error, "HTTP connection ended");
        connection.failed(&error, parts.read_buf.len());
    }
    drop(parts.read_buf);
    if !connection.is_over_limit() {
        close(stream).await;
    }
    Outcome::Ended
}

/// Drives `http1` to the last answer of `connection` (which may be a 101) or an error. `None` if
/// the last answer took longer than [`ServerLimits::closing_timeout_ms`].
async fn run(
    http1: &mut Http1Connection,
    limits: &ServerLimits,
    stop: impl Future<Output = ()>,
    connection: &HttpConnection,
) -> Option<hyper::Result<()>> {
    let lifetime = Duration::from_millis(limits.http_lifetime_ms);
    let mut stop = pin!(within(lifetime, async {
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
    }));
    let observe = connection.app.admission.observe();
    // This future counts a late head, and runs only while the limit is observed. If the limit is
    // enforced, hyper's own time-out ends the connection, whose `drop` counts the late head.
    let mut watch = pin!(
        observe
            .contains(Limit::HeadTime)
            .then(|| connection.watch_head())
    );
    let ended = poll_fn(|cx| {
        if let Some(watch) = watch.as_mut().as_pin_mut() {
            let _ = watch.poll(cx);
        }
        match http1.poll_without_shutdown(cx) {
            Poll::Ready(ended) => Poll::Ready(Some(ended)),
            Poll::Pending => stop.as_mut().poll(cx).map(|_| None),
        }
    });
    if let Some(ended) = ended.await {
        return Some(ended);
    }
    // hyper ends a connection without a request under way, and lets a request under way finish.
    Pin::new(&mut *http1).graceful_shutdown();
    let closing = Duration::from_millis(limits.closing_timeout_ms);
    within(closing, poll_fn(|cx| http1.poll_without_shutdown(cx))).await
}

type Http1Connection = http1::Connection<TokioIo<TcpStream>, RequestService>;

/// A connection, and the upgrade that its last request asked for.
struct Exchange {
    connection: HttpConnection,
    /// hyper takes only the response from its service, so the rest of an upgrade waits here until
    /// hyper has written the 101.
    upgrade: Cell<Option<Upgrade>>,
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
            Ok(match respond(&exchange.connection, request).await {
                Answer::Response(response) => response,
                Answer::Upgrade(response, upgrade) => {
                    exchange.upgrade.set(Some(upgrade));
                    response
                }
            })
        })
    }
}

fn builder(connection: &HttpConnection) -> http1::Builder {
    let limits = connection.limits_that_bite();
    let mut head_time = Duration::from_millis(limits.time_ms);
    if connection.is_over_limit() {
        // The time for the head is at most the delay of the 429, because the connection does not
        // count for its address.
        head_time = head_time.min(ADDRESS_REFUSAL_DELAY);
    }
    let mut builder = http1::Builder::new();
    builder
        // Without a timer hyper's time-outs silently do nothing.
        .timer(StepTimer)
        .header_read_timeout(head_time)
        .max_buf_size(limits.bytes_max.max(HEAD_BYTES_MAX_MIN))
        // A client may end its side right after its request, as health checks by netcat do, and
        // still wants the answer.
        .half_close(true)
        .keep_alive(true);
    if limits.lines_max != HEAD_LINES_MAX_HYPER {
        builder.max_headers(limits.lines_max);
    }
    builder
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
