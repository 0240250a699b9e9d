//! The time of turns has all that a shard's thread works: HTTP and futures of callbacks, too.

use std::io::{Read, Write};
use std::thread::sleep;
use std::time::Duration;

use lobbyd::server::{Running, ServerLimits};
use lobbyd::{Channel, Connect, Handled, Join, Payload, Router, Socket, UserSocket};
use testkit::own_process::{alone, shard_cpu_ns};
use testkit::{connect, open, serve_with};

use crate::metrics::page::scrape;

/// How long a callback keeps the thread.
const BLOCKS: Duration = Duration::from_millis(300);

/// A channel whose `join` returns a future that blocks.
struct Blocking;

impl Channel for Blocking {
    fn join(&self, _: &str, _: Payload<'_>, _: &mut Socket<'_>) -> Join {
        Join::later(async { sleep(BLOCKS) }, |(), _| Join::ok())
    }

    fn handle_in(&self, _: &str, _: Payload<'_>, _: &mut Socket<'_>) -> Handled {
        Handled::no_reply()
    }
}

fn server(socket: UserSocket) -> Running {
    let router = Router::new().socket("/socket", socket);
    serve_with(router, 1, ServerLimits::default())
}

/// Returns the time of the shard's turns, and the longest.
fn turns(server: &Running) -> [f64; 2] {
    let page = scrape(server.local_addr());
    let of = |name: &str| page.value(name, &[("shard", "0")]);
    [
        of("lobbyd_turn_seconds_sum"),
        of("lobbyd_turn_longest_seconds"),
    ]
}

fn shows_the_block(server: &Running) {
    let blocks = BLOCKS.as_secs_f64();
    let [sum, longest] = turns(server);
    assert!(sum >= blocks, "{sum} s in all");
    assert!(longest >= blocks, "{longest} s at a time");
}

#[test]
fn future_of_a_callback_that_blocks_shows_in_the_time_of_turns() {
    let server = server(UserSocket::new().channel("room:*", Blocking));
    connect(&server).join("room:x");
    shows_the_block(&server);
}

#[test]
fn handshake_that_blocks_shows_in_the_time_of_turns() {
    let socket = UserSocket::new().connect(|_, _| {
        sleep(BLOCKS);
        Connect::ok()
    });
    let server = server(socket);
    drop(connect(&server));
    shows_the_block(&server);
}

#[test]
fn flood_of_requests_shows_in_the_time_of_turns() {
    alone("metrics::turn_time::alone_flood_of_requests");
}

#[test]
#[ignore = "in a process of its own"]
fn alone_flood_of_requests() {
    let server = server(UserSocket::new());
    let ([before, _], cpu_before) = (turns(&server), shard_cpu_ns());
    let mut stream = open(server.local_addr());
    let ask = "GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n".repeat(20);
    let mut answers = 0;
    for _ in 0..40 {
        stream.write_all(ask.as_bytes()).expect("a server");
        let mut came = String::new();
        while came.matches("HTTP/1.1 404 ").count() < 20 {
            let mut bytes = [0; 16 << 10];
            let read = stream.read(&mut bytes).expect("an answer");
            assert!(read > 0, "no end before {answers}: {came}");
            came += &String::from_utf8_lossy(&bytes[..read]);
        }
        answers += 20;
    }
    let cpu = (shard_cpu_ns() - cpu_before) as f64 / 1e9;
    let worked = turns(&server)[0] - before;
    // What the thread needs to fall asleep and to wake is not in its time awake.
    assert!(worked > cpu / 2.0, "{worked} s for {cpu} s of CPU");
}
