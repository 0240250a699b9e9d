//! Waiting times of clients that wake after a sleep without reads, for docs/operations.md.

use std::io::Read;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use lobbyd::rooms::RoomChannel;
use lobbyd::server::{Limit, Running, Server, ServerLimits};
use lobbyd::{Router, UserSocket};

use crate::fixture::{LOBBY, connect_with_buffer, frame_of, publish};
use testkit::Client;

const SLEEPS_S: [u64; 4] = [1, 5, 20, 60];

/// Clients for each length of sleep.
const EACH: usize = 5;

/// Time between two messages of 64 bytes.
const PACE: Duration = Duration::from_millis(10);

/// Some 850 KB of messages, published without pauses: more than the kernel holds, within the
/// default retention.
const FLOOD: usize = 8_000;

/// Serves the tutorial's room with larger limits of idle time and of retention, because the
/// defaults would end the longest sleep.
fn serve() -> Running {
    let socket = UserSocket::new().channel("room:*", RoomChannel);
    let socket = socket.idle_timeout_ms(600_000);
    let limits = ServerLimits::default()
        .with_max(Limit::RetentionTime, 600_000)
        .with_max(Limit::RetentionBytes, 16 << 20)
        .with_max(Limit::RetentionMessages, 1 << 18);
    let server = Server::new(Router::new().socket("/socket", socket));
    let server = server.shards(1).limits(limits);
    let any_port = "127.0.0.1:0".parse().unwrap();
    server.bind(any_port).expect("a free port").start()
}

/// Sleeps, and then reads all messages that were published before the wake-up. Returns how long the
/// reads took.
fn sleep_and_read(mut client: Client, seconds: u64, published: &AtomicUsize) -> Duration {
    std::thread::sleep(Duration::from_secs(seconds));
    let woken = Instant::now();
    let missed = published.load(Ordering::Acquire) * frame_of(0).len();
    let deadline = Duration::from_secs(2 * seconds + 20);
    client.stream.set_read_timeout(Some(deadline)).unwrap();
    let mut got = 0;
    let mut bytes = [0; 64 << 10];
    while got < missed {
        let read = client.stream.read(&mut bytes).expect("the rest comes");
        assert!(read > 0, "the server closed");
        got += read;
    }
    woken.elapsed()
}

/// Returns the kernel's count of this name for this network namespace (`nstat -az`).
fn counted(name: &str) -> u64 {
    let table = std::fs::read_to_string("/proc/net/netstat").expect("Linux");
    let mut lines = table.lines().filter(|line| line.starts_with("TcpExt:"));
    let names = lines.next().unwrap().split_whitespace();
    let mut columns = names.zip(lines.next().unwrap().split_whitespace());
    let (_, value) = columns.find(|(column, _)| *column == name).unwrap();
    value.parse().unwrap()
}

/// Publishes `flood` messages at once and then one at a time, while clients with this receive
/// buffer sleep.
fn measure(receive_buffer: Option<usize>, flood: usize) {
    let of = format!("receive buffer {receive_buffer:?}, flood {flood}");
    let server = serve();
    let published = AtomicUsize::new(0);
    let over = AtomicBool::new(false);
    let before = ["RcvPruned", "TCPRcvQDrop"].map(counted);
    std::thread::scope(|scope| {
        let sleepers: Vec<_> = SLEEPS_S
            .iter()
            .flat_map(|seconds| std::iter::repeat_n(*seconds, EACH))
            .map(|seconds| {
                let mut client = connect_with_buffer(server.local_addr(), receive_buffer);
                client.join(LOBBY);
                let published = &published;
                let thread = scope.spawn(move || sleep_and_read(client, seconds, published));
                (seconds, thread)
            })
            .collect();
        scope.spawn(|| {
            for number in 0.. {
                publish(&server, number..number + 1);
                published.store(number + 1, Ordering::Release);
                if over.load(Ordering::Acquire) {
                    break;
                }
                if number >= flood {
                    std::thread::sleep(PACE);
                }
            }
        });
        let mut waits: Vec<(u64, u64)> = Vec::new();
        for (seconds, thread) in sleepers {
            let waited = thread.join();
            let waited = waited.inspect_err(|_| over.store(true, Ordering::Release));
            waits.push((seconds, waited.unwrap().as_millis() as u64));
        }
        over.store(true, Ordering::Release);
        for seconds in SLEEPS_S {
            let of_these = waits.iter().filter(|(slept, _)| *slept == seconds);
            let mut waited: Vec<_> = of_these.map(|(_, waited)| waited).collect();
            waited.sort();
            println!("{of}, slept {seconds} s, waited {waited:?} ms");
        }
    });
    let after = ["RcvPruned", "TCPRcvQDrop"].map(counted);
    println!(
        "{of}, RcvPruned {}, TCPRcvQDrop {}",
        after[0] - before[0],
        after[1] - before[1]
    );
}

#[test]
#[ignore = "measures for minutes"]
fn wake_times_with_the_systems_receive_buffer() {
    [0, FLOOD]
        .into_iter()
        .for_each(|flood| measure(None, flood));
}

#[test]
#[ignore = "measures for minutes"]
fn wake_times_with_a_receive_buffer_of_128_kib() {
    [0, FLOOD]
        .into_iter()
        .for_each(|flood| measure(Some(128 << 10), flood));
}

#[test]
#[ignore = "measures for minutes"]
fn wake_times_with_a_receive_buffer_of_16_kib() {
    [0, FLOOD]
        .into_iter()
        .for_each(|flood| measure(Some(16 << 10), flood));
}
