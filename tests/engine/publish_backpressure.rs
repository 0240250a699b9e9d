//! A publisher that outruns a shard is read later.
//!
//! The tests check where this begins, and that no message is lost. The publisher waits for the
//! shard and never for a slow member.

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use lobbyd::broker::FanoutSettings;
use lobbyd::protocol::Payload;
use lobbyd::server::{Limit, Running, ServerLimits};
use lobbyd::{Channel, Handled, Join, Router, Socket, UserSocket};
use serde_json::json;
use testkit::{Client, DEADLINE, connect, connect_to, eventually, frame, serve_with};

use crate::fixture::{LOBBY, join_lobby, limits};

/// Longer than a busy machine takes for the next step of a client.
const IDLE_TIMEOUT_MS: u64 = 3_000;

/// Bounds that no member reaches, however busy the machine is.
const ROOMY: FanoutSettings = FanoutSettings {
    retention_bytes_max: 64 << 20,
    retention_entries_max: 1 << 20,
    retention_ms_max: 600_000,
    retention_total_bytes_max: 256 << 20,
    outbox_bytes_max: 64 << 20,
};

/// A channel that relays its messages. The event "hold" keeps the whole shard busy until the test
/// releases it.
struct Holding {
    held: mpsc::Sender<()>,
    let_go: Mutex<mpsc::Receiver<()>>,
}

impl Channel for Holding {
    fn join(&self, _topic: &str, _params: Payload<'_>, _socket: &mut Socket<'_>) -> Join {
        Join::ok()
    }

    fn handle_in(&self, event: &str, payload: Payload<'_>, socket: &mut Socket<'_>) -> Handled {
        if event == "hold" {
            self.held.send(()).unwrap();
            let _ = self.let_go.lock().unwrap().recv_timeout(DEADLINE);
        } else {
            socket.broadcast(event, payload);
        }
        Handled::no_reply()
    }
}

/// A server of two shards, the first of which is held by a member of the lobby. The member gets no
/// message until the release.
struct Held {
    holder: Client,
    publisher: Client,
    /// A client of [`QUIET`] on the shard of the publisher.
    quiet: Client,
    /// A client that stands in for the quiet one on the held shard.
    _spare: Client,
    let_go: mpsc::Sender<()>,
    // The server is dropped last, so that it need not wait for the clients to close.
    server: Running,
}

impl Held {
    fn new(limits: ServerLimits) -> Held {
        let ((held, is_held), (let_go, is_let_go)) = (mpsc::channel(), mpsc::channel());
        let channel = Arc::new(Holding {
            held,
            let_go: Mutex::new(is_let_go),
        });
        let patient = UserSocket::new().channel("room:*", Arc::clone(&channel));
        let hasty = UserSocket::new().channel("room:*", channel);
        let router = Router::new()
            .socket("/patient", patient)
            .socket("/socket", hasty.idle_timeout_ms(IDLE_TIMEOUT_MS));
        let server = serve_with(router, 2, limits);
        // Each connection goes to the shard with the fewest.
        let patient = || connect_to(server.local_addr(), "/patient/websocket?vsn=2.0.0");
        let mut holder = patient();
        holder.join(LOBBY);
        holder.join(QUIET);
        let mut publisher = connect(&server);
        publisher.join(LOBBY);
        let [spare, mut quiet] = [patient(), patient()];
        quiet.join(QUIET);
        holder.send(json!(["11", "2", LOBBY, "hold", {}]));
        is_held.recv_timeout(DEADLINE).expect("the shard is held");
        Held {
            holder,
            publisher,
            quiet,
            _spare: spare,
            let_go,
            server,
        }
    }
}

/// A room with a member on the held shard, where next to nothing is said.
const QUIET: &str = "room:quiet";

const MESSAGES: usize = 3_000;

fn message(number: usize) -> Vec<u8> {
    let message = json!(["11", "2", LOBBY, "new_msg", {"body": body(number)}]);
    frame(1, message.to_string().as_bytes())
}

fn body(number: usize) -> String {
    format!("{number:x>1000}")
}

/// Starts a thread that sends all messages, as fast as the server reads them.
fn send_all(client: &Client) -> std::thread::JoinHandle<()> {
    let mut stream = client.stream.try_clone().unwrap();
    std::thread::spawn(move || {
        // The server may close the connection meanwhile.
        let _ = (0..MESSAGES).try_for_each(|number| stream.write_all(&message(number)));
    })
}

/// Counts the messages that come to `client`, in order, until all have come or it is closed.
/// Returns the code of a Close.
fn count(mut client: Client, counted: &AtomicUsize) -> (Client, Option<u16>) {
    for number in 0..MESSAGES {
        let frame = client.recv();
        if frame.opcode == 8 {
            return (client, Some(frame.close_code()));
        }
        assert_eq!(frame.json()[4]["body"], body(number));
        counted.fetch_add(1, Ordering::Relaxed);
    }
    (client, None)
}

/// Waits until `counted` has not changed for `time`, and returns it.
fn stands_still(counted: &AtomicUsize, time: Duration) -> usize {
    let (mut last, mut since) = (0, Instant::now());
    eventually("the publisher is not read any more", || {
        let now = counted.load(Ordering::Relaxed);
        if now != last {
            (last, since) = (now, Instant::now());
        }
        now > 0 && since.elapsed() >= time
    });
    last
}

