//! Lines that strangers cause: summed for each reason, with what would let them in, and unforgeable.

use std::io::Write;
use std::net::SocketAddr;

use serde_json::json;
use testkit::{Client, Process, connect_to, eventually, open, request, upgrade, upgrade_request};

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
        (
            b"\x1b[31m forged\nline, and more",
            "came=\"other bytes\" bytes=\"\\u{1b}[31m forged\\nli\"",
        ),
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
    let begins: [(&[u8], &str); 5] = [
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
        (b"SSH-2.0-OpenSSH_9.2 Debian\r\n\r\n", "came=\"SSH\""),
        (
            b"\x01 \"b\"\r\n\r\n",
            "came=\"other bytes\" bytes=\"\\u{1} \\\"b\\\"\\r\\n\\r\\n\"",
        ),
    ];
    for (bytes, came) in begins {
        let mut stream = open(served.address());
        stream.write_all(bytes).unwrap();
        let refused = ["refusal=\"malformed\"", "why=\"invalid ", "hint="];
        served.logs(&[
            " WARN ", "no HTTP", came, refused[0], refused[1], refused[2],
        ]);
    }
}

#[test]
fn body_of_a_request_that_is_refused_is_in_no_line() {
    let served = Process::start(lobbyd());
    for line in [
        "Content-Length: 6\r\nContent-Length: 7",
        "Transfer-Encoding: gzip",
    ] {
        let head = format!("POST / HTTP/1.1\r\nHost: h\r\n{line}\r\n\r\n");
        let answer = request(served.address(), &format!("{head}s3cret"));
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    }
    let target = "POST http://[ HTTP/1.1\r\nHost: h\r\n\r\ns3cret";
    assert!(request(served.address(), target).starts_with("HTTP/1.1 400 "));
    served.shows("lobbyd_refusals_total{reason=\"malformed\"}", 3);
    let lines = lines_at_the_end(served, "");
    assert!(lines.iter().any(|line| line.contains("request refused")));
    assert!(!lines.concat().contains("s3cret"), "{lines:?}");
}

/// Requests with the beginnings of their answers, and the text and the refusal of their lines.
fn refused_requests(address: SocketAddr) -> [(String, u16, &'static str, &'static str); 6] {
    let socket = upgrade_request(address, TARGET, "");
    let (of_socket, of_any) = ("socket refused", "request refused");
    let with = |one: &str, other: &str| socket.replacen(one, other, 1);
    let head = |line: &str| format!("{line} HTTP/1.1\r\nHost: h\r\n\r\n");
    let other = with("Upgrade: websocket", "Upgrade: h2c");
    [
        (with("GET", "POST"), 400, of_socket, "method"),
        (with("vsn=2.0.0", "x=%"), 400, of_socket, "query"),
        (with("vsn=2.0.0", "vsn=7"), 403, of_socket, "version"),
        (other, 400, of_socket, "no_upgrade"),
        (head("CONNECT a.example:443"), 405, of_any, "method"),
        (head("GET http://a..b,c/"), 400, of_any, "malformed"),
    ]
}

#[test]
fn requests_that_get_4xx_are_told_with_a_hint_and_counted() {
    let served = Process::start(lobbyd());
    for (bytes, status, text, refusal) in refused_requests(served.address()) {
        let answer = request(served.address(), &bytes);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
        let refusal = format!("refusal=\"{refusal}\"");
        served.logs(&[" WARN ", text, &refusal, "why=", "hint=", "client="]);
    }
    let counts = [
        ("method", 2),
        ("query", 1),
        ("version", 1),
        ("no_upgrade", 1),
        ("malformed", 1),
    ];
    for (refusal, count) in counts {
        let metric = format!("lobbyd_refusals_total{{reason=\"{refusal}\"}}");
        served.shows(&metric, count);
    }
}

#[test]
fn refused_pushes_name_their_topic_and_event_and_no_payload() {
    let folder = Folder::of("refused_pushes")
        .with("[[room]]\ntopic = \"lobby:*\"\n[[room.event]]\nname = \"say\"\nbytes_max = 5\n");
    let served = folder.serve(&[]);
    let mut client = connect_to(served.address(), TARGET);
    client.send(json!(["1", "1", "lobby:a", "phx_join", {}]));
    assert!(client.recv().text().contains("ok"));
    let long = "x".repeat(1_000);
    let pushes = [
        (
            "elsewhere",
            json!("say"),
            "unmatched",
            "event=\"say\"".to_owned(),
        ),
        (
            "lobby:a",
            json!("shout\n"),
            "unknown_event",
            "event=\"shout\\n\"".to_owned(),
        ),
        (
            "lobby:a",
            json!("say"),
            "too_large",
            "event=\"say\"".to_owned(),
        ),
        ("lobby:a", json!(7), "no_event_name", "hint=".to_owned()),
        (&long, json!("say"), "unmatched", String::new()),
    ];
    for (topic, event, refusal, shown) in pushes {
        client.send(json!([null, "2", topic, event, {"body": "s3cret"}]));
        assert!(client.recv().text().contains("error"));
        let parts = [
            format!("topic=\"{topic}\""),
            format!("refusal=\"{refusal}\""),
        ];
        if !shown.is_empty() {
            served.logs(&[
                " WARN ",
                "push refused",
                &parts[0],
                &parts[1],
                &shown,
                "hint=",
            ]);
        }
    }
    client.send_text(r#"[null, "2", "lobby:a", "say", {"body": s3cret}]"#);
    assert!(client.recv().text().contains("cannot be read"));
    served.logs(&[
        "push refused",
        "topic=\"lobby:a\"",
        "refusal=\"unreadable\"",
    ]);
    drop(client);
    let log = lines_at_the_end(served, "").concat();
    assert!(!log.contains("s3cret") && !log.contains(&long), "{log}");
}

#[test]
fn messages_that_close_their_client_are_told_with_a_hint() {
    let folder = Folder::of("closing_hints").with("limits.message_bytes.max = 100\n");
    let served = folder.serve(&[]);
    let messages = [
        ("{}".to_owned(), "no message", "the vsn in its URL"),
        ("?".to_owned(), "no message", ""),
        (
            "x".repeat(101),
            "message_too_big",
            "raise limits.message_bytes",
        ),
    ];
    for (message, text, hint) in messages {
        let mut client = connect_to(served.address(), TARGET);
        client.send_text(&message);
        served.logs(&[text, "hint=", hint]);
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
