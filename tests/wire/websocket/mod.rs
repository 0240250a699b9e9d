//! RFC 6455 §4–8 over a socket, case by case like the public conformance suites.
//!
//! The server is `examples/echo.rs`, with lobbyd's own frame reader and sealing. Each case is sent
//! at once, frame after frame, and, up to 1,024 bytes, a byte at a time.

use std::net::TcpListener;

#[path = "../../../examples/echo.rs"]
#[allow(dead_code, reason = "its main is not called here")]
mod echo;
mod echo_case;
mod echo_client;
mod echo_process;

mod close;
mod frames;
mod messages;
mod text;

use echo_case::server;
use echo_client::*;

// §4: the handshake

#[test]
fn handshake_is_answered_as_the_rfc_shows_it() {
    let mut client = Client::request(server(), REQUEST.as_bytes()).unwrap();
    let head = client.read_head().unwrap().to_lowercase();
    assert!(head.starts_with("http/1.1 101 "), "{head}");
    let accept = "sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
    for line in [accept, "upgrade: websocket\r\n", "connection: upgrade\r\n"] {
        assert!(head.contains(&line.to_lowercase()), "{line} not in {head}");
    }
}

#[test]
fn request_that_is_no_handshake_is_refused() {
    let cases = [
        ("no upgrade", "Upgrade: websocket\r\n", "", "426"),
        ("a POST", "GET", "POST", "426"),
        (
            "no key",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
            "",
            "400",
        ),
        ("version 8", "Version: 13", "Version: 8", "400"),
    ];
    for (name, part, instead, status) in cases {
        let request = REQUEST.replace(part, instead);
        let mut client = Client::request(server(), request.as_bytes()).unwrap();
        let head = client.read_head().unwrap();
        assert!(
            head.starts_with(&format!("HTTP/1.1 {status} ")),
            "{name}: {head}"
        );
    }
}

#[test]
fn frames_that_come_with_the_handshake_are_not_lost() {
    for len in [0, 5, 5_000, 100_000] {
        let payload = vec![b'e'; len];
        let early = [
            REQUEST.as_bytes(),
            &frame(TEXT, b"first"),
            &frame(TEXT, &payload),
        ]
        .concat();
        let mut client = Client::request(server(), &early).unwrap();
        client.read_head().unwrap();
        let first = Received::Frame(TEXT, b"first".to_vec());
        assert_eq!(client.receive().unwrap(), first, "{len}");
        assert!(
            client.receive().unwrap() == Received::Frame(TEXT, payload),
            "{len}"
        );
    }
}

// The example as a program

#[test]
fn program_says_where_it_listens_and_holds_its_limit() {
    let server = echo_process::start(&["--max-message-bytes", "10"]);
    let mut client = Client::connect(server.address()).unwrap();
    client
        .send(&frame(TEXT, b"ten bytes."), usize::MAX)
        .unwrap();
    client
        .send(&frame(TEXT, b"eleven byte"), usize::MAX)
        .unwrap();
    let expected = [
        (TEXT, b"ten bytes.".to_vec()),
        (CLOSE, close_payload(1009, b"")),
    ];
    let expected = expected.map(|(opcode, payload)| Received::Frame(opcode, payload));
    assert_eq!(client.receive_to_end().unwrap(), expected);
}

#[test]
fn program_ends_with_a_line_on_stderr_if_its_port_is_taken() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = echo_process::command()
        .args(["--listen", &address])
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert_eq!(
        String::from_utf8_lossy(&output.stderr).lines().count(),
        1,
        "{output:?}"
    );
}
