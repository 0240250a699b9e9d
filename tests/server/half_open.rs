//! Ten thousand unfinished connections: TCP only, half a request, or an upgrade and then silence.
//!
//! The server and the attackers have a process each, so that each side has the descriptors it
//! needs. If the system allows fewer, there are fewer attackers, and the test prints that.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use lobbyd::server::{Limit, Running};
use testkit::own_process::{alone, descriptors, resident_bytes, this_binary};
use testkit::{DEADLINE, at_any_pace, eventually, open, upgrade_request};

use crate::fixture::{Chat, arena, nothing_is_left};
use crate::metrics::page::scrape;

const ATTACKERS: usize = 10_000;

/// The variable with the server's address and the count of attackers.
const TARGET: &str = "HALF_OPEN_TARGET";

#[test]
fn ten_thousand_half_open_connections_disturb_nobody_and_leave_nothing() {
    alone("half_open::alone_ten_thousand_half_open_connections");
}

#[test]
#[ignore = "run by the test above in a process of its own"]
fn alone_ten_thousand_half_open_connections() {
    let count = ATTACKERS.min(descriptors_max().saturating_sub(500));
    if count < ATTACKERS {
        println!("only {count} connections: the system gives this process no more descriptors");
    }
    // The limits are longer than the test, so that connections stay half open.
    let limits = at_any_pace()
        .with_max(Limit::HeadTime, 600_000)
        .with_http_lifetime_ms(600_000)
        .with_max(Limit::UpgradesInFlight, 2 * ATTACKERS as u64);
    let server = arena(2, limits);
    let chat = Chat::start(&server, "room:chat");
    let (before, memory) = (descriptors(), resident_bytes());
    let attackers = Attackers::start(server.local_addr(), count);
    // All attackers are connected at once. The chat continues, and a new client gets in too.
    eventually("all are served", || served(&server) >= count);
    chat.goes_on(20);
    let grown = resident_bytes().saturating_sub(memory);
    println!(
        "{count} half-open connections hold {} KiB, {} bytes each",
        grown >> 10,
        grown / count
    );
    Chat::start(&server, "room:late").end();
    assert!(grown / count < 64 << 10, "{grown} bytes");
    drop(attackers);
    eventually("all are gone", || descriptors() <= before + 5);
    let kept = resident_bytes().saturating_sub(memory);
    println!("{} KiB more than before when they are gone", kept >> 10);
    // A second wave of attackers adds no memory.
    let second = Attackers::start(server.local_addr(), count);
    eventually("all are served", || served(&server) >= count);
    drop(second);
    eventually("all are gone", || descriptors() <= before + 5);
    let kept_again = resident_bytes().saturating_sub(memory);
    println!(
        "{} KiB more than before after a second wave",
        kept_again >> 10
    );
    assert!(
        kept_again < grown + grown / 2 + (16 << 20),
        "{kept}, then {kept_again} bytes"
    );
    chat.end();
    nothing_is_left(server);
}

/// Returns the number of connections with which the shards have begun.
fn served(server: &Running) -> usize {
    scrape(server.local_addr()).sum("lobbyd_connections") as usize
}

fn descriptors_max() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").expect("Linux");
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    let soft = line
        .and_then(|line| line.split_whitespace().nth(3))
        .expect("a limit");
    soft.parse().unwrap_or(usize::MAX)
}

/// The process of the attackers' ends of the connections.
struct Attackers(Child);

impl Attackers {
    fn start(address: SocketAddr, count: usize) -> Attackers {
        let mut child = this_binary("half_open::alone_attackers")
            .env(TARGET, format!("{address} {count}"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let (say, said) = mpsc::channel();
        let output = BufReader::new(child.stdout.take().expect("piped"));
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if line.ends_with("all connected") {
                    let _ = say.send(());
                }
            }
        });
        said.recv_timeout(3 * DEADLINE)
            .expect("the attackers connect");
        Attackers(child)
    }
}

impl Drop for Attackers {
    fn drop(&mut self) {
        // The process is killed by its handle. The kernel closes its sockets.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
#[ignore = "run by the test above, as the attackers' process"]
fn alone_attackers() {
    let Ok(target) = std::env::var(TARGET) else {
        return;
    };
    let (address, count) = target.split_once(' ').expect("two words");
    let (address, count): (SocketAddr, usize) = (address.parse().unwrap(), count.parse().unwrap());
    let request = upgrade_request(address, "/socket/websocket?vsn=2.0.0", "");
    let held: Vec<TcpStream> = (0..count)
        .map(|number| {
            let mut stream = open(address);
            let len = match number % 3 {
                0 => 0,
                1 => request.len() / 2,
                _ => request.len(),
            };
            stream.write_all(&request.as_bytes()[..len]).unwrap();
            stream
        })
        .collect();
    println!("\n{} all connected", held.len());
    // The process waits until it is killed, or its parent is gone.
    let _ = std::io::stdin().lines().next();
    std::thread::sleep(Duration::from_millis(10));
}
