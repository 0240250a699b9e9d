//! A blocking client that sends and receives bare frames, with a deadline for each wait.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::ops::Range;
use std::time::Duration;

/// Longest wait of the client; only a failing test waits that long.
const DEADLINE: Duration = Duration::from_secs(10);

/// A connection whose upgrade was accepted.
pub struct Client {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Client {
    pub fn connect(address: SocketAddr) -> Client {
        let mut stream = open(address);
        let request = "GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: floor\r\nUpgrade: websocket\r\n\
            Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        stream.write_all(request.as_bytes()).unwrap();
        let mut read = Vec::new();
        while !read.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            read.extend(byte);
        }
        let answer = String::from_utf8(read).unwrap();
        assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
        assert!(answer.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{answer}");
        Client {
            stream,
            read: Vec::new(),
        }
    }

    /// Returns the whole answer to a request that is no upgrade, to the end of the connection.
    pub fn request(address: SocketAddr, request: &str) -> String {
        let mut stream = open(address);
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    pub fn join(&mut self, topic: &str) {
        self.send(&format!(r#"["3","4","{topic}","phx_join",{{}}]"#));
        let ok = format!(r#"["3","4","{topic}","phx_reply",{{"status":"ok","response":{{}}}}]"#);
        assert_eq!(self.text(), ok);
    }

    pub fn push(&mut self, topic: &str, number: usize) {
        self.push_all(topic, number..number + 1);
    }

    /// Pushes several messages in one write.
    pub fn push_all(&mut self, topic: &str, numbers: Range<usize>) {
        let frames = numbers.flat_map(|number| {
            let text = format!(r#"["3","{number}","{topic}","new_msg",{{"body":"{number}"}}]"#);
            masked(1, text.as_bytes())
        });
        let bytes: Vec<u8> = frames.collect();
        self.send_bytes(&bytes);
    }

    pub fn send(&mut self, text: &str) {
        self.send_frame(1, text.as_bytes());
    }

    pub fn send_frame(&mut self, opcode: u8, payload: &[u8]) {
        self.send_bytes(&masked(opcode, payload));
    }

    pub fn send_bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    /// Returns the opcode and the payload of the next frame.
    pub fn frame(&mut self) -> (u8, Vec<u8>) {
        loop {
            if let Some(frame) = self.parsed() {
                return frame;
            }
            assert!(self.fill(), "the connection ended instead of a frame");
        }
    }

    pub fn text(&mut self) -> String {
        let (opcode, payload) = self.frame();
        assert_eq!(opcode, 1);
        String::from_utf8(payload).unwrap()
    }

    /// Returns the texts of one read, which must hold no part of a frame.
    pub fn texts_of_one_read(&mut self) -> Vec<String> {
        assert!(self.read.is_empty());
        assert!(self.fill());
        let mut texts = Vec::new();
        while let Some((_, payload)) = self.parsed() {
            texts.push(String::from_utf8(payload).unwrap());
        }
        assert!(self.read.is_empty(), "a part of a frame");
        texts
    }

    /// Asserts that nothing has come: the answer to a heartbeat must be the next frame.
    pub fn nothing_more(&mut self) {
        self.send(r#"[null,"999","phoenix","heartbeat",{}]"#);
        let ok = r#"[null,"999","phoenix","phx_reply",{"status":"ok","response":{}}]"#;
        assert_eq!(self.text(), ok);
    }

    /// Asserts that the server ends the connection without another frame.
    pub fn ended(&mut self) {
        assert!(!self.fill(), "{}", self.read.escape_ascii());
    }

    /// Asserts that the server resets the connection, perhaps after some frames.
    pub fn is_reset(&mut self) {
        let mut buffer = [0; 64 << 10];
        let end = loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => panic!("the connection ended in good order"),
                Ok(_) => {}
                Err(error) => break error,
            }
        };
        assert_eq!(end.kind(), ErrorKind::ConnectionReset);
    }

    /// Reads once. False at the end of the connection.
    fn fill(&mut self) -> bool {
        let mut buffer = [0; 64 << 10];
        match self.stream.read(&mut buffer) {
            Ok(came) => {
                self.read.extend_from_slice(&buffer[..came]);
                came > 0
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => false,
            Err(error) => panic!("nothing came: {error}"),
        }
    }

    fn parsed(&mut self) -> Option<(u8, Vec<u8>)> {
        let [first, second, ..] = self.read[..] else {
            return None;
        };
        let (head, length) = match second {
            127 => (
                10,
                u64::from_be_bytes(*self.read[2..].first_chunk()?) as usize,
            ),
            126 => (
                4,
                usize::from(u16::from_be_bytes(*self.read[2..].first_chunk()?)),
            ),
            short => (2, usize::from(short)),
        };
        if self.read.len() < head + length {
            return None;
        }
        let payload = self.read[head..head + length].to_vec();
        self.read.drain(..head + length);
        Some((first & 0x0f, payload))
    }
}

/// Returns a client's masked frame.
pub fn masked(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [1, 2, 3, 4];
    let mut frame = vec![0x80 | opcode];
    match payload.len() {
        short @ 0..126 => frame.push(0x80 | short as u8),
        long @ 126..=0xffff => {
            frame.push(0x80 | 126);
            frame.extend((long as u16).to_be_bytes());
        }
        longer => {
            frame.push(0x80 | 127);
            frame.extend((longer as u64).to_be_bytes());
        }
    }
    frame.extend(mask);
    frame.extend(
        payload
            .iter()
            .zip(mask.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    frame
}

fn open(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.set_write_timeout(Some(DEADLINE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}
