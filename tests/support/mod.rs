//! What the integration tests share: a server on a free port, and a WebSocket client of bare bytes with deadlines.

#![allow(dead_code, reason = "each test file uses its part")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use lobbyd::rooms;
use lobbyd::server::{Limit, Running, Server, ServerLimits};
use lobbyd::{Router, UserSocket};
use serde_json::{Value, json};

/// Longest wait for anything that must come. Generous, for a busy machine; what must not come is never waited for
/// this long.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// The tutorial's room under `/socket`, as the binary serves it, on any free port, with two shards.
pub fn tutorial() -> Running {
    let socket = rooms::declare(UserSocket::new(), rooms::tutorial());
    serve(Router::new().socket("/socket", socket))
}

/// Serves `router` on any free port, with two shards.
pub fn serve(router: Router) -> Running {
    serve_with(router, 2, ServerLimits::default())
}

pub fn serve_with(router: Router, shards: usize, limits: ServerLimits) -> Running {
    let server = Server::new(router).shards(shards).limits(limits);
    let any_port = "127.0.0.1:0".parse().unwrap();
    server.bind(any_port).expect("a free port").start()
}

/// The defaults, but that a client may send as fast as it can: for what is not about the rates.
pub fn at_any_pace() -> ServerLimits {
    ServerLimits::default()
        .with_max(Limit::MessagesPerSecond, u32::MAX.into())
        .with_burst(Limit::MessagesPerSecond, u32::MAX.into())
        .with_max(Limit::BytesPerSecond, u32::MAX.into())
        .with_burst(Limit::BytesPerSecond, u32::MAX.into())
}

/// A WebSocket client that sends and shows bare frames.
pub struct Client {
    pub stream: TcpStream,
    unread: Vec<u8>,
}

/// A frame from the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    pub opcode: u8,
    pub payload: Vec<u8>,
}

impl Frame {
    pub fn text(&self) -> &str {
        assert_eq!(self.opcode, 1, "a text frame: {self:?}");
        std::str::from_utf8(&self.payload).expect("text frames are UTF-8")
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(self.text()).expect("text frames are JSON")
    }

    /// The code of a Close frame; 1005 if it has none.
    pub fn close_code(&self) -> u16 {
        assert_eq!(self.opcode, 8, "a Close frame: {self:?}");
        match self.payload[..] {
            [] => 1005,
            [high, low, ..] => u16::from_be_bytes([high, low]),
            [_] => panic!("a Close frame of one byte"),
        }
    }
}

/// Connects and upgrades, version 2.
pub fn connect(server: &Running) -> Client {
    connect_to(server.local_addr(), "/socket/websocket?vsn=2.0.0")
}

/// Connects and upgrades at `target`.
pub fn connect_to(address: SocketAddr, target: &str) -> Client {
    upgrade(address, target, "").unwrap_or_else(|answer| panic!("no upgrade: {answer}"))
}

/// Connects and asks for an upgrade with `headers` (whole lines). The answer's text if it is not 101.
pub fn upgrade(address: SocketAddr, target: &str, headers: &str) -> Result<Client, String> {
    let request = upgrade_request(address, target, headers);
    let mut stream = open(address);
    stream.write_all(request.as_bytes()).unwrap();
    let mut client = Client {
        stream,
        unread: Vec::new(),
    };
    let head = client.read_head();
    if head.starts_with("HTTP/1.1 101 ") {
        return Ok(client);
    }
    Err(head + &String::from_utf8_lossy(&client.unread))
}

pub fn upgrade_request(address: SocketAddr, target: &str, headers: &str) -> String {
    format!(
        "GET {target} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
    )
}

