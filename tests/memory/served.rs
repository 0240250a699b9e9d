//! The heap of a server whose clients join, use and leave topics.

use lobbyd::protocol::Payload;
use lobbyd::server::{Running, ServerLimits};
use lobbyd::{Channel, Handled, Join, Router, Socket, UserSocket};
use serde_json::json;
use testkit::{Client, connect, eventually, frame, serve_with};

use crate::{heap, report};

const TOPICS: usize = 100;
const ROUNDS: usize = 30;

/// Joins a hundred topics, pushes a message in each, and leaves them.
fn round(client: &mut Client, round: usize) {
    let topic = |number: usize| format!("room:{round}:{number}");
    let send = |client: &mut Client, event: &str, payload: &serde_json::Value| {
        let message = |number| json!(["11", "2", topic(number), event, payload]).to_string();
        let frames = (0..TOPICS).flat_map(|number| frame(1, message(number).as_bytes()));
        client.send_raw(&frames.collect::<Vec<_>>());
    };
    send(client, "phx_join", &json!({}));
    (0..TOPICS).for_each(|_| assert_eq!(client.json()[4]["status"], "ok"));
    let said = json!({"body": "x".repeat(64)});
    send(client, "new_msg", &said);
    (0..TOPICS).for_each(|_| assert_eq!(client.json()[4], said));
    send(client, "phx_leave", &json!({}));
    (0..2 * TOPICS).for_each(|_| drop(client.json()));
}

/// A channel that lets every client in and broadcasts its messages.
struct Open;

impl Channel for Open {
    fn join(&self, _topic: &str, _params: Payload<'_>, _socket: &mut Socket<'_>) -> Join {
        Join::ok()
    }

    fn handle_in(&self, event: &str, payload: Payload<'_>, socket: &mut Socket<'_>) -> Handled {
        socket.broadcast(event, payload);
        Handled::no_reply()
    }
}

fn server() -> Running {
    // The short timeout makes the server sweep often.
    let limits = ServerLimits::default().with_closing_timeout_ms(200);
    let router = Router::new().socket("/socket", UserSocket::new().channel("room:*", Open));
    serve_with(router, 2, limits)
}

#[test]
fn heap_returns_after_thousands_of_topics_that_clients_use_and_leave() {
    let heap = heap();
    let server = server();
    let mut clients: Vec<Client> = (0..4).map(|_| connect(&server)).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        round(client, number);
    }
    let before = heap.current_usage();
    report("before", before);
    for number in 0..ROUNDS {
        for (at, client) in clients.iter_mut().enumerate() {
            round(client, number * 10 + at);
        }
    }
    eventually("the heap is where it was", || {
        server.endpoint().topics_len() == 0 && heap.current_usage() < before + (1 << 20)
    });
    report("after", heap.current_usage());
}
