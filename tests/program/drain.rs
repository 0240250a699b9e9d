//! The drain: the order of closing connections, and the service for clients that are still open.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use lobbyd::server::{Phase, Running, ServerLimits, Summary};
use lobbyd::{Channel, Drain, Handled, Join, Payload, Router, Socket, TerminateReason, UserSocket};
use serde_json::json;
use socket2::{Domain, Type};
use testkit::{
    Client, DEADLINE, Process, connect, connect_to, eventually, frame, open, serve_with,
    uninterrupted, upgrade_request,
};

use crate::fixture::lobbyd;

/// A room that relays every message, and notes the topics of its members in the order of their
/// ends.
#[derive(Clone, Default)]
struct Room {
    ended: Arc<Mutex<Vec<String>>>,
    ended_at: Arc<Mutex<Vec<Instant>>>,
    said: Arc<AtomicUsize>,
    said_at_first_end: Arc<AtomicUsize>,
}

impl Channel for Room {
    fn join(&self, topic: &str, _params: Payload<'_>, socket: &mut Socket<'_>) -> Join {
        socket.assign(topic.to_owned());
        Join::ok()
    }

    fn handle_in(&self, event: &str, payload: Payload<'_>, socket: &mut Socket<'_>) -> Handled {
        self.said.fetch_add(1, Ordering::SeqCst);
        socket.broadcast(event, payload);
        Handled::no_reply()
    }

    fn terminate(&self, _reason: &TerminateReason, socket: &mut Socket<'_>) {
        let mut ended = self.ended.lock().unwrap();
        if ended.is_empty() {
            let said = self.said.load(Ordering::SeqCst);
            self.said_at_first_end.store(said, Ordering::SeqCst);
        }
        ended.push(socket.topic().to_owned());
        self.ended_at.lock().unwrap().push(Instant::now());
    }
}

fn serve(room: &Room, shards: usize, drain: Drain) -> Running {
    let router = Router::new().socket("/socket", UserSocket::new().channel("room:*", room.clone()));
    let limits = ServerLimits::default()
        .with_drain(drain)
        .with_closing_timeout_ms(60_000);
    serve_with(router, shards, limits)
}

/// Returns `count` clients, each joined to the topic that `topic` returns for its number.
fn members(server: &Running, count: usize, topic: impl Fn(usize) -> String) -> Vec<Client> {
    lobbyd::server::raise_descriptor_limit();
    let mut clients: Vec<Client> = (0..count).map(|_| connect(server)).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        client.join(&topic(number));
    }
    clients
}

fn stop(server: Running) -> JoinHandle<Summary> {
    std::thread::spawn(move || server.stop().unwrap())
}

/// Returns the numbers that a client gets before its Close, which must be 1012. No other message
/// may come.
fn heard(mut client: Client) -> Vec<u64> {
    let mut numbers = Vec::new();
    loop {
        let frame = client.recv();
        if frame.opcode == 8 {
            assert_eq!(frame.close_code(), 1012);
            return numbers;
        }
        let message = frame.json();
        assert_eq!(message[3], "said", "no phx_close, nor anything else");
        numbers.push(message[4]["number"].as_u64().expect("a number"));
    }
}

/// Sends one number after the other, each after the echo of the last, until a Close. Returns the
/// number of echoes.
fn chatter(mut client: Client) -> u64 {
    for number in 0.. {
        let message = json!(["11", "2", "room:lobby", "said", {"number": number}]);
        // The client may be closed by now, but its Close is still to be read.
        let _ = client
            .stream
            .write_all(&frame(1, message.to_string().as_bytes()));
        let frame = client.recv();
        if frame.opcode == 8 {
            assert_eq!(frame.close_code(), 1012);
            return number;
        }
        assert_eq!(frame.json()[4]["number"], number);
    }
    unreachable!("it ends with a Close")
}