/// A bare TCP connection with deadlines.
pub fn open(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("the server listens");
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.set_write_timeout(Some(DEADLINE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// A whole answer to one request, read to its end.
pub fn request(address: SocketAddr, request: &str) -> String {
    let mut stream = open(address);
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// A masked frame, as clients send them.
pub fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    raw_frame(0x80 | opcode, payload)
}

/// A masked frame with the whole first byte given.
pub fn raw_frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x37, 0xfa, 0x21, 0x3d];
    let mut bytes = vec![first];
    match payload.len() {
        len @ 0..126 => bytes.push(0x80 | len as u8),
        len @ 126..65536 => {
            bytes.push(0x80 | 126);
            bytes.extend((len as u16).to_be_bytes());
        }
        len => {
            bytes.push(0x80 | 127);
            bytes.extend((len as u64).to_be_bytes());
        }
    }
    bytes.extend(mask);
    bytes.extend(
        payload
            .iter()
            .zip(mask.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    bytes
}

impl Client {
    /// Takes over a stream on which the upgrade has been asked for and not yet answered.
    pub fn upgraded(stream: TcpStream) -> Client {
        let mut client = Client {
            stream,
            unread: Vec::new(),
        };
        let head = client.read_head();
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        client
    }

    fn read_head(&mut self) -> String {
        loop {
            let end = self.unread.windows(4).position(|w| w == b"\r\n\r\n");
            if let Some(end) = end {
                let head: Vec<u8> = self.unread.drain(..end + 4).collect();
                return String::from_utf8_lossy(&head).into_owned();
            }
            if !self.read_some() {
                return String::from_utf8_lossy(&std::mem::take(&mut self.unread)).into_owned();
            }
        }
    }

    fn read_some(&mut self) -> bool {
        let mut bytes = [0; 16 << 10];
        match self.stream.read(&mut bytes) {
            Ok(read) => {
                self.unread.extend_from_slice(&bytes[..read]);
                read > 0
            }
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => false,
            // With a time-out set, the system does not go on by itself after a signal, as when a child ends.
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => self.read_some(),
            Err(error) => panic!("nothing came within {DEADLINE:?}: {error}"),
        }
    }

    pub fn send_raw(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the server reads");
    }

    pub fn send_text(&mut self, text: &str) {
        self.send_raw(&frame(1, text.as_bytes()));
    }

    pub fn send_binary(&mut self, bytes: &[u8]) {
        self.send_raw(&frame(2, bytes));
    }

    pub fn send(&mut self, message: Value) {
        self.send_text(&message.to_string());
    }

    /// The next frame, or `None` at the server's end.
    pub fn next(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = self.take_frame() {
                return Some(frame);
            }
            if !self.read_some() {
                return None;
            }
        }
    }

    fn take_frame(&mut self) -> Option<Frame> {
        let (first, second) = (*self.unread.first()?, *self.unread.get(1)?);
        assert_eq!(second & 0x80, 0, "server frames are not masked");
        assert_eq!(first & 0x70, 0, "no reserved bits");
        let (header, len) = match second {
            126 => (
                4,
                u16::from_be_bytes(self.unread.get(2..4)?.try_into().unwrap()).into(),
            ),
            127 => (
                10,
                u64::from_be_bytes(self.unread.get(2..10)?.try_into().unwrap()) as usize,
            ),
            len => (2, usize::from(len)),
        };
        if self.unread.len() < header + len {
            return None;
        }
        let bytes: Vec<u8> = self.unread.drain(..header + len).collect();
        Some(Frame {
            opcode: first & 0x0f,
            payload: bytes[header..].to_vec(),
        })
    }

    /// The next frame, which must come.
    pub fn recv(&mut self) -> Frame {
        self.next().expect("the server goes on")
    }

    /// The next message, which must be JSON text.
    pub fn json(&mut self) -> Value {
        self.recv().json()
    }

    /// Expects the next message to be `message`.
    pub fn expect(&mut self, message: Value) {
        assert_eq!(self.json(), message);
    }

    /// The code of the Close that must come next.
    pub fn close_code(&mut self) -> u16 {
        self.recv().close_code()
    }

    /// Joins with join_ref and ref deliberately different, so that the server cannot confuse them.
    pub fn join(&mut self, topic: &str) {
        self.send(json!(["11", "1", topic, "phx_join", {}]));
        self.expect(json!(["11", "1", topic, "phx_reply", {"status": "ok", "response": {}}]));
    }

    /// Shows that nothing but what was asserted has come: a heartbeat's answer is next.
    pub fn expect_nothing(&mut self) {
        self.send(json!([null, "hb", "phoenix", "heartbeat", {}]));
        self.expect(json!([null, "hb", "phoenix", "phx_reply", {"status": "ok", "response": {}}]));
    }
}

/// Waits until `condition` holds.
pub fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(
            start.elapsed() < DEADLINE,
            "{what}: not within {DEADLINE:?}"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}
