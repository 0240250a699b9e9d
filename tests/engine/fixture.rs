//! A lobby of clients that read bare bytes, some of which stop reading, and its messages.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use lobbyd::broker::FanoutSettings;
use lobbyd::rooms::RoomChannel;
use lobbyd::server::{Limit, Running, Server, ServerLimits};
use lobbyd::{Router, UserSocket};
use serde_json::{Value, json};
use socket2::{Domain, Socket, Type};
use testkit::{Client, DEADLINE, uninterrupted, upgrade_request};

pub const LOBBY: &str = "room:lobby";

/// Serves the tutorial's room on one shard. With [`limits`] the kernel keeps little for each
/// socket, so that a client that stops is soon noticed.
pub fn serve(limits: ServerLimits) -> Running {
    let router = Router::new().socket("/socket", UserSocket::new().channel("room:*", RoomChannel));
    let any_port = "127.0.0.1:0".parse().unwrap();
    let server = Server::new(router).shards(1).limits(limits);
    server.bind(any_port).expect("a free port").start()
}

/// Returns limits with this retention, and 16 KiB unsent in the kernel. The time for closing
/// exceeds the kernel's time between two retransmissions: a client that wakes gets its Close after
/// the bytes that the kernel held, however late these arrive.
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

/// Returns clients with small buffers, joined to the lobby.
pub fn join_lobby(address: SocketAddr, clients: usize) -> Vec<Client> {
    let join = |_| {
        let mut client = connect_with_buffer(address, Some(128 << 10));
        client.join(LOBBY);
        client
    };
    (0..clients).map(join).collect()
}

/// Connects a client whose socket has this receive buffer, or the system's if `None`.
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

/// Returns the frame of a numbered message with a body of 64 bytes, as every member must get it.
pub fn frame_of(number: usize) -> Vec<u8> {
    let payload = json!({"number": format!("{number:0>51}")});
    assert_eq!(payload.to_string().len(), 64);
    let text = json!([null, null, LOBBY, "new_msg", payload]).to_string();
    let mut frame = vec![0x81, u8::try_from(text.len()).unwrap()];
    assert!(text.len() < 126);
    frame.extend(text.as_bytes());
    frame
}

/// Returns the frame of a numbered message of 768 KiB, of which a kernel takes only a part for a
/// client with small buffers.
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

/// Returns the frames of the messages `numbers`.
pub fn frames_of(numbers: std::ops::Range<usize>) -> Vec<u8> {
    numbers.flat_map(frame_of).collect()
}

pub fn publish(server: &Running, numbers: std::ops::Range<usize>) {
    for number in numbers {
        let payload = json!({"number": format!("{number:0>51}")});
        server.endpoint().broadcast(LOBBY, "new_msg", payload);
    }
}

/// Publishes the messages `numbers` in batches. Each of `readers` reads a batch before the next, so
/// that it is never slow, however busy the machine is.
pub fn publish_to(server: &Running, readers: &mut [Client], numbers: std::ops::Range<usize>) {
    for first in numbers.clone().step_by(200) {
        let few = first..numbers.end.min(first + 200);
        publish(server, few.clone());
        read_exactly(readers, &frames_of(few));
    }
}

/// Publishes large messages one at a time. Each of `readers` reads a message before the next.
pub fn publish_large_to(server: &Running, readers: &mut [Client], numbers: std::ops::Range<usize>) {
    for number in numbers {
        let payload = large_payload(number);
        server.endpoint().broadcast(LOBBY, "new_msg", payload);
        read_exactly(readers, &large_frame_of(number));
    }
}

/// Makes clients that have stopped since `stopped` read again, all at the same moment, by `reads`.
///
/// The clients' receive queues were full, so the kernel has retransmitted dropped bytes after 0.2,
/// 0.4, 0.8, … s. The next retransmission is as far away as the clients have slept, and no byte
/// comes earlier. This wait is not the server's.
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

/// Asserts that each of `readers` gets the bytes of `expected` next.
pub fn read_exactly(readers: &mut [Client], expected: &[u8]) {
    for client in readers {
        let mut got = vec![0; expected.len()];
        client.stream.read_exact(&mut got).expect("all of it");
        assert!(got == expected, "something is missing or out of order");
    }
}

/// The end of the stream of a client that read too late.
#[derive(Debug, PartialEq, Eq)]
pub enum Last {
    /// The stream ended with a Close of this code.
    Close(u16),
    /// The stream ended without a Close; a WebSocket in a browser would report 1006.
    Cut,
}

/// Reads from `client` until the server's end. The bytes must be the first of the frames
/// `published`, all of one size, without a gap. Returns the number of frames, and the end.
pub fn read_to_the_end(client: &mut Client, published: &[Vec<u8>]) -> (usize, Last) {
    let size = published[0].len();
    let mut got = Vec::new();
    let mut bytes = [0; 64 << 10];
    loop {
        match uninterrupted(|| client.stream.read(&mut bytes)) {
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

/// Asserts that each of `stopped` wakes, and reads a part of the first `published` messages without
/// a gap, then a Close with 1013.
pub fn read_a_part_and_1013(stopped: &mut [Client], since: Instant, published: usize) {
    let frames: Vec<_> = (0..published).map(frame_of).collect();
    let read = |client: &mut _| read_to_the_end(client, &frames);
    for (messages, last) in wake(stopped, since, read) {
        assert!(messages < published);
        assert_eq!(last, Last::Close(1013), "behind {messages} messages");
    }
}

/// Returns, for each connection of the server on `port`, the bytes in the kernel that are not
/// acknowledged yet. They are the column `tx_queue` of /proc/net/tcp, which `ss -tn` shows as
/// Send-Q.
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