/// A process that is held up closes at once what has become due meanwhile. So a drain without chat
/// between two closes is tried again; all else must hold for each.
#[test]
fn drain_leaves_a_lobby_to_chat_until_each_members_own_close() {
    let chats = (0..5).any(|_| chats_while_it_drains());
    assert!(chats, "each time all were closed at once");
}

/// Drains a server with a lobby, in which each member must hear all that is said until its own
/// Close. True if something was said between the first close and the last of the lobby.
fn chats_while_it_drains() -> bool {
    let room = Room::default();
    let server = serve(&room, 2, Drain::default());
    let alone = members(&server, 1_000, |number| format!("room:{number}"));
    let listening = members(&server, 100, |_| "room:lobby".to_owned());
    let mut speaker = connect(&server);
    speaker.join("room:lobby");
    let speaker = std::thread::spawn(move || chatter(speaker));
    eventually("it is said something", || {
        room.said.load(Ordering::SeqCst) > 0
    });
    let (asked, stopping) = (Instant::now(), stop(server));
    let said = speaker.join().unwrap();
    let said_before = room.said_at_first_end.load(Ordering::SeqCst) as u64;
    let each: Vec<usize> = listening
        .into_iter()
        .map(|client| {
            let numbers = heard(client);
            let count = numbers.len();
            assert!(numbers.into_iter().eq(0..count as u64), "a gap");
            count
        })
        .collect();
    assert!(each.iter().all(|&count| count as u64 <= said));
    alone
        .into_iter()
        .for_each(|client| assert_eq!(heard(client), [0_u64; 0]));
    assert_eq!(stopping.join().unwrap().cut_off, 0);
    // Each of the two shards closes a connection in a millisecond, so none may end before its turn.
    // The clocks may differ by a few milliseconds.
    for (turn, at) in room.ended_at.lock().unwrap().iter().enumerate() {
        let earliest = Duration::from_millis((turn as u64 / 2).saturating_sub(5));
        assert!(at.duration_since(asked) >= earliest, "end {turn} too early");
    }
    println!("{said} said, {said_before} before the first close; heard: {each:?}");
    said > said_before && each.iter().min() < each.iter().max()
}

#[test]
fn drain_closes_members_of_the_largest_rooms_last_others_at_random() {
    let room = Room::default();
    let server = serve(&room, 1, Drain::default());
    let large = members(&server, 100, |_| "room:large".to_owned());
    let middling = members(&server, 20, |_| "room:middling".to_owned());
    let small = members(&server, 50, |number| format!("room:{number}"));
    let idle = connect(&server);
    let stopping = stop(server);
    for client in large.into_iter().chain(middling).chain(small).chain([idle]) {
        assert_eq!(heard(client), [0_u64; 0]);
    }
    assert_eq!(stopping.join().unwrap().cut_off, 0);
    let ended = room.ended.lock().unwrap();
    assert_eq!(ended.len(), 170);
    assert!(
        ended[50..70].iter().all(|topic| topic == "room:middling"),
        "{ended:?}"
    );
    assert!(
        ended[70..].iter().all(|topic| topic == "room:large"),
        "{ended:?}"
    );
    let joined: Vec<String> = (0..50).map(|number| format!("room:{number}")).collect();
    assert_ne!(ended[..50], joined, "in the order in which they came");
    let mut all = ended[..50].to_vec();
    all.sort_by_key(|topic| topic.len());
    assert_eq!(all.len(), joined.len());
}

#[test]
fn window_of_nothing_closes_all_at_once() {
    let room = Room::default();
    let drain = Drain::default().with_window_ms(0);
    let server = serve(&room, 1, drain);
    let listening = members(&server, 100, |_| "room:lobby".to_owned());
    let mut speaker = connect(&server);
    speaker.join("room:lobby");
    let speaker = std::thread::spawn(move || chatter(speaker));
    eventually("it is said something", || {
        room.said.load(Ordering::SeqCst) > 0
    });
    let stopping = stop(server);
    let said = speaker.join().unwrap();
    for client in listening {
        assert_eq!(heard(client).len() as u64, said, "up to the same moment");
    }
    assert_eq!(stopping.join().unwrap().cut_off, 0);
}

