//! A WebSocket client of bare bytes with deadlines, which can break every rule.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use lobbyd::server::Running;
use serde_json::{Value, json};
use socket2::{Domain, Socket, Type};

use crate::deadline::{DEADLINE, uninterrupted};
use crate::frame::{BINARY, Frame, TEXT, frame};

/// A WebSocket client that sends and returns bare frames.
pub struct Client {
    pub stream: TcpStream,
    unread: Vec<u8>,
}

/// Connects and upgrades with version 2.
pub fn connect(server: &Running) -> Client {
    connect_to(server.local_addr(), "/socket/websocket?vsn=2.0.0")
}

/// Connects and upgrades at `target`.
pub fn connect_to(address: SocketAddr, target: &str) -> Client {
    upgrade(address, target, "").unwrap_or_else(|answer| panic!("no upgrade: {answer}"))
}

/// Connects and asks for an upgrade with `headers` (whole lines). Returns the text of an answer
/// other than 101 as the error.
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

/// Connects with small buffers and upgrades, so that the server soon notices a client that does not
/// read. Buffers smaller than a segment on the loopback only make the connection slow.
pub fn connect_narrow(address: SocketAddr) -> Client {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(128 << 10).unwrap();
    socket.set_send_buffer_size(128 << 10).unwrap();
    socket.connect(&address.into()).unwrap();
    let mut stream = with_deadlines(TcpStream::from(socket));
    let request = upgrade_request(address, "/socket/websocket?vsn=2.0.0", "");
    stream.write_all(request.as_bytes()).unwrap();
    Client::upgraded(stream)
}

/// Opens a bare TCP connection with deadlines.
pub fn open(address: SocketAddr) -> TcpStream {
    with_deadlines(TcpStream::connect(address).expect("the server listens"))
}

fn with_deadlines(stream: TcpStream) -> TcpStream {
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.set_write_timeout(Some(DEADLINE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// Sends one request, and returns its whole answer.
pub fn request(address: SocketAddr, request: &str) -> String {
    let mut stream = open(address);
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

impl Client {
    /// Takes over a stream on which the upgrade was requested and is not yet answered.
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
        match uninterrupted(|| self.stream.read(&mut bytes)) {
            Ok(read) => {
                self.unread.extend_from_slice(&bytes[..read]);
                read > 0
            }
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => false,
            Err(error) => panic!("nothing came within {DEADLINE:?}: {error}"),
        }
    }

    pub fn send_raw(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the server reads");
    }

    pub fn send_text(&mut self, text: &str) {
        self.send_raw(&frame(TEXT, text.as_bytes()));
    }

    pub fn send_binary(&mut self, bytes: &[u8]) {
        self.send_raw(&frame(BINARY, bytes));
    }

    pub fn send(&mut self, message: Value) {
        self.send_text(&message.to_string());
    }

    /// Returns the next frame, or `None` at the server's end.
    pub fn next_frame(&mut self) -> Option<Frame> {
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

    /// Returns the next frame, which must come.
    pub fn recv(&mut self) -> Frame {
        self.next_frame().expect("the server goes on")
    }

    /// Returns the next message, which must be JSON text.
    pub fn json(&mut self) -> Value {
        self.recv().json()
    }

    /// Asserts that the next message is `message`.
    pub fn expect(&mut self, message: Value) {
        assert_eq!(self.json(), message);
    }

    /// Returns the code of the Close that must come next.
    pub fn close_code(&mut self) -> u16 {
        self.recv().close_code()
    }

    /// Joins with a join ref and a ref that differ, so that a server which confuses them fails.
    pub fn join(&mut self, topic: &str) {
        self.send(json!(["11", "1", topic, "phx_join", {}]));
        self.expect(json!(["11", "1", topic, "phx_reply", {"status": "ok", "response": {}}]));
    }

    /// Asserts that no further frame has come: the answer to a heartbeat is next.
    pub fn expect_nothing(&mut self) {
        self.send(json!([null, "hb", "phoenix", "heartbeat", {}]));
        self.expect(json!([null, "hb", "phoenix", "phx_reply", {"status": "ok", "response": {}}]));
    }
}