#[test]
fn publisher_that_outruns_a_shard_is_read_later_and_loses_nothing() {
    let limits = limits(ROOMY)
        .with_notsent_bytes_max(128 << 10)
        .with_max(Limit::LagBytes, 1 << 20);
    let held = Held::new(limits);
    let sending = send_all(&held.publisher);
    let counted = Arc::new(AtomicUsize::new(0));
    let own = std::thread::spawn({
        let counted = Arc::clone(&counted);
        move || count(held.publisher, &counted)
    });
    // The wait is far longer than the publisher's idle timeout, because the server causes this
    // silence and the client does not.
    let taken = stands_still(&counted, Duration::from_millis(2 * IDLE_TIMEOUT_MS));
    let taken_bytes = taken * message(0).len();
    println!(
        "read {taken} messages, {} KiB, with 1 MiB before the shard",
        taken_bytes >> 10
    );
    // The shard's allowed lag, and one read of the publisher's socket beyond it.
    assert!(
        (1 << 19..(1 << 20) + (128 << 10)).contains(&taken_bytes),
        "{taken_bytes}"
    );
    assert_eq!(
        held.server
            .endpoint()
            .closes()
            .by_reason()
            .map(|(_, n)| n)
            .sum::<u64>(),
        0
    );
    held.let_go.send(()).unwrap();
    let (_holder, code) = count(held.holder, &AtomicUsize::new(0));
    assert_eq!(code, None);
    let (_publisher, code) = own.join().expect("all its own copies, in order");
    assert_eq!(code, None);
    sending.join().unwrap();
}

#[test]
fn publisher_that_waits_for_a_shard_does_not_count_as_over_its_rate() {
    const OVER_MS_MAX: u64 = 1_000;
    let limits = limits(ROOMY)
        .with_max(Limit::LagBytes, 16 << 10)
        .with_max(Limit::MessagesPerSecond, 1_000)
        .with_burst(Limit::MessagesPerSecond, 10)
        .with_over_ms(OVER_MS_MAX);
    let mut held = Held::new(limits);
    let some = |first| (first..first + 40).flat_map(message).collect::<Vec<u8>>();
    held.publisher.send_raw(&some(0));
    // The publisher sends more than its burst, so that it is over its rate for the first part and
    // is paused.
    assert_eq!(held.publisher.json()[4]["body"], body(0));
    held.publisher.send_raw(&some(40));
    std::thread::sleep(Duration::from_millis(2 * OVER_MS_MAX));
    held.let_go.send(()).unwrap();
    for number in 1..80 {
        assert_eq!(held.publisher.json()[4]["body"], body(number));
    }
    held.publisher.expect_nothing();
    let meters = held.server.endpoint().limit_meters();
    assert!(meters.bitten(Limit::LagBytes) > 0);
    assert!(meters.bitten(Limit::MessagesPerSecond) > 0);
    assert_eq!(held.server.endpoint().closes().of("rate_exceeded"), 0);
}

#[test]
fn publisher_for_whom_no_shard_gets_free_is_closed_with_1013() {
    let limits = ServerLimits::default()
        .with_max(Limit::LagBytes, 1 << 20)
        .with_wait_ms(Limit::LagBytes, 400);
    let held = Held::new(limits);
    let sending = send_all(&held.publisher);
    let counted = AtomicUsize::new(0);
    let (publisher, code) = count(held.publisher, &counted);
    assert_eq!(code, Some(1013));
    assert!(counted.into_inner() < MESSAGES);
    assert_eq!(held.server.endpoint().closes().of("overloaded"), 1);
    held.let_go.send(()).unwrap();
    drop(publisher);
    sending.join().unwrap();
}

#[test]
fn publisher_of_a_settled_room_goes_on_while_another_room_lags() {
    const WAIT_MS: u64 = 400;
    let limits = ServerLimits::default()
        .with_max(Limit::LagBytes, 1 << 20)
        .with_wait_ms(Limit::LagBytes, WAIT_MS);
    let held = Held::new(limits);
    let sending = send_all(&held.publisher);
    let (flooder, code) = count(held.publisher, &AtomicUsize::new(0));
    assert_eq!(code, Some(1013), "whose room lags");
    // The lag stays, because the shard is held.
    let mut quiet = held.quiet;
    for word in 0..10 {
        quiet.send(json!(["11", "2", QUIET, "word", {"word": word}]));
        quiet.expect(json!([null, null, QUIET, "word", {"word": word}]));
        std::thread::sleep(Duration::from_millis(WAIT_MS / 4));
    }
    let closes = held.server.endpoint().closes();
    assert_eq!(closes.of("overloaded"), 1, "the flooder alone");
    held.let_go.send(()).unwrap();
    drop(flooder);
    sending.join().unwrap();
}

#[test]
fn publisher_is_not_slowed_by_members_that_do_not_read() {
    // The backlog of the stopped members is many times the allowed lag of a shard: if it counted,
    // the publisher would stay paused.
    let limits = limits(ROOMY)
        .with_max(Limit::LagBytes, 64 << 10)
        .with_wait_ms(Limit::LagBytes, 500);
    let server = crate::fixture::serve(limits);
    let stopped = join_lobby(server.local_addr(), 5);
    let mut publisher = connect(&server);
    publisher.join(LOBBY);
    for first in (0..MESSAGES).step_by(20) {
        let few: Vec<u8> = (first..first + 20).flat_map(message).collect();
        publisher.send_raw(&few);
        for number in first..first + 20 {
            assert_eq!(publisher.json()[4]["body"], body(number));
        }
    }
    let queues = crate::fixture::send_queues(server.local_addr().port());
    assert!(queues.iter().all(|queued| *queued < 1 << 20), "{queues:?}");
    assert_eq!(server.endpoint().closes().of("overloaded"), 0);
    drop(stopped);
}
