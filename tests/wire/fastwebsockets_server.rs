//! `examples/fastwebsockets_server.rs` serves the load test correctly, so its costs are comparable.

#[path = "../../examples/fastwebsockets_server.rs"]
#[allow(dead_code, reason = "its main is not called here")]
mod example;

use std::net::{SocketAddr, TcpListener};
use std::thread;

use serde_json::{Value, json};
use testkit::{Client, connect_to, frame, raw_frame, request};

/// Starts a server for the rest of the process.
fn server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(|| example::serve(listener).expect("it begins"));
    address
}

fn client(server: SocketAddr) -> Client {
    connect_to(server, "/socket/websocket?vsn=2.0.0")
}

fn members(server: SocketAddr, topic: &str) -> [Client; 3] {
    [(); 3].map(|()| {
        let mut member = client(server);
        member.join(topic);
        member
    })
}

fn said(topic: &str, body: &str) -> Value {
    json!([null, null, topic, "new_msg", {"body": body}])
}

#[test]
fn lobby_hears_what_one_member_says_in_one_order_and_nobody_else_does() {
    let server = server();
    let mut lobby = members(server, "room:one");
    let mut others = members(server, "room:two");
    for n in 0..100 {
        let speaker = &mut lobby[n % 3];
        speaker.send(json!(["11", "5", "room:one", "new_msg", {"body": n.to_string()}]));
        for member in &mut lobby {
            member.expect(said("room:one", &n.to_string()));
        }
    }
    others[0].send(json!(["11", "5", "room:two", "new_msg", {"body": "hi"}]));
    for other in &mut others {
        other.expect(said("room:two", "hi"));
    }
}

#[test]
fn handler_answers_heartbeats_leaves_and_pushes_to_unjoined_topics() {
    let mut client = client(server());
    client.send(json!([null, "1", "phoenix", "heartbeat", {}]));
    client.expect(json!([null, "1", "phoenix", "phx_reply", {"response": {}, "status": "ok"}]));
    let refused = json!({"response": {"reason": "not here"}, "status": "error"});
    client.send(json!(["11", "2", "room:a", "new_msg", {"body": "too early"}]));
    client.expect(json!(["11", "2", "room:a", "phx_reply", refused]));
    client.join("room:a");
    client.send(json!(["11", "3", "room:a", "phx_leave", {}]));
    client.expect(json!(["11", "3", "room:a", "phx_reply", {"response": {}, "status": "ok"}]));
    client.send(json!(["11", "4", "room:a", "new_msg", {"body": "too late"}]));
    client.expect(json!(["11", "4", "room:a", "phx_reply", refused]));
}

#[test]
fn pings_fragments_and_a_close_are_the_handlers_business() {
    let mut client = client(server());
    client.join("room:a");
    client.send_raw(&frame(9, b"are you there?"));
    let pong = client.recv();
    assert_eq!(
        (pong.opcode, &pong.payload[..]),
        (10, &b"are you there?"[..])
    );
    let message = r#"["11","5","room:a","new_msg",{"body":"é"}]"#.as_bytes();
    let (begin, end) = message.split_at(message.len() - 4);
    client.send_raw(&raw_frame(1, begin));
    client.send_raw(&frame(0, end));
    client.expect(said("room:a", "é"));
    client.send_raw(&frame(8, &1000_u16.to_be_bytes()));
    assert_eq!(client.close_code(), 1000);
}

#[test]
fn request_that_is_no_upgrade_is_refused() {
    let server = server();
    let answer = request(
        server,
        &format!("GET / HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n\r\n"),
    );
    assert!(answer.starts_with("HTTP/1.1 426 "), "{answer}");
}
