//! A raw WebSocket client that can break every rule. It writes bytes as told, and reads strictly.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

pub use testkit::frame::*;

/// The request of RFC 6455 §1.3, whose answer is known.
pub const REQUEST: &str = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// Longest wait for an answer before a test fails.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);

/// A frame of the server, or the orderly end of its side.
#[derive(Debug, PartialEq, Eq, Clone)]
pub enum Received {
    Frame(u8, Vec<u8>),
    End,
}

pub struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    /// Connects and sends `request`, and reads nothing yet.
    pub fn request(address: SocketAddr, request: &[u8]) -> io::Result<Self> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_TIME_MAX))?;
        stream.set_write_timeout(Some(ANSWER_TIME_MAX))?;
        stream.write_all(request)?;
        Ok(Self {
            stream: BufReader::new(stream),
        })
    }

    /// Connects and upgrades.
    pub fn connect(address: SocketAddr) -> io::Result<Self> {
        let mut client = Self::request(address, REQUEST.as_bytes())?;
        let head = client.read_head()?;
        if !head.starts_with("HTTP/1.1 101 ") {
            return Err(io::Error::other(head));
        }
        Ok(client)
    }

    /// Returns the head of the response, including its empty line.
    pub fn read_head(&mut self) -> io::Result<String> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.stream.read_line(&mut head)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(head)
    }

    /// Writes `bytes` in pieces of `piece` bytes, with one write call for each.
    pub fn send(&mut self, bytes: &[u8], piece: usize) -> io::Result<()> {
        for piece in bytes.chunks(piece) {
            self.stream.get_mut().write_all(piece)?;
        }
        Ok(())
    }

    /// Returns the next frame or the end. A frame must be whole, unmasked, without reserved bits
    /// and in the shortest form of its length.
    pub fn receive(&mut self) -> io::Result<Received> {
        let mut head = [0; 2];
        if self.stream.fill_buf()?.is_empty() {
            return Ok(Received::End);
        }
        self.stream.read_exact(&mut head)?;
        let [first, len] = head;
        if first & 0xF0 != 0x80 || len & 0x80 != 0 {
            return Err(io::Error::other(format!("not a server frame: {head:02x?}")));
        }
        let (len, least) = match len {
            126 => (u64::from(u16::from_be_bytes(self.read_array()?)), 126),
            127 => (u64::from_be_bytes(self.read_array()?), 65_536),
            len => (u64::from(len), 0),
        };
        if len < least {
            return Err(io::Error::other(format!("length {len} in a long form")));
        }
        let mut payload = Vec::new();
        (&mut self.stream).take(len).read_to_end(&mut payload)?;
        Ok(Received::Frame(first & 0x0F, payload))
    }

    /// Returns all frames up to the end of the server's side. The end must be orderly; a reset is
    /// an error.
    pub fn receive_to_end(&mut self) -> io::Result<Vec<Received>> {
        let mut all = Vec::new();
        loop {
            match self.receive()? {
                Received::End => return Ok(all),
                frame => all.push(frame),
            }
        }
    }

    fn read_array<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.stream.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}
