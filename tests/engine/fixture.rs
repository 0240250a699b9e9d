//! A lobby of clients of bare bytes, some of whom stop reading, and what was published to it.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use lobbyd::broker::FanoutSettings;
use lobbyd::rooms::RoomChannel;
use lobbyd::server::{Limit, Running, Server, ServerLimits};
use lobbyd::{Router, UserSocket};
use serde_json::{Value, json};
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

/// Limits with that retention, with 16 KiB unsent in the kernel, and with more time for closing than the kernel lets pass
/// between two retransmissions: a client that wakes gets its Close behind what the kernel held, however late that comes.
pub fn limits(fanout: FanoutSettings) -> ServerLimits {
    ServerLimits::default()
        .with_max(Limit::RetentionBytes, fanout.retention_bytes_max as u64)
        .with_max(
            Limit::RetentionMessages,
            fanout.retention_entries_max as u64,
        )
        .with_max(Limit::RetentionTime, fanout.retention_ms_max)
        .with_max(
            Limit::RetentionTotalBytes,
            fanout.retention_total_bytes_max as u64,
        )
        .with_max(Limit::OutboxBytes, fanout.outbox_bytes_max as u64)
        .with_closing_timeout_ms(600_000)
        .with_notsent_bytes_max(16 << 10)
}

/// Clients with small buffers, joined to the lobby.
pub fn join_lobby(address: SocketAddr, clients: usize) -> Vec<Client> {
    let join = |_| {
        let mut client = connect_with_buffer(address, Some(128 << 10));
        client.join(LOBBY);
        client
    };
    (0..clients).map(join).collect()
}

/// A client on a socket with that receive buffer, or with the system's.
pub fn connect_with_buffer(address: SocketAddr, receive_buffer: Option<usize>) -> Client {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    if let Some(bytes) = receive_buffer {
        socket.set_recv_buffer_size(bytes).unwrap();
    }
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

/// The frame of a numbered message of 768 KiB, of which a kernel takes a part for a narrow client.
pub fn large_frame_of(number: usize) -> Vec<u8> {
    let text = json!([null, null, LOBBY, "new_msg", large_payload(number)]).to_string();
    let mut frame = vec![0x81, 127];
    frame.extend((text.len() as u64).to_be_bytes());
    frame.extend(text.as_bytes());
    frame
}

fn large_payload(number: usize) -> Value {
    json!({"number": number, "body": "x".repeat(768 << 10)})
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

/// Publishes large messages, one at a time, and has each of `readers` read each before the next.
pub fn publish_large_to(server: &Running, readers: &mut [Client], numbers: std::ops::Range<usize>) {
    for number in numbers {
        let payload = large_payload(number);
        server.endpoint().broadcast(LOBBY, "new_msg", payload);
        read_exactly(readers, &large_frame_of(number));
    }
}

/// Has clients that have stopped since `stopped` read again, all at the same moment, and do what `reads` does.
///
/// Their receive queues were full, so the kernel has sent again what they dropped after 0.2, 0.4, 0.8, … s. The next time
/// is as far away as they have slept, and nothing comes before. The wait for it is no matter of the server's.
pub fn wake<R: Send>(
    clients: &mut [Client],
    stopped: Instant,
    reads: impl Fn(&mut Client) -> R + Sync,
) -> Vec<R> {
    let deadline = DEADLINE + 2 * stopped.elapsed();
    std::thread::scope(|scope| {
        let reads = &reads;
        let wake_one = |client: &mut Client| {
            let waits = client.stream.set_read_timeout(Some(deadline));
            waits.expect("a time that is not 0");
            reads(client)
        };
        let threads: Vec<_> = clients
            .iter_mut()
            .map(|client| scope.spawn(move || wake_one(client)))
            .collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, R>| match thread.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        threads.into_iter().map(join).collect()
    })
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

/// Reads what comes to `client` until the server's end: the first of the frames `published`, of one size each, without a
/// gap. Says how many, and how it ended.
pub fn read_to_the_end(client: &mut Client, published: &[Vec<u8>]) -> (usize, Last) {
    let size = published[0].len();
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
        .zip(published.iter().flatten())
        .take_while(|(a, b)| a == b)
        .count();
    let (messages, cut) = (same / size, same % size);
    let last = match got[same..] {
        [] => Last::Cut,
        [0x88, 2, high, low] if cut == 0 => Last::Close(u16::from_be_bytes([high, low])),
        ref rest => panic!("behind {messages} messages and {cut} bytes: {rest:?}"),
    };
    (messages, last)
}

/// All of `stopped` wake, and read a part of the first `published` messages without a gap, and then a Close with 1013.
pub fn read_a_part_and_1013(stopped: &mut [Client], since: Instant, published: usize) {
    let frames: Vec<_> = (0..published).map(frame_of).collect();
    let read = |client: &mut _| read_to_the_end(client, &frames);
    for (messages, last) in wake(stopped, since, read) {
        assert!(messages < published);
        assert_eq!(last, Last::Close(1013), "behind {messages} messages");
    }
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
