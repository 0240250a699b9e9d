//! Lines that strangers cause: summed for each reason, with what would let them in, and unforgeable.

use std::io::Write;

use serde_json::json;
use testkit::{Client, Process, connect_to, eventually, open, upgrade};

use crate::config::fixture::Folder;
use crate::fixture::lobbyd;

const TARGET: &str = "/socket/websocket?vsn=2.0.0";

/// Returns the lines of the log with `part`, once the server has ended.
fn lines_at_the_end(lobbyd: Process, part: &str) -> Vec<String> {
    lobbyd.signal("TERM");
    let log = lobbyd.ended().log;
    let lines = log.lines().filter(|line| line.contains(part));
    lines.map(str::to_owned).collect()
}

/// Binary pushes of `x` to `lobby:a`, with join ref 1.
fn binary_push() -> Vec<u8> {
    [&[0, 1, 1, 7, 1][..], b"1", b"2", b"lobby:a", b"x", b".."].concat()
}

#[test]
fn binary_pushes_with_a_member_of_version_1_are_two_lines_and_counted() {
    let folder = Folder::of("binary_pushes").with(
        "limits.messages_per_second.mode = \"observe\"\n\
         [[room]]\ntopic = \"lobby:*\"\n[[room.event]]\nname = \"x\"\n",
    );
    let served = folder.serve(&["--shards", "1"]);
    let mut old = connect_to(served.address(), "/socket/websocket");
    old.send(json!({"topic": "lobby:a", "event": "phx_join", "payload": {}, "ref": "1"}));
    assert!(old.recv().text().contains("ok"));
    let mut client = connect_to(served.address(), TARGET);
    client.send(json!(["1", "1", "lobby:a", "phx_join", {}]));
    assert!(client.recv().text().contains("ok"));
    for _ in 0..10_000 {
        client.send_binary(&binary_push());
        assert!(client.next_frame().is_some());
    }
    served.shows("lobbyd_broadcasts_skipped_total{version=\"1\"}", 10_000);
    drop((old, client));
    let lines = lines_at_the_end(served, "skips the subscribers");
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(
        lines[0].contains(" WARN ") && lines[0].contains("event=\"x\""),
        "{}",
        lines[0]
    );
    assert!(lines[1].ends_with("since_last=9999"), "{}", lines[1]);
}

#[test]
fn refused_origins_are_two_lines_by_default_with_what_lets_them_in() {
    let served = Process::start(lobbyd());
    for _ in 0..200 {
        let headers = "Origin: http://evil.example\r\n";
        assert!(upgrade(served.address(), TARGET, headers).is_err());
    }
    served.shows("lobbyd_refusals_total{reason=\"origin\"}", 200);
    let lines = lines_at_the_end(served, "socket refused");
    assert_eq!(lines.len(), 2, "{lines:?}");
    for part in [
        " WARN ",
        "refusal=\"origin\"",
        "origin=\"http://evil.example\"",
        "socket.origins",
    ] {
        assert!(lines[0].contains(part), "{part} in {}", lines[0]);
    }
    assert!(
        lines[1].ends_with("refusal=\"origin\" since_last=199"),
        "{}",
        lines[1]
    );
}

#[test]
fn socket_asked_for_at_another_path_is_told_and_counted() {
    let served = Process::start(lobbyd());
    assert!(upgrade(served.address(), "/ws/websocket?vsn=2.0.0", "").is_err());
    served.shows("lobbyd_refusals_total{reason=\"mount\"}", 1);
    served.logs(&[
        " WARN ",
        "refusal=\"mount\"",
        "path=\"/ws/websocket\"",
        "socket.path",
    ]);
}

#[test]
fn push_with_another_join_ref_is_counted_and_told_with_both() {
    let served = Process::start(lobbyd());
    let mut client = connect_to(served.address(), TARGET);
    client.send(json!(["1", "1", "room:lobby", "phx_join", {}]));
    assert!(client.recv().text().contains("ok"));
    client.send(json!(["7", "2", "room:lobby", "new_msg", {"body": "x"}]));
    served.shows("lobbyd_stale_messages_total", 1);
    let refs = ["join_ref=\"\\\"7\\\"\"", "of_channel=\"\\\"1\\\"\""];
    served.logs(&[
        "INFO",
        "another join",
        refs[0],
        refs[1],
        "topic=\"room:lobby\"",
    ]);
}

#[test]
fn first_bytes_in_place_of_a_proxy_header_are_named() {
    let mut command = lobbyd();
    command.env("LOBBYD_SERVER_TRUSTED_PROXIES", "127.0.0.1/32");
    command.env("LOBBYD_SERVER_PROXY_PROTOCOL", "true");
    let served = Process::start(command);
    let begins: [(&[u8], &str); 3] = [
        (b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", "came=\"plain HTTP\""),
        (
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03abcdefg",
            "came=\"TLS\"",
        ),
        (b"\x1b[31m forged\nline, and more", "came=\"\\\"\\\\x1b[31m"),
    ];
    for (bytes, came) in begins {
        let mut stream = open(served.address());
        stream.write_all(bytes).unwrap();
        served.logs(&[
            " WARN ",
            "no PROXY header",
            came,
            "refusal=\"proxy_header\"",
        ]);
    }
}

#[test]
fn first_bytes_in_place_of_http_are_named() {
    let served = Process::start(lobbyd());
    let begins: [(&[u8], &str); 3] = [
        (
            b"PROXY TCP4 192.0.2.1 192.0.2.2 5000 80\r\n\r\n",
            "came=\"a PROXY header of version 1\"",
        ),
        (
            b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x01\x0a\0\0\x01\x13\x88\0P",
            "of version 2\"",
        ),
        (
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03abcdefg\r\n\r\n",
            "came=\"TLS\"",
        ),
    ];
    for (bytes, came) in begins {
        let mut stream = open(served.address());
        stream.write_all(bytes).unwrap();
        served.logs(&[" WARN ", "no HTTP", came]);
    }
}

/// Floods until the server closes the connection.
fn flood(client: &mut Client) {
    let beat = json!([null, "9", "phoenix", "heartbeat", {}]);
    eventually("it is closed", || {
        client.send(beat.clone());
        client.next_frame().is_none_or(|frame| frame.opcode == 8)
    });
}

#[test]
fn topic_of_a_client_forges_no_line_and_no_field() {
    let folder = Folder::of("forged").with(
        "[limits.messages_per_second]\nmax = 1\nburst = 1\nover_ms = 1\n\
         [[room]]\ntopic = \"lobby:*\"\n",
    );
    let served = folder.serve(&[]);
    let forged = "2031-01-01T00:00:00.000000Z ERROR lobbyd: all messages were lost";
    let topic = format!("lobby:x reason=none\r\n{forged} \u{1b}[31m\u{202e}\u{9b}");
    let mut client = connect_to(served.address(), TARGET);
    client.send(json!(["1", "1", topic, "phx_join", {}]));
    flood(&mut client);
    served.logs(&["INFO", "closing", "rate_exceeded"]);
    let log = served.log();
    let closing = log.lines().find(|line| line.contains("closing")).unwrap();
    assert!(
        closing.contains("rooms=\"lobby:x reason=none\\r\\n2031"),
        "{closing}"
    );
    assert!(!log.lines().any(|line| line.starts_with("2031")), "{log}");
    assert!(
        !log.contains(['\u{1b}', '\r', '\u{202e}', '\u{9b}']),
        "{log:?}"
    );
}
