//! The clients that may see the metrics, and the bounds of the admin listener.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpListener;

use lobbyd::{Router, Server};
use testkit::{open, tutorial};

use crate::metrics::page::{ask, get, scrape};

fn any() -> std::net::SocketAddr {
    ([127, 0, 0, 1], 0).into()
}

#[test]
fn metrics_without_admin_listener_are_for_this_machine_and_no_proxy() {
    let server = tutorial();
    let address = server.local_addr();
    scrape(address);
    let (status, head, body) = ask(address, "HEAD", "/metrics", "");
    assert_eq!((status, body.as_str()), (200, ""));
    assert!(head.contains("cache-control: no-store"), "{head}");
    assert_eq!(ask(address, "POST", "/metrics", "").0, 405);
    for header in [
        "X-Forwarded-For: 192.0.2.1",
        "x-forwarded-for: 127.0.0.1",
        "Forwarded: for=192.0.2.1",
        "Via: 1.1 proxy",
        "X-Real-IP: 192.0.2.1",
    ] {
        let (status, _, body) = get(address, "/metrics", &format!("{header}\r\n"));
        assert_eq!(status, 404, "{header}");
        assert!(!body.contains("lobbyd_"), "{header}");
    }
}

#[test]
fn admin_listener_alone_has_the_metrics_and_has_nothing_else() {
    let bound = Server::new(Router::new())
        .shards(1)
        .admin(any())
        .bind(any());
    let bound = bound.unwrap();
    let admin = bound.admin_addr().unwrap();
    let server = bound.start();
    assert_eq!(get(server.local_addr(), "/metrics", "").0, 404);
    scrape(admin);
    let through_proxy = get(admin, "/metrics", "X-Forwarded-For: 192.0.2.1\r\n");
    assert_eq!(through_proxy.0, 200);
    for path in ["/", "/socket/websocket", "/metrics/", "/healthz/x"] {
        assert_eq!(get(admin, path, "").0, 404, "{path}");
    }
    server.stop().unwrap();
    assert!(std::net::TcpStream::connect(admin).is_err(), "it ended too");
}

#[test]
fn listener_that_somebody_else_bound_serves_as_well() {
    let listener = TcpListener::bind(any()).unwrap();
    let admin = listener.local_addr().unwrap();
    let server = Server::new(Router::new()).shards(1).admin_on(listener);
    let bound = server.bind(any()).unwrap();
    assert_eq!(bound.admin_addr(), Some(admin));
    let _server = bound.start();
    scrape(admin);
}

#[test]
fn admin_address_that_cannot_be_had_is_named_before_anything_is_served() {
    let taken = TcpListener::bind(any()).unwrap();
    let address = taken.local_addr().unwrap();
    let error = Server::new(Router::new()).admin(address).bind(any());
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    let named = format!("admin listener {address}: ");
    assert!(error.to_string().starts_with(&named), "{error}");
}

#[test]
fn silent_admin_connection_is_cut_for_the_33rd_and_others_at_their_time() {
    let bound = Server::new(Router::new())
        .shards(1)
        .admin(any())
        .bind(any());
    let bound = bound.unwrap();
    let admin = bound.admin_addr().unwrap();
    let _server = bound.start();
    let mut silent: Vec<_> = (0..32).map(|_| open(admin)).collect();
    let mut waiting = open(admin);
    waiting
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    waiting.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert_eq!(silent.remove(0).read(&mut [0; 16]).unwrap_or(0), 0);
    for stream in &mut silent {
        stream.set_nonblocking(true).unwrap();
        let kept = stream.read(&mut [0; 16]).unwrap_err();
        assert_eq!(kept.kind(), ErrorKind::WouldBlock);
        stream.set_nonblocking(false).unwrap();
    }
    for mut stream in silent {
        // The end of the stream arrives within the stream's deadline.
        assert_eq!(stream.read(&mut [0; 16]).unwrap(), 0);
    }
}
