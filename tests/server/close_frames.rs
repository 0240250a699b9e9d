//! Messages accepted before a stop reach every client that reads, followed by the 1012.

use lobbyd::server::Running;
use lobbyd::{
    Channel, Handled, Join, Payload, Router, Socket, TerminateReason, UserSocket, object,
};
use testkit::{Client, at_any_pace, connect, serve_with};

struct Room;

impl Channel for Room {
    fn join(&self, _topic: &str, _params: Payload<'_>, _socket: &mut Socket<'_>) -> Join {
        Join::ok()
    }

    fn handle_in(&self, _event: &str, _payload: Payload<'_>, _socket: &mut Socket<'_>) -> Handled {
        Handled::no_reply()
    }

    fn intercept(&self) -> &'static [&'static str] {
        &["looked at"]
    }

    fn terminate(&self, _reason: &TerminateReason, socket: &mut Socket<'_>) {
        socket.broadcast("left", object! { "who": "somebody" });
    }
}

fn members(count: usize) -> (Running, Vec<Client>) {
    let router = Router::new().socket("/socket", UserSocket::new().channel("room:*", Room));
    let server = serve_with(router, 1, at_any_pace());
    let mut clients: Vec<Client> = (0..count).map(|_| connect(&server)).collect();
    clients.iter_mut().for_each(|client| client.join("room:x"));
    (server, clients)
}

/// Stops the server while all clients read. Asserts that each gets exactly `wanted` messages,
/// numbered from 0, then a 1012.
fn all_hear(server: Running, clients: Vec<Client>, wanted: usize) {
    let readers: Vec<_> = clients
        .into_iter()
        .map(|client| std::thread::spawn(move || hear(client)))
        .collect();
    assert_eq!(server.stop().unwrap().cut_off, 0);
    for reader in readers {
        let (heard, code) = reader.join().unwrap();
        assert_eq!((heard.len(), code), (wanted, 1012));
        assert!(heard.iter().copied().eq(0..wanted as u64), "in order");
    }
}

fn hear(mut client: Client) -> (Vec<u64>, u16) {
    let mut heard = Vec::new();
    loop {
        let frame = client.recv();
        if frame.opcode == 8 {
            return (heard, frame.close_code());
        }
        let message = frame.json();
        // A message of a channel at its own end reaches no client that ends with it.
        assert_ne!(message[3], "left");
        heard.push(message[4]["number"].as_u64().expect("a number"));
    }
}

#[test]
fn burst_before_a_stop_reaches_every_reader_whole_though_sockets_fill() {
    let (server, clients) = members(10);
    for number in 0..1_500u64 {
        let payload = object! { "number": number, "body": "x".repeat(600).as_str() };
        server.endpoint().broadcast("room:x", "said", payload);
    }
    all_hear(server, clients, 1_500);
}

#[test]
fn intercepted_broadcasts_are_not_lost_at_a_stop() {
    let (server, clients) = members(200);
    for number in 0..10u64 {
        let payload = object! { "number": number };
        server.endpoint().broadcast("room:x", "looked at", payload);
    }
    all_hear(server, clients, 10);
}

#[test]
fn broadcasts_of_terminate_reach_nobody_when_the_server_stops() {
    let (server, clients) = members(300);
    all_hear(server, clients, 0);
}
