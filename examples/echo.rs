//! A plain RFC 6455 echo server on the broker's own reader and sealing.
//!
//! Public conformance suites can be pointed at it: `cargo run --example echo`, then for instance
//! Autobahn's fuzzing client at its URL.
//!
//! Text and binary messages come back whole, in one frame. A ping is answered by a pong, and a
//! Close by a Close with the same code. A broken rule is answered by a Close with 1002, 1007 or
//! 1009. There are no subprotocols and no extensions, and any path is served.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::io::{self, ErrorKind, Write};
use std::net::{Shutdown, SocketAddr};
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use bytes::{Buf, Bytes};
use clap::Parser;
use fastwebsockets::{OpCode, upgrade};
use http_body_util::Empty;
use hyper::header::{HeaderValue, SEC_WEBSOCKET_VERSION, UPGRADE};
use hyper::{Method, Request, Response, StatusCode, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use lobbyd::websocket::{FrameReader, Inbound, ReadBuffer, ReadLimits, seal};
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::LocalSet;
use tokio::time::{sleep, timeout};

/// Longest time of a request until it is complete.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(10);
/// Longest wait for the peer to end its side after the server's Close.
const WIND_DOWN_TIME_MAX: Duration = Duration::from_secs(5);
/// Pause after a failed accept, mostly for want of descriptors, in which some connection may end.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Sends every WebSocket message back, strictly by RFC 6455.
#[derive(Parser)]
struct Args {
    /// Address and port to listen on; port 0 takes any free port.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:9001")]
    listen: SocketAddr,
    /// Most bytes of a message, fragmented or not; a longer message is closed with 1009.
    #[arg(long, value_name = "BYTES", default_value_t = 16 * 1024 * 1024)]
    max_message_bytes: usize,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let limits = ReadLimits {
        message_bytes_max: args.max_message_bytes,
    };
    let served = std::net::TcpListener::bind(args.listen).and_then(|listener| {
        let address = listener.local_addr()?;
        writeln!(io::stdout(), "echo server on ws://{address}/")?;
        serve(listener, limits)
    });
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("echo server on {}: {e}", args.listen);
            ExitCode::FAILURE
        }
    }
}

/// Serves `listener` on this thread until the process ends.
///
/// # Errors
/// Only if the server cannot begin.
pub fn serve(listener: std::net::TcpListener, limits: ReadLimits) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    LocalSet::new().block_on(&runtime, accept(listener, limits))
}

/// The state that all connections share, with one read buffer, as in a shard of the broker.
struct Shared {
    buffer: RefCell<ReadBuffer>,
    limits: ReadLimits,
}

async fn accept(listener: std::net::TcpListener, limits: ReadLimits) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    let shared = Rc::new(Shared {
        buffer: RefCell::default(),
        limits,
    });
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let shared = Rc::clone(&shared);
                // An I/O error ends only its own connection, and nobody needs a report of it.
                tokio::task::spawn_local(async move { connection(stream, &shared).await.ok() });
            }
            Err(e) => {
                eprintln!("accept: {e}");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    if let Some((stream, early)) = handshake(stream).await {
        echo(&stream, early, shared).await?;
        wind_down(&stream).await?;
    }
    Ok(())
}

// Handshake (§4.2)

/// Returns the socket after the 101, and the bytes that the client sent right after its request.
/// `None` if there was no upgrade.
async fn handshake(stream: TcpStream) -> Option<(TcpStream, Bytes)> {
    let upgraded = Cell::new(false);
    let service = service_fn(|request| {
        let response = respond(request);
        upgraded.set(response.status() == StatusCode::SWITCHING_PROTOCOLS);
        async { Ok::<_, Infallible>(response) }
    });
    let parts = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST_TIME_MAX)
        .serve_connection(TokioIo::new(stream), service)
        .without_shutdown()
        .await
        .ok()?;
    upgraded
        .get()
        .then(|| (parts.io.into_inner(), parts.read_buf))
}

