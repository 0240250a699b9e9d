//! A crowd that connects and joins at once: the server holds it, cuts nobody, and serves all.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use lobbyd::server::{Limit, Running, Server, ServerLimits};
use lobbyd::{Channel, Handled, Handlers, Join, Payload, Router, Socket, UserSocket};
use serde_json::{Value, json};
use testkit::{Client, DEADLINE, connect, frame, open, serve_with, upgrade_request};

use crate::fixture::nothing_is_left;

/// Clients of a crowd, many times what its server takes at once.
const CROWD: usize = 60;

const TARGET: &str = "/socket/websocket?vsn=2.0.0";

fn join() -> Value {
    json!(["11", "1", "room:x", "phx_join", {}])
}

/// A channel that lets everybody in, and notes how many are in when a member asks for a mark.
struct Counting {
    joined: Arc<AtomicUsize>,
    joined_at_mark: Arc<AtomicUsize>,
    /// The first join waits for it, which no callback may do.
    gate: Mutex<Option<Receiver<()>>>,
    first: Sender<()>,
}

impl Channel for Counting {
    fn join(&self, topic: &str, _: Payload<'_>, _: &mut Socket<'_>) -> Join {
        if topic == "room:x" {
            self.joined.fetch_add(1, Ordering::Relaxed);
            if let Some(gate) = self.gate.lock().unwrap().take() {
                let _ = self.first.send(());
                let _ = gate.recv_timeout(DEADLINE);
            }
        }
        Join::ok()
    }

    fn handle_in(&self, _: &str, _: Payload<'_>, _: &mut Socket<'_>) -> Handled {
        let joined = self.joined.load(Ordering::Relaxed);
        self.joined_at_mark.store(joined, Ordering::Relaxed);
        Handled::ok(())
    }
}

/// Asserts that each client of the crowd has joined, and stays, and that none was turned away.
fn are_all_served(server: &Running, crowd: &mut [Client]) {
    let ok = json!({"status": "ok", "response": {}});
    for client in &mut *crowd {
        client.expect(json!(["11", "1", "room:x", "phx_reply", ok]));
    }
    crowd.iter_mut().for_each(Client::expect_nothing);
    let (closes, refusals) = (server.endpoint().closes(), server.endpoint().refusals());
    let closed: u64 = closes.by_reason().map(|(_, count)| count).sum();
    let refused: u64 = refusals.by_reason().map(|(_, count)| count).sum();
    assert_eq!((closed, closes.cut(), refused), (0, 0, 0));
}

#[test]
fn crowd_that_comes_faster_than_every_pace_is_held_and_served_whole() {
    let limits = ServerLimits::default()
        .with_max(Limit::AcceptsPerSecond, 60)
        .with_burst(Limit::AcceptsPerSecond, 1)
        .with_max(Limit::JoinsPerSecond, 30)
        .with_burst(Limit::JoinsPerSecond, 1)
        .with_wait_ms(Limit::JoinsPerSecond, 9_000);
    let rooms = Handlers::join(|_, _, _| Join::ok());
    let socket = UserSocket::new().channel("room:*", rooms);
    let any_port: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let server = Server::new(Router::new().socket("/socket", socket)).shards(2);
    let bound = server.limits(limits).bind(any_port).unwrap();
    let address = bound.local_addr();
    let asks_and_joins = |_| {
        let mut stream = open(address);
        let mut bytes = upgrade_request(address, TARGET, "").into_bytes();
        bytes.extend(frame(1, join().to_string().as_bytes()));
        stream.write_all(&bytes).unwrap();
        stream
    };
    // All are there when the server starts.
    let crowd: Vec<TcpStream> = (0..CROWD).map(asks_and_joins).collect();
    let server = bound.start();
    let mut crowd: Vec<Client> = crowd.into_iter().map(Client::upgraded).collect();
    let meters = server.endpoint().limit_meters();
    assert!(meters.bitten(Limit::AcceptsPerSecond) > 0);
    assert!(meters.bitten(Limit::JoinsPerSecond) > 0);
    are_all_served(&server, &mut crowd);
    drop(crowd);
    nothing_is_left(server);
}

#[test]
fn crowd_whose_joins_make_a_turn_long_is_held_and_served_whole() {
    let ((first, is_first), (release, gate)) = (channel(), channel());
    let (joined, joined_at_mark) = (Arc::default(), Arc::new(AtomicUsize::new(usize::MAX)));
    let counting = Counting {
        joined: Arc::clone(&joined),
        joined_at_mark: Arc::clone(&joined_at_mark),
        gate: Mutex::new(Some(gate)),
        first,
    };
    let router = Router::new().socket("/socket", UserSocket::new().channel("room:*", counting));
    let server = serve_with(router, 1, ServerLimits::default());
    let mut member = connect(&server);
    member.join("room:y");
    let mut crowd: Vec<Client> = (0..CROWD).map(|_| connect(&server)).collect();
    // The first join holds its turn up until all others have come, and a push of the member.
    crowd[0].send(join());
    is_first.recv_timeout(DEADLINE).expect("it joins");
    crowd[1..].iter_mut().for_each(|client| client.send(join()));
    member.send(json!(["11", "2", "room:y", "mark", {}]));
    release.send(()).expect("the first join waits");
    let ok = json!({"status": "ok", "response": {}});
    member.expect(json!(["11", "2", "room:y", "phx_reply", ok]));
    let meters = server.endpoint().limit_meters();
    assert_eq!(
        meters.bitten(Limit::JoinsPerSecond),
        0,
        "no rate holds them"
    );
    are_all_served(&server, &mut crowd);
    let before_it = joined_at_mark.load(Ordering::Relaxed);
    assert!(before_it < CROWD / 2, "{before_it} joined before the push");
    drop((member, crowd));
    nothing_is_left(server);
}
