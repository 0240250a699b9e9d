//! The log of the real binary: as JSON one object per line, and at no level any client's text.

use serde_json::{Value, json};
use testkit::{connect_to, frame, raw_frame, upgrade};

use crate::config::fixture::Folder;

const SECRET: &str = "s3cr3t-of-a-client";

#[test]
fn log_at_trace_has_no_payload_token_or_query_string_in_any_format() {
    for format in ["text", "json"] {
        let file = format!("[log]\nlevel = \"trace\"\nformat = \"{format}\"\n");
        let folder = Folder::of(&format!("secrets_{format}")).with(&file);
        let served = folder.serve(&[]);
        let target = format!("/socket/websocket?vsn=2.0.0&token={SECRET}");
        let mut client = connect_to(served.address(), &target);
        client.send(json!(["1", "1", "room:lobby", "phx_join", {"token": SECRET}]));
        assert!(client.recv().text().contains("ok"));
        client.send(json!(["1", "2", "room:lobby", "new_msg", {"body": SECRET}]));
        assert!(client.recv().text().contains(SECRET));
        client.send(json!(["1", "3", "room:lobby", "no such event", {"body": SECRET}]));
        client.recv();
        client.send(json!(["2", "4", "room:other", "phx_join", {"token": SECRET}]));
        client.recv();
        client.send_text(&format!("no message {SECRET}"));
        assert_eq!(client.close_code(), 1011);
        drop(client);
        let headers =
            format!("Origin: http://other\r\nCookie: {SECRET}\r\nAuthorization: {SECRET}\r\n");
        assert!(upgrade(served.address(), &target, &headers).is_err());
        served.logs(&["socket refused"]);
        served.logs(&["closed", "undecodable"]);
        assert!(!served.log().contains(SECRET), "{}", served.log());
    }
}

#[test]
fn json_line_is_an_object_with_time_level_message_and_fields() {
    let folder = Folder::of("json").with("[log]\nlevel = \"debug\"\nformat = \"json\"\n");
    let served = folder.serve(&["--shards", "1"]);
    let client = connect_to(served.address(), "/socket/websocket?vsn=2.0.0");
    served.logs(&["connected"]);
    drop(client);
    served.logs(&["\"closed\""]);
    let log = served.log();
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).expect(line))
        .collect();
    let connected = lines
        .iter()
        .find(|line| line["message"] == "connected")
        .unwrap();
    assert_eq!(connected["level"], "DEBUG");
    assert_eq!(connected["shard"], 0);
    for field in ["timestamp", "target", "connection", "peer"] {
        assert!(connected[field].is_string(), "{field} in {connected}");
    }
    let closed = lines
        .iter()
        .find(|line| line["message"] == "closed")
        .unwrap();
    assert_eq!(closed["connection"], connected["connection"]);
    assert!(closed["reason"].is_string(), "{closed}");
}

/// The client gets such a Close 3 s after the line of the log, so the line has the delay.
#[test]
fn close_that_is_held_back_is_logged_with_its_delay() {
    let file = "log.level = \"debug\"\nlimits.message_bytes.max = 2_000\ntimeouts.fault_delay_ms = 1_234\n";
    let served = Folder::of("held_back").with(file).serve(&[]);
    let faults = [
        (raw_frame(0x83, b""), "protocol_violation (1002)"),
        (frame(1, b"\xff"), "not_utf8 (1007)"),
        (frame(1, &[b'x'; 2_001]), "message_too_big (1009)"),
        (frame(1, b"no message"), "undecodable (1011)"),
    ];
    for (bytes, reason) in faults {
        let mut client = connect_to(served.address(), "/socket/websocket?vsn=2.0.0");
        client.send_raw(&bytes);
        served.logs(&["closing", reason, "close_delay_ms=1234"]);
    }
    let mut client = connect_to(served.address(), "/socket/websocket?vsn=2.0.0");
    client.send_raw(&frame(8, &999_u16.to_be_bytes()));
    assert_eq!(client.close_code(), 1002);
    drop(client);
    served.signal("TERM");
    let log = served.ended().log;
    let illegal = log.lines().rfind(|line| line.contains(" closing "));
    let illegal = illegal.unwrap_or_else(|| panic!("{log}"));
    assert!(illegal.contains("protocol_violation"), "{illegal}");
    assert!(!illegal.contains("close_delay_ms"), "{illegal}");
}