fn respond(mut request: Request<hyper::body::Incoming>) -> Response<Empty<Bytes>> {
    if request.method() != Method::GET || !upgrade::is_upgrade_request(&request) {
        return refusal(StatusCode::UPGRADE_REQUIRED);
    }
    match upgrade::upgrade(&mut request) {
        Ok((response, _)) => response,
        Err(_) => refusal(StatusCode::BAD_REQUEST),
    }
}

fn refusal(status: StatusCode) -> Response<Empty<Bytes>> {
    let mut response = Response::new(Empty::new());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    response
}

// Messages (§5, §6)

/// Answers frames until the server's Close is written. An error if the peer is gone.
async fn echo(stream: &TcpStream, mut early: Bytes, shared: &Shared) -> io::Result<()> {
    let mut reader = FrameReader::new();
    loop {
        if early.is_empty() {
            stream.readable().await?;
        }
        let mut answers = Vec::new();
        let is_closing = {
            // The buffer is not held while waiting: `next` has emptied it by then.
            let buffer = &mut *shared.buffer.borrow_mut();
            match reader.fill(buffer, |space| read(&mut early, stream, space)) {
                Ok(filled) if filled.read == 0 => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(_) => {}
                Err(e) if e.kind() == ErrorKind::WouldBlock => continue,
                Err(e) => return Err(e),
            }
            let is_closing = answer(&mut reader, buffer, &shared.limits, &mut answers);
            if is_closing {
                // §5.5.1: bytes after a Close are ignored.
                reader.discard(buffer);
            }
            is_closing
        };
        write_all(stream, &answers).await?;
        if is_closing {
            return Ok(());
        }
    }
}

fn read(early: &mut Bytes, stream: &TcpStream, space: &mut [u8]) -> io::Result<usize> {
    if early.is_empty() {
        return stream.try_read(space);
    }
    let len = early.len().min(space.len());
    early.copy_to_slice(&mut space[..len]);
    Ok(len)
}

/// Appends the answers to all whole messages. Returns true if the last answer is a Close.
fn answer(
    reader: &mut FrameReader,
    buffer: &mut ReadBuffer,
    limits: &ReadLimits,
    answers: &mut Vec<u8>,
) -> bool {
    loop {
        match reader.next(buffer, limits) {
            Ok(Some(Inbound::Close(payload))) => {
                // The code alone, or no payload if there is none (RFC 6455 §5.5.1).
                let code = payload.get(..2).unwrap_or_default();
                answers.extend(seal(OpCode::Close, code));
                return true;
            }
            Ok(Some(Inbound::Ping(payload))) => answers.extend(seal(OpCode::Pong, payload)),
            Ok(Some(Inbound::Pong(_))) => {}
            Ok(Some(Inbound::Text(text))) => answers.extend(seal(OpCode::Text, text.as_bytes())),
            Ok(Some(Inbound::Binary(bytes))) => answers.extend(seal(OpCode::Binary, bytes)),
            Ok(None) => return false,
            Err(violation) => {
                answers.extend(seal(OpCode::Close, &violation.close_code().to_be_bytes()));
                return true;
            }
        }
    }
}

async fn write_all(stream: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        stream.writable().await?;
        match stream.try_write(bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(e) if e.kind() == ErrorKind::WouldBlock => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

// The end (§7.1)

/// Ends the server's side and reads the peer's side to its end. A close with unread input would
/// send a reset, which can destroy the Close before the peer reads it.
async fn wind_down(stream: &TcpStream) -> io::Result<()> {
    SockRef::from(stream).shutdown(Shutdown::Write)?;
    let drained = timeout(WIND_DOWN_TIME_MAX, async {
        let mut scratch = [0; 4096];
        loop {
            stream.readable().await?;
            match stream.try_read(&mut scratch) {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(e) if e.kind() == ErrorKind::WouldBlock => {}
                Err(e) => return Err(e),
            }
        }
    });
    drained.await.unwrap_or(Ok(()))
}
