//! Attacks on a connection before it is a WebSocket, and in the packet of its upgrade.

use std::io::Write;
use std::time::Duration;

use serde_json::json;
use testkit::{Client, at_once, frame, open, request, upgrade_request};

use crate::churn::reset;
use crate::fixture::{Chat, arena, nothing_is_left};

const TARGET: &str = "/socket/websocket?vsn=2.0.0";

#[test]
fn garbage_instead_of_http_is_answered_with_400_or_431_and_closed() {
    let server = arena(1, at_once());
    let chat = Chat::start(&server, "room:chat");
    let address = server.local_addr();
    let long = format!("GET /{} HTTP/1.1\r\nHost: h\r\n\r\n", "x".repeat(100_000));
    let headers = format!("GET / HTTP/1.1\r\n{}\r\n", "X-Y: z\r\n".repeat(5_000));
    let attacks: [&str; 6] = [
        "\x16\x03\x01\x02\x00\x01\x00\x01\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "GET\r\n\r\n",
        "\r\n \0\0\0\r\n\r\n",
        &long,
        &headers,
    ];
    for attack in attacks {
        let mut stream = open(address);
        // The server may close while the test is still writing.
        let _ = stream.write_all(attack.as_bytes());
        let mut client = Vec::new();
        let _ = std::io::Read::read_to_end(&mut stream, &mut client);
        let answer = String::from_utf8_lossy(&client);
        let refused = answer.is_empty() || answer.starts_with("HTTP/1.1 4");
        assert!(refused, "{:.20}: {answer}", attack);
    }
    chat.end();
    nothing_is_left(server);
}

#[test]
fn requests_in_a_row_are_answered_in_order_and_the_last_may_upgrade() {
    let server = arena(1, at_once());
    let chat = Chat::start(&server, "room:chat");
    let address = server.local_addr();
    let mut stream = open(address);
    let health = format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\n\r\n");
    let heartbeat = frame(1, br#"[null,"1","phoenix","heartbeat",{}]"#);
    let all = [
        health.repeat(3).into_bytes(),
        upgrade_request(address, TARGET, "").into_bytes(),
        heartbeat,
    ];
    stream.write_all(&all.concat()).unwrap();
    let mut answers = String::new();
    while answers.matches("ok\n").count() < 3 {
        let mut byte = [0];
        std::io::Read::read_exact(&mut stream, &mut byte).unwrap();
        answers.push(char::from(byte[0]));
    }
    assert_eq!(answers.matches("HTTP/1.1 200 ").count(), 3);
    let mut client = Client::upgraded(stream);
    client.expect(json!([null, "1", "phoenix", "phx_reply", {"status": "ok", "response": {}}]));
    client.join("room:x");
    chat.end();
    drop(client);
    nothing_is_left(server);
}

#[test]
fn frames_in_the_packet_of_the_handshake_are_not_lost_however_many() {
    let server = arena(1, at_once());
    let chat = Chat::start(&server, "room:chat");
    let address = server.local_addr();
    for count in [1, 100, 3_000] {
        let message =
            |n: usize| json!(["11", n.to_string(), "room:x", "echo", {"n": n}]).to_string();
        let join = frame(
            1,
            json!(["11", "0", "room:x", "phx_join", {}])
                .to_string()
                .as_bytes(),
        );
        let frames: Vec<u8> = (1..=count)
            .flat_map(|n| frame(1, message(n).as_bytes()))
            .collect();
        let bytes = [
            upgrade_request(address, TARGET, "").into_bytes(),
            join,
            frames,
        ]
        .concat();
        let stream = open(address);
        let mut sender = stream.try_clone().unwrap();
        let sending = std::thread::spawn(move || sender.write_all(&bytes).unwrap());
        let mut client = Client::upgraded(stream);
        client.expect(json!(["11", "0", "room:x", "phx_reply", {"status": "ok", "response": {}}]));
        for n in 1..=count {
            client.expect(json!(["11", n.to_string(), "room:x", "phx_reply",
                {"status": "ok", "response": {"n": n}}]));
        }
        sending.join().unwrap();
        client.expect_nothing();
    }
    chat.end();
    nothing_is_left(server);
}

#[test]
fn wrong_frame_in_the_packet_of_the_handshake_is_closed_with_its_code() {
    let server = arena(1, at_once());
    let chat = Chat::start(&server, "room:chat");
    let address = server.local_addr();
    let attacks: [(&[u8], u16); 4] = [
        (b"\x81\x02hi", 1002),
        (b"\x81\x82\0\0\0\0\xff\xff", 1007),
        (b"\x88\x80\0\0\0\0", 1000),
        (b"\x82\xff\x40\0\0\0\0\0\0\0\0\0\0\0", 1009),
    ];
    for (bytes, code) in attacks {
        let mut stream = open(address);
        let packet = [upgrade_request(address, TARGET, "").as_bytes(), bytes].concat();
        stream.write_all(&packet).unwrap();
        assert_eq!(Client::upgraded(stream).close_code(), code, "{bytes:?}");
    }
    chat.end();
    nothing_is_left(server);
}

#[test]
fn client_that_goes_in_a_handshake_or_a_frame_leaves_nothing() {
    let server = arena(2, at_once());
    let chat = Chat::start(&server, "room:chat");
    let address = server.local_addr();
    let join = frame(
        1,
        json!(["11", "1", "room:x", "phx_join", {}])
            .to_string()
            .as_bytes(),
    );
    let bytes = [upgrade_request(address, TARGET, "").into_bytes(), join].concat();
    for cut in (1..bytes.len()).step_by(3) {
        let mut stream = open(address);
        stream.write_all(&bytes[..cut]).unwrap();
        if cut % 2 == 0 {
            let linger = Some(Duration::ZERO);
            socket2::SockRef::from(&stream).set_linger(linger).unwrap();
        }
    }
    for cut in 1..20 {
        let mut client = testkit::connect(&server);
        client.join("room:x");
        client.send_raw(&frame(1, &[b'x'; 1000])[..cut * 50]);
        reset(client);
    }
    let health = request(
        address,
        &format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"),
    );
    assert!(health.starts_with("HTTP/1.1 200 "), "{health}");
    chat.end();
    nothing_is_left(server);
}
