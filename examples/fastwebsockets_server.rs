//! The baseline of `benches/table`: a plain server of lobbies on hyper and fastwebsockets.
//!
//! Each connection has one task, which reads and writes. Each lobby has a broadcast channel, on
//! which all its members hear each message.
//!
//! `cargo run --release --example fastwebsockets_server -- 127.0.0.1:4000` serves at that address,
//! on a thread for each core that the process may use. The server speaks as much of version 2 of
//! the Phoenix Channels protocol as a fan-out needs: a join of one topic for each connection,
//! heartbeats, `new_msg` to all members, a leave. Each broadcast is serialised once, and all
//! connections share the bytes. The head of the frame is made for each member, because `write_frame`
//! makes it.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use fastwebsockets::{
    FragmentCollectorRead, Frame, OpCode, Payload, WebSocketError, WebSocketRead, WebSocketWrite,
    upgrade,
};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::Upgraded;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::value::RawValue;
use tokio::io::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast::{self, Receiver, Sender};
use tokio::sync::mpsc;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Most broadcasts that a connection may be behind before it is given up.
const BROADCASTS_BEHIND_MAX: usize = 4096;
/// Most answers that a client has not taken; beyond this the client is not read.
const ANSWERS_MAX: usize = 64;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1);
    let address: SocketAddr = address.as_deref().unwrap_or("127.0.0.1:4000").parse()?;
    lobbyd::server::raise_descriptor_limit();
    let listener = std::net::TcpListener::bind(address)?;
    println!(
        "plain lobbies on ws://{}/socket/websocket",
        listener.local_addr()?
    );
    serve(listener)?;
    Ok(())
}

/// Serves `listener` until the process ends.
///
/// # Errors
/// Only if the server cannot begin.
pub fn serve(listener: std::net::TcpListener) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::from_std(listener)?;
        let lobbies = Arc::new(Lobbies::default());
        loop {
            match listener.accept().await {
                Ok((stream, _)) => drop(tokio::spawn(connection(stream, Arc::clone(&lobbies)))),
                // Mostly for want of descriptors, which another connection's end will free.
                Err(_) => tokio::task::yield_now().await,
            }
        }
    })
}

/// The lobbies by topic, each with its members' broadcast channel. An empty lobby stays.
#[derive(Default)]
struct Lobbies(Mutex<HashMap<String, Sender<Bytes>>>);

impl Lobbies {
    fn of(&self, topic: &str) -> Sender<Bytes> {
        let mut lobbies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lobby) = lobbies.get(topic) {
            return lobby.clone();
        }
        let (lobby, _) = broadcast::channel(BROADCASTS_BEHIND_MAX);
        lobbies.insert(topic.to_owned(), lobby.clone());
        lobby
    }
}

async fn connection(stream: TcpStream, lobbies: Arc<Lobbies>) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let service = service_fn(move |request| {
        let response = respond(request, Arc::clone(&lobbies));
        async { Ok::<_, Infallible>(response) }
    });
    // An error ends only its own connection.
    let http = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let _ = http.with_upgrades().await;
}

fn respond(mut request: Request<Incoming>, lobbies: Arc<Lobbies>) -> Response<Empty<Bytes>> {
    match upgrade::upgrade(&mut request) {
        Ok((response, upgraded)) => {
            tokio::spawn(async move {
                // Nobody needs a report of the connection's end.
                let _ = talk(upgraded, &lobbies).await;
            });
            response
        }
        Err(_) => {
            let mut refused = Response::new(Empty::new());
            *refused.status_mut() = StatusCode::UPGRADE_REQUIRED;
            refused
        }
    }
}

/// The orders of the half that reads to the half that writes, of one connection.
enum Order {
    Send(OpCode, Bytes),
    Listen(Receiver<Bytes>),
    StopListening,
}

/// Reads from a client and writes to it until its end, in one task. A `select!` over single frames
/// would lose bytes, because `read_frame` may not be cancelled; so both halves run side by side.
async fn talk(upgraded: upgrade::UpgradeFut, lobbies: &Lobbies) -> Result<(), WebSocketError> {
    let (reader, writer) = upgraded.await?.split(tokio::io::split);
    let (orders, ordered) = mpsc::channel(ANSWERS_MAX);
    let (read, _) = tokio::join!(read(reader, orders, lobbies), write(writer, ordered));
    read
}

