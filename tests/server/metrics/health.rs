//! Health and readiness are two states, and each is reported by itself.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use lobbyd::server::Limit;
use lobbyd::{
    Channel, Drain, Handled, Join, Payload, Router, Running, Server, ServerLimits, Socket,
    UserSocket,
};
use serde_json::json;
use testkit::{DEADLINE, connect, eventually, tutorial};

use crate::metrics::page::{ask, get};

/// A channel whose callback blocks until it is released, which no callback may do.
struct Blocking(Mutex<Receiver<()>>);

impl Channel for Blocking {
    fn join(&self, _: &str, _: Payload<'_>, _: &mut Socket<'_>) -> Join {
        Join::ok()
    }

    fn handle_in(&self, _: &str, _: Payload<'_>, _: &mut Socket<'_>) -> Handled {
        let gate = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = gate.recv_timeout(2 * DEADLINE);
        Handled::no_reply()
    }
}

fn blocking() -> (Running, std::net::SocketAddr, Sender<()>) {
    let (open, gate) = channel();
    let socket = UserSocket::new().channel("*", Blocking(Mutex::new(gate)));
    let any = ([127, 0, 0, 1], 0).into();
    let server = Server::new(Router::new().socket("/socket", socket));
    let bound = server.shards(2).admin(any).bind(any).unwrap();
    let admin = bound.admin_addr().unwrap();
    (bound.start(), admin, open)
}

#[test]
fn health_fails_and_readiness_does_not_while_a_shard_hangs() {
    let (server, admin, open) = blocking();
    eventually("it turns", || get(admin, "/healthz", "").0 == 200);
    let mut client = connect(&server);
    client.join("room:x");
    client.send(json!(["11", "2", "room:x", "block", {}]));
    eventually("health fails", || get(admin, "/healthz", "").0 == 503);
    let (_, _, line) = get(admin, "/healthz", "");
    let age = line.strip_prefix("a shard hangs: it began its last turn ");
    let age = age.and_then(|rest| rest.strip_suffix(" s ago\n"));
    let age: u64 = age.and_then(|age| age.parse().ok()).expect(&line);
    assert!((5..60).contains(&age), "{line}");
    let (status, _, line) = get(admin, "/readyz", "");
    assert_eq!((status, line.as_str()), (200, "ready\n"));
    open.send(()).unwrap();
    eventually("it turns again", || get(admin, "/healthz", "").0 == 200);
}

#[test]
fn idle_server_stays_healthy_for_longer_than_a_shard_may_hang() {
    let (_server, admin, _open) = blocking();
    eventually("it turns", || get(admin, "/healthz", "").0 == 200);
    let started = Instant::now();
    eventually("more than 5 s have passed", || {
        assert_eq!(get(admin, "/healthz", "").0, 200);
        started.elapsed().as_millis() > 6_500
    });
}

/// The server drains until the client answers its Close. The other shard has ended by then, which
/// must not count as hanging.
#[test]
fn server_that_drains_is_healthy_and_not_ready() {
    let any = ([127, 0, 0, 1], 0).into();
    let router = Router::new().socket("/socket", UserSocket::new());
    let limits = ServerLimits::default()
        .with_closing_timeout_ms(60_000)
        .with_drain(Drain::default().with_deadline_ms(60_000));
    let server = Server::new(router).shards(2).limits(limits).admin(any);
    let bound = server.bind(any).unwrap();
    let admin = bound.admin_addr().unwrap();
    let server = bound.start();
    let mut client = connect(&server);
    assert_eq!(get(admin, "/readyz", "").2, "ready\n");
    let stopping = std::thread::spawn(move || server.stop());
    assert_eq!(client.close_code(), 1012);
    let (status, _, line) = get(admin, "/readyz", "");
    assert_eq!((status, line.as_str()), (503, "draining\n"));
    let started = Instant::now();
    eventually("more than 5 s have passed", || {
        assert_eq!(get(admin, "/healthz", "").0, 200);
        started.elapsed().as_millis() > 6_500
    });
    drop(client);
    assert_eq!(stopping.join().unwrap().unwrap().cut_off, 0);
}

#[test]
fn health_and_readiness_are_for_everybody_and_are_never_kept() {
    let server = tutorial();
    let address = server.local_addr();
    for (path, line) in [("/healthz", "ok\n"), ("/readyz", "ready\n")] {
        let (status, head, body) = get(address, path, "X-Forwarded-For: 192.0.2.1\r\n");
        assert_eq!((status, body.as_str()), (200, line));
        assert!(head.contains("cache-control: no-store"), "{head}");
        let (status, head, body) = ask(address, "HEAD", path, "");
        assert_eq!((status, body.as_str()), (200, ""));
        assert!(head.contains(&format!("content-length: {}", line.len())));
        assert_eq!(ask(address, "POST", path, "").0, 405);
    }
}

#[test]
fn full_server_is_healthy_and_not_ready_until_it_is_under_95_percent() {
    let any = ([127, 0, 0, 1], 0).into();
    let router = Router::new().socket("/socket", UserSocket::new());
    let limits = ServerLimits::default().with_max(Limit::Connections, 20);
    let server = Server::new(router).shards(2).limits(limits).admin(any);
    let bound = server.bind(any).unwrap();
    let admin = bound.admin_addr().unwrap();
    let server = bound.start();
    let mut clients: Vec<_> = (0..19).map(|_| connect(&server)).collect();
    let ready = || get(admin, "/readyz", "");
    assert_eq!(ready().2, "ready\n");
    clients.push(connect(&server));
    let (status, _, line) = ready();
    assert_eq!((status, line.as_str()), (503, "full\n"));
    assert_eq!(get(admin, "/healthz", "").0, 200);
    let connections = |expected: usize| {
        eventually("its end is seen", || {
            server.endpoint().status().connections() == expected
        });
    };
    clients.pop();
    connections(19);
    assert_eq!(ready().2, "full\n", "19 of 20 are 95 %");
    let (_, _, page) = get(admin, "/metrics", "");
    assert!(page.contains("\nlobbyd_admitting 0\n"), "{page}");
    clients.pop();
    connections(18);
    assert_eq!(ready().2, "ready\n");
}
