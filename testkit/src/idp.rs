//! An issuer of keys on a real socket, whose answers a test gives.
//!
//! It has no type of lobbyd in it, so the unit tests of the library use it too.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A server of keys. Each request gets a connection and a thread, and its head is kept.
#[derive(Debug)]
pub struct Idp {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

/// What a server speaks over: a socket, or TLS over one.
pub trait Duplex: Read + Write {}

impl<T: Read + Write> Duplex for T {}

impl Idp {
    /// Serves the answer to each request, from its head.
    pub fn http(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Idp {
        Idp::over(|stream| Box::new(stream), answer)
    }

    /// The same over what `wrap` makes of each socket, such as TLS.
    pub fn over(
        wrap: impl Fn(TcpStream) -> Box<dyn Duplex> + Send + Sync + 'static,
        answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static,
    ) -> Idp {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests: Arc<Mutex<Vec<String>>> = Arc::default();
        let (kept, both) = (Arc::clone(&requests), Arc::new((wrap, answer)));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, kept, both) = (stream.unwrap(), Arc::clone(&kept), Arc::clone(&both));
                std::thread::spawn(move || serve(&mut *both.0(stream), &kept, &both.1));
            }
        });
        Idp { address, requests }
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    pub fn url(&self) -> String {
        format!("http://{}/jwks.json?tenant=1", self.address)
    }

    /// Returns the heads of all requests so far.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn serve(stream: &mut dyn Duplex, kept: &Mutex<Vec<String>>, answer: &dyn Fn(&str) -> Vec<u8>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            // A client that does not believe the certificate, say.
            _ => return,
        }
    }
    let head = String::from_utf8(head).unwrap();
    kept.lock().unwrap().push(head.clone());
    let _ = stream.write_all(&answer(&head));
    let _ = stream.flush();
}

/// Returns an answer with this status, these header lines and this body.
pub fn http_answer(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{headers}\r\n");
    [head.as_bytes(), body.as_bytes()].concat()
}
