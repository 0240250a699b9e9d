//! The floor over real sockets: as a yardstick it must deliver as a server must.

#[path = "floor/client.rs"]
#[allow(dead_code, reason = "tests/misbehaviour.rs uses the rest of it")]
mod client;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use client::Client;
use lobbyd_loadtest::floor::{self, Writes};

/// A floor on a free port, which runs until this value is dropped.
struct Running {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<std::io::Result<()>>>,
}

impl Running {
    fn start(writes: Writes) -> Running {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let thread = std::thread::spawn({
            let stop = stop.clone();
            move || floor::serve(listener, writes, &stop)
        });
        Running {
            address,
            stop,
            thread: Some(thread),
        }
    }

    fn joined(&self, topic: &str) -> Client {
        let mut client = Client::connect(self.address);
        client.join(topic);
        client
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let ended = self.thread.take().unwrap().join();
        if !std::thread::panicking() {
            ended.unwrap().unwrap();
        }
    }
}

fn broadcast(topic: &str, number: usize) -> String {
    format!(r#"[null,null,"{topic}","new_msg",{{"body":"{number}"}}]"#)
}

#[test]
fn message_reaches_all_of_its_lobby_once_in_order_and_nobody_else() {
    for writes in [Writes::Batch, Writes::Single] {
        let floor = Running::start(writes);
        let mut here: Vec<Client> = (0..3).map(|_| floor.joined("room:a")).collect();
        let mut there = floor.joined("room:b");
        for number in 0..50 {
            here[number % 2].push("room:a", number);
            for client in &mut here {
                assert_eq!(client.text(), broadcast("room:a", number), "{writes}");
            }
        }
        there.push("room:b", 7);
        assert_eq!(there.text(), broadcast("room:b", 7), "{writes}");
        for client in &mut here {
            client.nothing_more();
        }
    }
}

/// The frames of one read leave in one write. Loopback hands a write over whole, so no read gets
/// only a part.
#[test]
fn batch_mode_sends_what_comes_in_one_turn_in_one_write() {
    let floor = Running::start(Writes::Batch);
    let mut publisher = floor.joined("room:a");
    let mut member = floor.joined("room:a");
    let all: Vec<String> = (0..10).map(|number| broadcast("room:a", number)).collect();
    for _ in 0..50 {
        publisher.push_all("room:a", 0..10);
        assert_eq!(member.texts_of_one_read(), all);
        let own: Vec<String> = (0..10).map(|_| publisher.text()).collect();
        assert_eq!(own, all);
    }
}

#[test]
fn single_mode_sends_what_comes_in_one_turn_whole() {
    let floor = Running::start(Writes::Single);
    let mut publisher = floor.joined("room:a");
    let mut member = floor.joined("room:a");
    publisher.push_all("room:a", 0..10);
    for number in 0..10 {
        assert_eq!(member.text(), broadcast("room:a", number));
    }
}

#[test]
fn heartbeats_pings_and_leaves_are_answered() {
    let floor = Running::start(Writes::Batch);
    let mut leaving = floor.joined("room:a");
    let mut staying = floor.joined("room:a");
    leaving.send(r#"[null,"12","phoenix","heartbeat",{}]"#);
    let ok = r#"[null,"12","phoenix","phx_reply",{"status":"ok","response":{}}]"#;
    assert_eq!(leaving.text(), ok);
    leaving.send_frame(9, b"are you there");
    assert_eq!(leaving.frame(), (10, b"are you there".to_vec()));
    leaving.send(r#"["3","13","room:a","phx_leave",{}]"#);
    let ok = r#"["3","13","room:a","phx_reply",{"status":"ok","response":{}}]"#;
    assert_eq!(leaving.text(), ok);
    staying.push("room:a", 1);
    assert_eq!(staying.text(), broadcast("room:a", 1));
    leaving.nothing_more();
}

/// The messages are more than the kernel keeps for a reader that stopped, so the floor must keep
/// some.
#[test]
fn reader_that_stops_for_a_while_gets_everything_when_it_goes_on() {
    for writes in [Writes::Batch, Writes::Single] {
        let floor = Running::start(writes);
        let mut publisher = floor.joined("room:a");
        let mut stopped = floor.joined("room:a");
        let filler = "x".repeat(64 << 10);
        let text = |number| format!(r#"[null,null,"room:a","big",{{"{number}":"{filler}"}}]"#);
        for number in 0..400 {
            publisher.send(&format!(
                r#"["3","4","room:a","big",{{"{number}":"{filler}"}}]"#
            ));
            assert!(publisher.text() == text(number));
        }
        for number in 0..400 {
            assert!(stopped.text() == text(number), "message {number}, {writes}");
        }
        stopped.nothing_more();
    }
}

#[test]
fn malformed_input_ends_its_own_connection_only() {
    let floor = Running::start(Writes::Batch);
    let mut well = floor.joined("room:a");
    let unmasked: &[u8] = b"\x81\x02hi";
    for bytes in [
        unmasked,
        b"\x01\x80abcd",
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
    ] {
        let mut ill = floor.joined("room:a");
        ill.send_bytes(bytes);
        ill.ended();
    }
    let mut ill = floor.joined("room:a");
    ill.send("no envelope");
    ill.ended();
    assert!(Client::request(floor.address, "GET / HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 400 "));
    well.push("room:a", 1);
    assert_eq!(well.text(), broadcast("room:a", 1));
    well.nothing_more();
}

#[test]
fn close_is_echoed_and_what_follows_it_is_not_read() {
    let floor = Running::start(Writes::Batch);
    let mut staying = floor.joined("room:a");
    let mut closing = floor.joined("room:a");
    closing.send_frame(8, &1000_u16.to_be_bytes());
    assert_eq!(closing.frame(), (8, 1000_u16.to_be_bytes().to_vec()));
    closing.ended();
    staying.nothing_more();
}

#[test]
fn frames_may_come_a_byte_at_a_time() {
    let floor = Running::start(Writes::Batch);
    let mut member = floor.joined("room:a");
    let frame = client::masked(1, br#"["3","4","room:a","new_msg",{"body":"5"}]"#);
    for byte in frame {
        member.send_bytes(&[byte]);
    }
    assert_eq!(member.text(), broadcast("room:a", 5));
}
