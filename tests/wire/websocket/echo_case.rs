//! A conformance case: the bytes to send, the frames that must come back, and the end.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::OnceLock;

use lobbyd::websocket::ReadLimits;

use super::echo;
use super::echo_client::{CLOSE, Client, Received, close_payload, frame};

/// The limit of the server under test.
pub const MESSAGE_BYTES_MAX: usize = 1024 * 1024;
/// Longest stream that every case also sends a byte at a time; one test sends a longer one so.
const OCTETWISE_BYTES_MAX: usize = 1024;

pub struct Case {
    name: String,
    /// The frames to send, or bytes that a hostile client sends as frames.
    send: Vec<Vec<u8>>,
    /// The frames that come back before the Close.
    echoed: Vec<(u8, Vec<u8>)>,
    /// The Close that comes back. If the case provokes none, the client closes with 1000 at the
    /// end.
    close: Close,
}

pub enum Close {
    /// The server accepts all frames, and the client closes with 1000.
    ByClient,
    /// The server answers a Close with this payload.
    Answered(Vec<u8>),
    /// The server refuses with this code.
    Refused(u16),
}

impl Case {
    /// Returns a case with `send` and no answer yet.
    pub fn new(name: impl Into<String>, send: Vec<Vec<u8>>) -> Self {
        Self {
            name: name.into(),
            send,
            echoed: Vec::new(),
            close: Close::ByClient,
        }
    }

    /// Adds a frame with this opcode and payload as the next answer.
    pub fn echoes(mut self, opcode: u8, payload: impl AsRef<[u8]>) -> Self {
        self.echoed.push((opcode, payload.as_ref().to_vec()));
        self
    }

    /// Expects a Close with this payload, as the answer to a Close in `send`.
    pub fn closes(mut self, payload: Vec<u8>) -> Self {
        self.close = Close::Answered(payload);
        self
    }

    /// Expects a Close with this code, because of a broken rule in `send`.
    pub fn refused(mut self, code: u16) -> Self {
        self.close = Close::Refused(code);
        self
    }

    /// Sends `writes`, each in pieces of `piece` bytes, and compares the answers. `way` names the
    /// run in a failure.
    pub fn run(&self, way: &str, writes: &[Vec<u8>], piece: usize) {
        let name = format!("{} ({way})", self.name);
        let received = self.talk(writes, piece);
        let received = received.unwrap_or_else(|e| panic!("{name}: {e}"));
        let close = match &self.close {
            Close::ByClient => close_payload(1000, b""),
            Close::Answered(payload) => payload.clone(),
            Close::Refused(code) => close_payload(*code, b""),
        };
        let expected = self.echoed.iter().cloned().chain([(CLOSE, close)]);
        let expected: Vec<_> = expected.map(|(o, p)| Received::Frame(o, p)).collect();
        assert!(
            received == expected,
            "{name}:\n got {}\nwant {}",
            brief(&received),
            brief(&expected)
        );
    }

    /// Returns all frames of the server, up to its orderly end.
    fn talk(&self, writes: &[Vec<u8>], piece: usize) -> io::Result<Vec<Received>> {
        let mut client = Client::connect(server())?;
        for bytes in writes {
            client.send(bytes, piece)?;
        }
        if let Close::ByClient = self.close {
            client.send(&frame(CLOSE, &close_payload(1000, b"")), piece)?;
        }
        client.receive_to_end()
    }
}

fn brief(frames: &[Received]) -> String {
    let mut text = format!("{frames:?}");
    text.truncate(300);
    text
}

/// Runs each case at once and frame by frame. A short case runs byte by byte too.
pub fn check(cases: Vec<Case>) {
    for case in cases {
        let whole = [case.send.concat()];
        case.run("at once", &whole, usize::MAX);
        case.run("frame by frame", &case.send, usize::MAX);
        if whole[0].len() <= OCTETWISE_BYTES_MAX {
            case.run("byte by byte", &whole, 1);
        }
    }
}

/// Returns the address of the echo server that all cases share. The first call starts it.
pub fn server() -> SocketAddr {
    static ADDRESS: OnceLock<SocketAddr> = OnceLock::new();
    *ADDRESS.get_or_init(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let limits = ReadLimits {
            message_bytes_max: MESSAGE_BYTES_MAX,
        };
        std::thread::spawn(move || echo::serve(listener, limits));
        address
    })
}
