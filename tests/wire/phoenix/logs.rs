//! The allowed and the forbidden content of the log.
//!
//! Phoenix masks the values of parameters by their name (B 28). Here the log has, at any level,
//! only topics, events and refused origins of all that a client sends.
//!
//! The numbers behind B are those of the table in `mod.rs`.

use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use serde_json::json;
use testkit::{eventually, upgrade};

use crate::phoenix::fixture::stage;
use crate::phoenix::peer::{BOTH, Peer};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        log.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Returns the log of the whole process, because shards are threads of their own. Lines of other
/// tests do no harm.
fn log() -> Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    let begin = || {
        let log = Log::default();
        let writer = log.clone();
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .init();
        log
    };
    LOG.get_or_init(begin).clone()
}

/// Returns the text that all lines of a connection share, once the line with its client's address
/// is there. Connections of other servers in this process may have the same text.
fn name_of(log: &Log, peer: &str) -> Option<String> {
    let text = log.text();
    let connected = text
        .lines()
        .find_map(|line| line.strip_suffix(&format!(" client=127.0.0.1 peer={peer}")))?;
    let at = connected.find("connection=").expect("a name");
    Some(format!("{} ", &connected[at..]))
}

/// docs/operations.md, Logs: a connection can be followed in the log alone, by its name and its
/// shard.
#[test]
fn connection_can_be_followed_from_its_client_to_the_cause_of_its_end() {
    let log = log();
    let stage = stage();
    let mut peer = Peer::connect_at(&stage.server, BOTH[0], "/socket/websocket", "");
    let address = peer.stream.local_addr().unwrap().to_string();
    peer.join_with("room:a", json!({}));
    peer.json();
    peer.send_text("no message");
    assert_eq!(peer.close_code(), 1011);
    drop(peer);
    eventually("it is in the log as connected", || {
        name_of(&log, &address).is_some()
    });
    let name = name_of(&log, &address).expect("it is there");
    assert!(name.contains(" shard="), "{name}");
    for part in ["a client sent what is no message", "closing", "closed"] {
        let is_it = |line: &str| line.contains(part) && line.contains(&name);
        eventually(part, || log.text().lines().any(is_it));
    }
    let closing =
        |line: &str| line.contains("closing") && line.contains("rooms=\"room:a\" reason=");
    assert!(
        log.text()
            .lines()
            .any(|line| line.contains(&name) && closing(line)),
        "{}",
        log.text()
    );
}

#[test]
fn stop_that_takes_its_time_says_whom_it_waits_for() {
    let log = log();
    let stage = stage();
    let peer = stage.peer(BOTH[0]);
    let stopping = std::thread::spawn(move || stage.server.stop().unwrap());
    eventually("the stop says what it does, and what it waits for", || {
        let text = log.text();
        text.contains("closing connections over at most 1s")
            && text.contains("waiting for connections to close connections=1")
    });
    drop(peer);
    assert_eq!(stopping.join().unwrap().cut_off, 0);
}

/// B 28.
#[test]
fn log_lines_hold_nothing_a_client_sent_as_parameter_or_payload() {
    let log = log();
    let stage = stage();
    let secret = "s3cr3t-of-a-client";
    for version in BOTH {
        let more = format!("&password={secret}&token={secret}");
        let mut peer = Peer::connect_at(&stage.server, version, "/socket/websocket", &more);
        peer.join_with("room:refused", json!({"do": "refuse", "password": secret}));
        peer.json();
        peer.join_with("room:crashed", json!({"do": "panic", "password": secret}));
        peer.json();
        peer.join_with("room:a", json!({"password": secret}));
        peer.json();
        peer.say("2", "room:a", "shout", json!({"password": secret}));
        peer.json();
        peer.say("3", "room:a", "no such event", json!({"password": secret}));
        for event in ["bye", "phx_error"] {
            assert!(peer.recv().text().contains(event));
        }
        peer.send_text(&format!("{{\"password\":\"{secret}\""));
        assert_eq!(peer.close_code(), 1011);
    }
    let headers = format!("Origin: http://other\r\nCookie: {secret}\r\n");
    let target = format!("/socket/websocket?vsn=2.0.0&token={secret}");
    assert!(upgrade(stage.server.local_addr(), &target, &headers).is_err());
    let lines = [
        "a join crashed connection=",
        "a channel crashed connection=",
        "what is no message",
        "socket refused",
        "origin=\"http://other\" host=\"127.0.0.1:",
    ];
    eventually("all of it is in the log", || {
        let log = log.text();
        lines.iter().all(|line| log.contains(line))
    });
    assert!(!log.text().contains(secret), "{}", log.text());
}
