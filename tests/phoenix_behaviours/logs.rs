//! What the log may not hold. Phoenix masks the values of parameters by their name (B 28); here nothing that a client
//! sends but topics and events is logged at all, at any level.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;

use crate::peer::{BOTH, Peer};
use crate::stage::stage;
use crate::support::{eventually, upgrade};

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

/// B 28.
#[test]
fn no_log_line_holds_what_a_client_sent_as_parameter_or_payload() {
    let log = Log::default();
    let writer = log.clone();
    // For the whole process, since the shards are threads of their own; the other tests' lines do no harm.
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .init();
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
        "a join crashed",
        "a channel crashed",
        "what is no message",
        "socket refused",
    ];
    eventually("all of it is in the log", || {
        let log = log.text();
        lines.iter().all(|line| log.contains(line))
    });
    assert!(!log.text().contains(secret), "{}", log.text());
}
