//! Silent connections where places or descriptors are few: they keep no client out.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use lobbyd::server::{Limit, Proxies, Server, ServerLimits};
use lobbyd::{Router, UserSocket};
use testkit::{
    Process, connect, connect_to, eventually, open, request, uninterrupted, upgrade_request,
};

use crate::admission::is_cut;
use crate::fixture::{Chat, Obedient, arena, arena_behind, nothing_is_left};
use crate::proxies::header;

const TARGET: &str = "/socket/websocket?vsn=2.0.0";

/// Longer than any test waits, so that no place becomes free because the time for a head is over.
const HEAD_TIME_MS: u64 = 600_000;

fn silent(address: SocketAddr, count: usize) -> Vec<TcpStream> {
    (0..count).map(|_| open(address)).collect()
}

#[test]
fn unfinished_connections_keep_nobody_out_where_all_places_are_taken() {
    let limits = ServerLimits::default()
        .with_max(Limit::Connections, 20)
        .with_max(Limit::HeadTime, HEAD_TIME_MS);
    let server = arena(2, limits);
    let chat = Chat::start(&server, "room:chat");
    let attackers = silent(server.local_addr(), 80);
    // Otherwise this client would get in only when earlier connections have used up their time for
    // a head.
    connect(&server).join("room:late");
    assert!(server.endpoint().limit_meters().bitten(Limit::Connections) > 0);
    chat.is_fine();
    chat.end();
    drop(attackers);
    nothing_is_left(server);
}

#[test]
fn connection_is_cut_for_room_only_if_another_waits_to_be_accepted() {
    let limits = ServerLimits::default().with_max(Limit::Connections, 3);
    let server = arena(1, limits);
    let mut client = connect(&server);
    let mut waiting = silent(server.local_addr(), 2);
    std::thread::sleep(Duration::from_millis(500));
    assert!(!waiting.iter_mut().any(is_cut));
    assert_eq!(
        server.endpoint().limit_meters().bitten(Limit::Connections),
        0
    );
    waiting.extend(silent(server.local_addr(), 1));
    eventually("the first is cut for the third", || is_cut(&mut waiting[0]));
    assert!(!waiting[1..].iter_mut().any(is_cut));
    client.join("room:x");
    drop((client, waiting));
    nothing_is_left(server);
}

#[test]
fn silent_connection_beyond_its_addresss_limit_is_closed_after_a_second() {
    let proxies = Proxies {
        trusted: vec!["127.0.0.0/8".parse().unwrap()],
        proxy_protocol: true,
    };
    let limits = ServerLimits::default()
        .with_max(Limit::ConnectionsPerAddress, 2)
        .with_max(Limit::HeadTime, HEAD_TIME_MS);
    let server = arena_behind(proxies, 1, limits);
    let from_one_address = || {
        let mut stream = open(server.local_addr());
        stream.write_all(&header(1)).unwrap();
        stream
    };
    let nearest = || {
        server
            .endpoint()
            .limit_meters()
            .nearest(Limit::ConnectionsPerAddress)
    };
    let mut two = [from_one_address(), from_one_address()];
    eventually("they are counted", || nearest() == 1.0);
    let started = Instant::now();
    let mut third = from_one_address();
    match uninterrupted(|| third.read(&mut [0; 16])) {
        Ok(read) => assert_eq!(read, 0),
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }
    assert!(started.elapsed() >= Duration::from_millis(950));
    assert!(!two.iter_mut().any(is_cut), "the two may wait longer");
    eventually("it was refused", || {
        server.endpoint().refusals().of("address") == 1
    });
    drop(two);
    nothing_is_left(server);
}

#[test]
fn unfinished_connections_keep_nobody_out_where_descriptors_are_few() {
    let mut command = Command::new("sh");
    let script = "ulimit -n 100 && exec \"$0\" --listen 127.0.0.1:0 --shards 2";
    command.args(["-c", script, env!("CARGO_BIN_EXE_lobbyd")]);
    command.env("LOBBYD_LIMITS_HEAD_TIME_MS_MAX", HEAD_TIME_MS.to_string());
    let lobbyd = Process::start(command);
    let address = lobbyd.address();
    let attackers = silent(address, 300);
    connect_to(address, TARGET).join("room:lobby");
    lobbyd.logs(&["as many connections as open files allow"]);
    let told = lobbyd.killed().log;
    drop(attackers);
    assert_eq!(
        told.matches("as many connections as open files allow")
            .count(),
        1,
        "{told}"
    );
    let of_operators = told.contains("cannot accept connections");
    assert!(!of_operators, "the files for operators were used: {told}");
}

#[test]
fn silent_connections_to_the_admin_listener_delay_no_probe() {
    let router = Router::new().socket("/socket", UserSocket::new().channel("room:*", Obedient));
    let any_port = "127.0.0.1:0".parse().unwrap();
    let server = Server::new(router).shards(1).admin(any_port);
    let bound = server.bind(any_port).unwrap();
    let admin = bound.admin_addr().unwrap();
    let server = bound.start();
    // Otherwise each probe would be answered only when earlier connections have used up the 5 s
    // that this listener gives them for a head. A busy machine may delay some of the probes.
    let is_prompt = |_| {
        let attackers = silent(admin, 60);
        let started = Instant::now();
        let answer = request(
            admin,
            "GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        );
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        let took = started.elapsed();
        drop(attackers);
        took < Duration::from_secs(4)
    };
    assert!((0..5).any(is_prompt), "every probe is delayed");
    nothing_is_left(server);
}

#[test]
fn connection_has_a_thousand_requests_answered_and_the_last_says_so() {
    let server = arena(1, ServerLimits::default());
    let page = "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n";
    let answers = request(server.local_addr(), &page.repeat(1_100));
    assert_eq!(answers.matches("HTTP/1.1 200 ").count(), 1_000);
    let last = &answers[answers.rfind("HTTP/1.1 ").unwrap()..];
    assert!(last.contains("connection: close\r\n"), "{last}");
    assert_eq!(answers.matches("connection: close\r\n").count(), 1);
    let upgrade = upgrade_request(server.local_addr(), TARGET, "");
    let mut socket = open(server.local_addr());
    let last = page.repeat(999) + &upgrade;
    socket.write_all(last.as_bytes()).unwrap();
    let mut received = String::new();
    while !received.contains("HTTP/1.1 101 ") || !received.ends_with("\r\n\r\n") {
        let mut piece = [0; 1024];
        let read = uninterrupted(|| socket.read(&mut piece)).unwrap();
        assert_ne!(read, 0, "{received}");
        received.push_str(std::str::from_utf8(&piece[..read]).unwrap());
    }
    assert!(!received.contains("connection: close\r\n"));
    drop(socket);
    nothing_is_left(server);
}
