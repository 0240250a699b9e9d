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
use hyper_util::rt::{TokioIo, TokioTimer};
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
use crate::server::limits::values::ServerLimits;

/// hyper's lower bound for [`Limit::HeadBytes`]; it panics below.
const HEAD_BYTES_MAX_MIN: usize = 8 * 1024;

/// hyper's own bound of header lines, for which it needs no memory of its own.
const HEAD_LINES_MAX_HYPER: usize = 100;

/// Bytes that are still read, and thrown away, after the last answer. Closing a socket with unread
/// input resets the connection, and the client may lose the answer that says what was wrong with
/// its request.
const DISCARDED_BYTES_MAX: usize = 256 * 1024;

/// How long they are read: a client that hears the end closes its side at once.
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
    pub(crate) counted: Option<Counted>,
    /// Bytes that came behind the request head: the client's first frames. Usually empty; its own
    /// memory, not a view into a larger buffer.
    pub leftover: Bytes,
    /// The socket that the request opened.
    pub accepted: Accepted,
}

/// Speaks HTTP on `stream` until it becomes a WebSocket (`Some`) or ends (`None`, whatever the
/// cause).
///
/// `stop` is to be ready when the server stops: then an answer under way is the last, even a 101.
/// Without one the connection ends at once, but a fresh one has a second for its first request,
/// because its client may be about to send it.
///
/// The future is not `Send`; run it as a local task on a runtime with I/O and time. It ends by
/// itself within the [`ServerLimits`], whatever the client does, and may be dropped at any time,
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

/// What became of a connection that spoke HTTP.
pub(crate) enum Outcome {
    Upgraded(Box<Upgraded>),
    /// It ended, whatever the cause.
    Ended,
}

/// [`serve_http`], for a connection with a slot among those of its shard, which may be cut.
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
            // hyper's buffer is many times larger than what is left in it.
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

/// Drives `connection` to its end, which is its last answer (a 101 is one) or an error; None if it
/// was cut.
async fn run(
    http1: &mut Http1Connection,
    limits: &ServerLimits,
    stop: impl Future<Output = ()>,
    connection: &HttpConnection,
) -> Option<hyper::Result<()>> {
    let lifetime = Duration::from_millis(limits.http_lifetime_ms);
    let mut stop = pin!(timeout(lifetime, async {
        stop.await;
        // Needs no waker: a request wakes this task, because hyper runs in it.
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
    // A timer only where there is something for it to count.
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
    // hyper ends a connection that has begun no request, and lets others finish theirs.
    Pin::new(&mut *http1).graceful_shutdown();
    let closing = Duration::from_millis(limits.closing_timeout_ms);
    timeout(closing, poll_fn(|cx| http1.poll_without_shutdown(cx)))
        .await
        .ok()
}

type Http1Connection = http1::Connection<TokioIo<TcpStream>, RequestService>;

/// A connection, and the upgrade that its last request brought.
struct Exchange {
    connection: HttpConnection,
    /// hyper takes the response alone back from its service, so what belongs to a 101 waits here
    /// for its end.
    upgrade: Cell<Option<Upgrade>>,
}

/// What hyper calls with each request of one connection.
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
        // No longer than its 429 would take, because it does not count among those of its address.
        head_time = head_time.min(ADDRESS_REFUSAL_DELAY);
    }
    let mut builder = http1::Builder::new();
    builder
        // Without a timer hyper's time-outs silently do nothing.
        .timer(TokioTimer::new())
        .header_read_timeout(head_time)
        .max_buf_size(limits.bytes_max.max(HEAD_BYTES_MAX_MIN))
        // A client may end its side with its request, as health checks by netcat do, and still
        // wants the answer.
        .half_close(true)
        .keep_alive(true);
    if limits.lines_max != HEAD_LINES_MAX_HYPER {
        builder.max_headers(limits.lines_max);
    }
    builder
}

/// Closes so that the client gets all that was written: shuts our side, then reads what it still
/// sends.
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
mod tests;
