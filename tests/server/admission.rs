//! Connections that are too many, too fast or from one address, or never finish their handshake.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use lobbyd::server::{Limit, Proxies, Running, Server, ServerLimits, raise_descriptor_limit};
use lobbyd::{Connect, Router, UserSocket};
use socket2::{Domain, Socket, Type};
use testkit::{
    Client, connect, eventually, open, request, uninterrupted, upgrade, upgrade_request,
};

use crate::fixture::{Chat, arena, arena_behind, nothing_is_left};

const TARGET: &str = "/socket/websocket?vsn=2.0.0";

fn bitten(server: &Running, limit: Limit) -> u64 {
    server.endpoint().limit_meters().bitten(limit)
}

fn nearest(server: &Running, limit: Limit) -> f64 {
    server.endpoint().limit_meters().nearest(limit)
}

/// True if the server has closed or reset the stream. Bytes that it sent before are discarded.
pub fn is_cut(stream: &mut TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    match stream.read(&mut [0; 1024]) {
        Ok(read) => read == 0,
        Err(error) => error.kind() != ErrorKind::WouldBlock,
    }
}

#[test]
fn connections_beyond_the_maximum_wait_until_others_have_gone() {
    let server = arena(2, ServerLimits::default().with_max(Limit::Connections, 3));
    let mut three: Vec<Client> = (0..3).map(|_| connect(&server)).collect();
    let mut fourth = open(server.local_addr());
    let asked = upgrade_request(server.local_addr(), TARGET, "");
    fourth.write_all(asked.as_bytes()).unwrap();
    fourth
        .set_read_timeout(Some(Duration::from_millis(300)))
        .unwrap();
    let waits = uninterrupted(|| fourth.read(&mut [0; 16])).unwrap_err();
    assert_eq!(waits.kind(), ErrorKind::WouldBlock);
    eventually("it was counted", || bitten(&server, Limit::Connections) > 0);
    drop(three.pop());
    fourth.set_read_timeout(Some(testkit::DEADLINE)).unwrap();
    let mut fourth = Client::upgraded(fourth);
    fourth.join("room:x");
    drop((three, fourth));
    nothing_is_left(server);
}

#[test]
fn crowd_beyond_the_backlog_is_accepted_while_the_shard_does_other_work() {
    /// More than a shard is handed, and the backlog.
    const CROWD: usize = 1_500;
    raise_descriptor_limit();
    let (lets_go, is_let_go) = channel::<()>();
    let is_let_go = Mutex::new(Some(is_let_go));
    let socket = UserSocket::new().connect(move |_, _| {
        let first = is_let_go.lock().unwrap().take();
        if let Some(gate) = first {
            let _ = gate.recv();
        }
        Connect::ok()
    });
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let any_port: SocketAddr = "127.0.0.1:0".parse().unwrap();
    listener.bind(&any_port.into()).unwrap();
    listener.listen(700).unwrap();
    let router = Router::new().socket("/socket", socket);
    let bound = Server::new(router).shards(1).listen_on(listener.into());
    let server = bound.unwrap().start();
    let address = server.local_addr();
    let ask = |stream: &mut TcpStream| {
        let asked = upgrade_request(address, TARGET, "");
        stream.write_all(asked.as_bytes()).unwrap();
    };
    let mut first = open(address);
    ask(&mut first);
    let come = |_| TcpStream::connect_timeout(&address, testkit::DEADLINE);
    let crowd: Result<Vec<TcpStream>, _> = (0..CROWD).map(come).collect();
    let mut crowd = crowd.expect("a full backlog drops what comes");
    drop(lets_go);
    crowd.iter_mut().for_each(ask);
    for stream in crowd.into_iter().chain([first]) {
        let limit = Some(testkit::DEADLINE);
        stream.set_read_timeout(limit).unwrap();
        drop(Client::upgraded(stream));
    }
    nothing_is_left(server);
}

#[test]
fn connections_over_the_accept_rate_come_in_later_and_none_is_refused() {
    let limits = ServerLimits::default()
        .with_max(Limit::AcceptsPerSecond, 20)
        .with_burst(Limit::AcceptsPerSecond, 5);
    let server = arena(1, limits);
    let started = Instant::now();
    let asked = upgrade_request(server.local_addr(), TARGET, "");
    let waiting: Vec<TcpStream> = (0..25)
        .map(|_| {
            let mut stream = open(server.local_addr());
            stream.write_all(asked.as_bytes()).unwrap();
            stream
        })
        .collect();
    let clients: Vec<Client> = waiting.into_iter().map(Client::upgraded).collect();
    assert!(started.elapsed() >= Duration::from_millis(950));
    assert!(bitten(&server, Limit::AcceptsPerSecond) > 0);
    drop(clients);
    nothing_is_left(server);
}