#[test]
fn new_clients_are_served_while_load_balancers_take_time_to_notice() {
    let room = Room::default();
    let drain = Drain::default().with_ready_delay_ms(2_000);
    let server = serve(&room, 2, drain);
    let (address, endpoint) = (server.local_addr(), server.endpoint().clone());
    eventually("it is ready", || {
        endpoint.status().phase() == Phase::Admitting
    });
    let (asked, stopping) = (Instant::now(), stop(server));
    eventually("it is not ready any more", || {
        endpoint.status().phase() == Phase::Draining
    });
    let mut late = connect_to(address, "/socket/websocket?vsn=2.0.0");
    late.join("room:lobby");
    assert_eq!(heard(late), [0_u64; 0]);
    assert!(
        asked.elapsed() >= Duration::from_millis(2_000),
        "closed before its time"
    );
    assert_eq!(stopping.join().unwrap().cut_off, 0);
    assert!(TcpStream::connect(address).is_err(), "it listens no more");
}

/// The connection that is idle between two requests ends at once, which shows that the drain has
/// begun.
#[test]
fn client_accepted_just_before_the_end_is_upgraded_and_then_gets_1012() {
    let server = serve(&Room::default(), 1, Drain::default());
    let (address, endpoint) = (server.local_addr(), server.endpoint().clone());
    let mut fresh = open(address);
    let mut idle = open(address);
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n")
        .unwrap();
    let mut answer = [0; 4096];
    assert!(uninterrupted(|| idle.read(&mut answer)).unwrap() > 0);
    eventually("both are accepted", || endpoint.status().connections() == 2);
    let stopping = stop(server);
    let read = uninterrupted(|| idle.read(&mut answer)).unwrap();
    assert_eq!(read, 0, "the end");
    drop(idle);
    let request = upgrade_request(address, "/socket/websocket?vsn=2.0.0", "");
    fresh.write_all(request.as_bytes()).unwrap();
    assert_eq!(heard(Client::upgraded(fresh)), [0_u64; 0]);
    assert_eq!(stopping.join().unwrap().cut_off, 0);
    assert_eq!(endpoint.status().connections(), 0);
}

/// Returns a client with small buffers that has joined and reads nothing, so that the buffers are
/// soon full.
fn deaf(address: SocketAddr) -> Client {
    let socket = socket2::Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(64 << 10).unwrap();
    socket.connect(&address.into()).unwrap();
    let mut stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let request = upgrade_request(address, "/socket/websocket?vsn=2.0.0", "");
    stream.write_all(request.as_bytes()).unwrap();
    let mut client = Client::upgraded(stream);
    client.join("room:lobby");
    client
}

/// After the first signal the server waits up to 5 s for a client that does not take its Close.
#[test]
fn second_signal_cuts_the_rest_at_once_and_code_and_log_tell_how_many() {
    let lobbyd = Process::start(lobbyd());
    let deaf = deaf(lobbyd.address());
    let mut speaker = connect_to(lobbyd.address(), "/socket/websocket?vsn=2.0.0");
    speaker.join("room:lobby");
    // The messages are more than the kernel takes for the client that does not read, and less than
    // its retention.
    for _ in 0..15 {
        let body = "x".repeat(60_000);
        speaker.send(json!(["11", "2", "room:lobby", "new_msg", {"body": body}]));
        speaker.recv();
    }
    lobbyd.signal("TERM");
    assert_eq!(speaker.close_code(), 1012);
    drop(speaker);
    let asked_again = Instant::now();
    lobbyd.signal("INT");
    let ended = lobbyd.ended();
    assert!(
        asked_again.elapsed() < Duration::from_secs(4),
        "{}",
        ended.log
    );
    assert_eq!(ended.code, Some(1), "{}", ended.log);
    assert!(ended.log.contains("cut_off=1"), "{}", ended.log);
    drop(deaf);
}