/// Reads a client to its end. The end of the orders ends the writing. If the writing has ended,
/// the next order ends the reading.
async fn read(
    reader: WebSocketRead<ReadHalf<TokioIo<Upgraded>>>,
    orders: mpsc::Sender<Order>,
    lobbies: &Lobbies,
) -> Result<(), WebSocketError> {
    let mut client = Client {
        lobby: None,
        orders: orders.clone(),
    };
    let mut reader = FragmentCollectorRead::new(reader);
    loop {
        // Sends pongs, and the answer to a Close.
        let mut obliged = |frame: Frame<'_>| {
            let order = Order::Send(frame.opcode, Bytes::copy_from_slice(&frame.payload));
            let orders = orders.clone();
            async move { orders.send(order).await }
        };
        let frame = reader.read_frame(&mut obliged).await?;
        let goes_on = match frame.opcode {
            OpCode::Text => client.says(&frame.payload, lobbies).await.is_some(),
            OpCode::Close => false,
            _ => true,
        };
        if !goes_on {
            return Ok(());
        }
    }
}

async fn write(
    mut writer: WebSocketWrite<WriteHalf<TokioIo<Upgraded>>>,
    mut orders: mpsc::Receiver<Order>,
) -> Option<()> {
    let mut lobby = None;
    loop {
        let (opcode, payload) = tokio::select! {
            order = orders.recv() => match order? {
                Order::Send(opcode, payload) => (opcode, payload),
                Order::Listen(receiver) => {
                    lobby = Some(receiver);
                    continue;
                }
                Order::StopListening => {
                    lobby = None;
                    continue;
                }
            },
            // A receiver that is too far behind is an error too.
            heard = hear(&mut lobby) => (OpCode::Text, heard.ok()?),
        };
        let frame = Frame::new(true, opcode, None, Payload::Borrowed(&payload));
        writer.write_frame(frame).await.ok()?;
    }
}

async fn hear(lobby: &mut Option<Receiver<Bytes>>) -> Result<Bytes, broadcast::error::RecvError> {
    match lobby {
        Some(lobby) => lobby.recv().await,
        None => pending().await,
    }
}

struct Client {
    /// The joined topic, and its lobby.
    lobby: Option<(String, Sender<Bytes>)>,
    orders: mpsc::Sender<Order>,
}

/// A message of version 2: join_ref, ref, topic, event, payload.
type Message<'a> = (&'a RawValue, &'a RawValue, String, String, &'a RawValue);

impl Client {
    /// Handles a message. `None` if the text is no message, or the writer has ended.
    async fn says(&mut self, text: &[u8], lobbies: &Lobbies) -> Option<()> {
        let message: Message<'_> = serde_json::from_slice(text).ok()?;
        match (&*message.2, &*message.3, &self.lobby) {
            ("phoenix", "heartbeat", _) => self.replies(&message, "ok", "{}").await,
            (topic, "phx_join", None) => {
                let lobby = lobbies.of(topic);
                let listener = lobby.subscribe();
                self.lobby = Some((topic.to_owned(), lobby));
                self.replies(&message, "ok", "{}").await?;
                self.asks(Order::Listen(listener)).await
            }
            (topic, "phx_leave", Some((joined, _))) if topic == joined => {
                self.lobby = None;
                self.asks(Order::StopListening).await?;
                self.replies(&message, "ok", "{}").await
            }
            (topic, "new_msg", Some((joined, lobby))) if topic == joined => {
                let (topic, payload) = (serde_json::to_string(topic).ok()?, message.4);
                let broadcast = format!(r#"[null,null,{topic},"new_msg",{payload}]"#);
                // The client's own writer listens, or is about to end the connection.
                let _ = lobby.send(broadcast.into());
                Some(())
            }
            _ => {
                self.replies(&message, "error", r#"{"reason":"not here"}"#)
                    .await
            }
        }
    }

    async fn replies(&self, message: &Message<'_>, status: &str, response: &str) -> Option<()> {
        let (join_ref, reference) = (message.0, message.1);
        let topic = serde_json::to_string(&message.2).ok()?;
        let reply = format!(
            r#"[{join_ref},{reference},{topic},"phx_reply",{{"response":{response},"status":"{status}"}}]"#
        );
        self.asks(Order::Send(OpCode::Text, reply.into())).await
    }

    async fn asks(&self, order: Order) -> Option<()> {
        self.orders.send(order).await.ok()
    }
}