#[test]
fn address_with_too_many_connections_gets_a_slow_429_and_others_none() {
    let proxies = Proxies {
        trusted: vec!["127.0.0.0/8".parse().unwrap()],
        proxy_protocol: false,
    };
    let limits = ServerLimits::default().with_max(Limit::ConnectionsPerAddress, 2);
    let server = arena_behind(proxies, 2, limits);
    let from = |client: &str| {
        let header = format!("X-Forwarded-For: {client}\r\n");
        upgrade(server.local_addr(), TARGET, &header)
    };
    let mut two = vec![from("192.0.2.1").unwrap(), from("192.0.2.1").unwrap()];
    assert_eq!(nearest(&server, Limit::ConnectionsPerAddress), 1.0);
    let started = Instant::now();
    let Err(refused) = from("192.0.2.1") else {
        panic!("a third was let in");
    };
    assert!(started.elapsed() >= Duration::from_millis(950));
    assert!(refused.starts_with("HTTP/1.1 429 "), "{refused}");
    assert!(refused.contains("\r\nretry-after: "), "{refused}");
    assert_eq!(server.endpoint().refusals().of("address"), 1);
    let other = from("192.0.2.2").expect("another address is not concerned");
    // A page counts only until its answer is sent.
    let page = "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 192.0.2.2\r\n";
    let pages = format!("{page}\r\n{page}\r\n{page}Connection: close\r\n\r\n");
    let answers = request(server.local_addr(), &pages);
    assert_eq!(answers.matches("HTTP/1.1 200 ").count(), 3);
    let another = from("192.0.2.2").expect("the pages have been answered");
    drop(two.pop());
    eventually("there is room again", || match from("192.0.2.1") {
        Ok(client) => {
            two.push(client);
            true
        }
        Err(_) => false,
    });
    drop((two, other, another));
    nothing_is_left(server);
}

#[test]
fn unfinished_handshakes_of_a_thousand_connections_keep_nobody_out() {
    raise_descriptor_limit();
    let limits = ServerLimits::default().with_max(Limit::UpgradesInFlight, 100);
    let server = arena(2, limits);
    let chat = Chat::start(&server, "room:chat");
    let half = upgrade_request(server.local_addr(), TARGET, "").into_bytes();
    let mut attackers = Vec::new();
    for number in 0..1_000 {
        let mut stream = open(server.local_addr());
        // A third of the attackers send nothing at all.
        stream.write_all(&half[..number % 3 * 40]).unwrap();
        attackers.push(stream);
        if number % 100 == 99 {
            connect(&server).join("room:late");
            chat.is_fine();
        }
    }
    eventually("all but a hundred are cut", || {
        attackers.retain_mut(|stream| !is_cut(stream));
        attackers.len() <= 100
    });
    assert!(attackers.len() > 50, "{} are left", attackers.len());
    assert!(bitten(&server, Limit::UpgradesInFlight) >= 900);
    chat.end();
    drop(attackers);
    nothing_is_left(server);
}

#[test]
fn request_head_sent_a_byte_at_a_time_is_cut_at_the_limit_of_head_time() {
    let limits = ServerLimits::default().with_max(Limit::HeadTime, 400);
    let server = arena(1, limits);
    let chat = Chat::start(&server, "room:chat");
    let head = upgrade_request(
        server.local_addr(),
        TARGET,
        "X-Y: z\r\n".repeat(500).as_str(),
    );
    let mut slow = open(server.local_addr());
    let mut bytes = head.bytes();
    let started = Instant::now();
    while let Some(byte) = bytes.next()
        && slow.write_all(&[byte]).is_ok()
        && !is_cut(&mut slow)
    {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(started.elapsed() >= Duration::from_millis(400));
    assert!(bytes.len() > 0, "the whole head was taken");
    eventually("it was counted", || bitten(&server, Limit::HeadTime) == 1);
    chat.end();
    nothing_is_left(server);
}

#[test]
fn head_of_too_many_lines_or_bytes_gets_431_and_is_counted_by_kind() {
    let limits = ServerLimits::default()
        .with_max(Limit::HeadLines, 10)
        .with_max(Limit::HeadBytes, 8 << 10);
    let server = arena(1, limits);
    let with_lines = |count: usize, line: &str| {
        let lines = line.repeat(count);
        let asked = format!("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{lines}\r\n");
        request(server.local_addr(), &asked)
    };
    assert!(with_lines(8, "X-Y: z\r\n").starts_with("HTTP/1.1 200 "));
    assert_eq!(nearest(&server, Limit::HeadLines), 1.0);
    assert!(with_lines(9, "X-Y: z\r\n").starts_with("HTTP/1.1 431 "));
    let counts = || [Limit::HeadLines, Limit::HeadBytes].map(|limit| bitten(&server, limit));
    assert_eq!(counts(), [1, 0]);
    let long = format!("X-Y: {}\r\n", "z".repeat(50_000));
    assert!(with_lines(1, &long).starts_with("HTTP/1.1 431 "));
    assert_eq!(counts(), [1, 1]);
    nothing_is_left(server);
}
