//! A lobby of clients of bare bytes, some of whom stop reading, and what was published to it.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};

use lobbyd::rooms::RoomChannel;
use lobbyd::server::{Running, Server, ServerLimits};
use lobbyd::{FanoutSettings, Router, UserSocket};
use serde_json::json;
use socket2::{Domain, Socket, Type};
use testkit::{Client, DEADLINE, upgrade_request};

pub const LOBBY: &str = "room:lobby";

/// The tutorial's room on one shard whose kernel takes little for each socket, so that it is soon felt who has stopped.
pub fn serve(limits: ServerLimits) -> Running {
    let router = Router::new().socket("/socket", UserSocket::new().channel("room:*", RoomChannel));
    let any_port = "127.0.0.1:0".parse().unwrap();
    let server = Server::new(router).shards(1).limits(limits);
    server.bind(any_port).expect("a free port").start()
}

/// Limits with that retention, and with 16 KiB unsent in the kernel.
pub fn limits(fanout: FanoutSettings) -> ServerLimits {
    ServerLimits {
        fanout,
        notsent_bytes_max: 16 << 10,
        ..ServerLimits::default()
    }
}

/// Clients with small buffers, joined to the lobby.
pub fn join_lobby(address: SocketAddr, clients: usize) -> Vec<Client> {
    let join = |_| {
        let mut client = connect_narrow(address);
        client.join(LOBBY);
        client
    };
    (0..clients).map(join).collect()
}

fn connect_narrow(address: SocketAddr) -> Client {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(128 << 10).unwrap();
    socket.connect(&address.into()).unwrap();
    let mut stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.set_nodelay(true).unwrap();
    let request = upgrade_request(address, "/socket/websocket?vsn=2.0.0", "");
    stream.write_all(request.as_bytes()).unwrap();
    Client::upgraded(stream)
}

/// The frame of a numbered message with a body of 64 bytes, as every member must get it.
pub fn frame_of(number: usize) -> Vec<u8> {
    let payload = json!({"number": format!("{number:0>51}")});
    assert_eq!(payload.to_string().len(), 64);
    let text = json!([null, null, LOBBY, "new_msg", payload]).to_string();
    let mut frame = vec![0x81, u8::try_from(text.len()).unwrap()];
    assert!(text.len() < 126);
    frame.extend(text.as_bytes());
    frame
}

/// The bytes of the messages `numbers`.
pub fn frames_of(numbers: std::ops::Range<usize>) -> Vec<u8> {
    numbers.flat_map(frame_of).collect()
}

pub fn publish(server: &Running, numbers: std::ops::Range<usize>) {
    for number in numbers {
        let payload = json!({"number": format!("{number:0>51}")});
        server.endpoint().broadcast(LOBBY, "new_msg", payload);
    }
}

/// Publishes the messages `numbers`, a few at a time, and has each of `readers` read them before the next few: they must
/// not be slow themselves, however busy the machine is.
pub fn publish_to(server: &Running, readers: &mut [Client], numbers: std::ops::Range<usize>) {
    for first in numbers.clone().step_by(200) {
        let few = first..numbers.end.min(first + 200);
        publish(server, few.clone());
        read_exactly(readers, &frames_of(few));
    }
}

/// Has each of `readers` read the bytes of `expected` and nothing else.
pub fn read_exactly(readers: &mut [Client], expected: &[u8]) {
    for client in readers {
        let mut got = vec![0; expected.len()];
        client.stream.read_exact(&mut got).expect("all of it");
        assert!(got == expected, "something is missing or out of order");
    }
}

/// How the stream of a client that read too late ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Last {
    /// With a Close of that code.
    Close(u16),
    /// Without one: its WebSocket saw 1006.
    Cut,
}

/// Reads what comes to `client` until the server's end: the first messages without a gap. Says how many, and how it ended.
pub fn read_to_the_end(client: &mut Client, published: &[u8]) -> (usize, Last) {
    let mut got = Vec::new();
    let mut bytes = [0; 64 << 10];
    loop {
        match client.stream.read(&mut bytes) {
            Ok(0) => break,
            Ok(read) => got.extend_from_slice(&bytes[..read]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
            Err(error) => panic!("neither read nor closed: {error}"),
        }
    }
    let same = got
        .iter()
        .zip(published)
        .take_while(|(a, b)| a == b)
        .count();
    let (messages, cut) = (same / frame_of(0).len(), same % frame_of(0).len());
    let last = match got[same..] {
        [] => Last::Cut,
        [0x88, 2, high, low] if cut == 0 => Last::Close(u16::from_be_bytes([high, low])),
        ref rest => panic!("behind {messages} messages and {cut} bytes: {rest:?}"),
    };
    (messages, last)
}

/// Bytes that the kernel holds for each connection the server on `port` still has, acknowledged by nobody yet: the
/// column `tx_queue` of /proc/net/tcp, which `ss -tn` shows as Send-Q.
pub fn send_queues(port: u16) -> Vec<usize> {
    let table = std::fs::read_to_string("/proc/net/tcp").expect("Linux");
    let own = format!(":{port:04X}");
    let queue = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let listens = fields[3] == "0A";
        let (sent, _) = fields[4].split_once(':')?;
        (fields[1].ends_with(&own) && !listens).then(|| usize::from_str_radix(sent, 16).unwrap())
    };
    table.lines().skip(1).filter_map(queue).collect()
}
