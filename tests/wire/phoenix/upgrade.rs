//! The upgrade: `vsn`, the order of the checks, the required headers: protocol.md §1.2 and §1.3.
//!
//! The numbers behind B are those of the table in `mod.rs`.

use std::io::Write;

use lobbyd::channel::StatusCode;
use lobbyd::{CheckOrigin, Connect, Router, UserSocket};
use serde_json::json;
use testkit::{Client, frame, open, request, serve, upgrade, upgrade_request};

use crate::phoenix::fixture::{TARGET, ask, stage, status};

/// B 25 and the table of §1.3.
#[test]
fn vsn_chooses_the_version_or_is_refused_with_403() {
    let stage = stage();
    let address = stage.server.local_addr();
    let array = r#"[null,"1","phoenix","heartbeat",{}]"#;
    let object = r#"{"topic":"phoenix","event":"heartbeat","payload":{},"ref":"1"}"#;
    for (query, message) in [
        ("", object),
        ("?vsn=1.0.0", object),
        ("?vsn=1.0.9", object),
        ("?vsn=2.0.0", array),
        ("?vsn=2.0.5", array),
        ("?vsn=2.0.0%2Bb", array),
        ("?vsn=2.0.1-rc.1", array),
        ("?vsn=9&vsn=2.0.0", array),
    ] {
        let target = format!("/socket/websocket{query}");
        let mut client = upgrade(address, &target, "").unwrap_or_else(|a| panic!("{query}: {a}"));
        client.send_text(message);
        assert!(client.recv().text().contains(r#""status":"ok""#), "{query}");
    }
    for vsn in [
        "=123.1.1",
        "=2.0.0-rc.1",
        "=2.1.0",
        "=2.1.0-rc.1",
        "=3.0.0",
        "=1.1.0",
        "=0.9.9",
        "=1.0.0-rc.1",
        "[]=2.0.0",
        "[a]=2.0.0",
        "=",
        "",
        "=2",
        "=2.0",
        "=02.0.0",
        "=v2.0.0",
        "=2.0.0+b",
        "=%202.0.0",
    ] {
        let target = format!("/socket/websocket?vsn{vsn}");
        assert_eq!(status(address, &target, "h", ""), 403, "{vsn}");
    }
}

/// §1.2: a request that fails every check, corrected by one check at a time.
#[test]
fn upgrade_checks_come_in_the_order_of_phoenix() {
    let socket = UserSocket::new()
        .check_origin(CheckOrigin::list(["//good"]).unwrap())
        .subprotocols(["sip"])
        .connect(|params, _| match params.get("user") {
            Some(_) => Connect::ok(),
            None => Connect::refuse_with(StatusCode::TOO_MANY_REQUESTS),
        });
    let server = serve(Router::new().socket("/socket", socket));
    let address = server.local_addr();
    let ask = |method: &str, query: &str, headers: &str| {
        let head = format!(
            "{method} /socket/websocket?{query} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
        );
        let answer = request(address, &format!("{head}{headers}\r\n"));
        answer.split_whitespace().nth(1).unwrap().to_owned()
    };
    let (bad, good) = ("Origin: http://bad\r\n", "Origin: http://good\r\n");
    let (mqtt, sip) = (
        "Sec-WebSocket-Protocol: mqtt\r\n",
        "Sec-WebSocket-Protocol: sip\r\n",
    );
    for method in ["POST", "PUT", "OPTIONS", "HEAD"] {
        assert_eq!(
            ask(method, "vsn=9", &format!("{bad}{mqtt}")),
            "400",
            "{method}"
        );
    }
    assert_eq!(
        ask("GET", "vsn=2.0.0&user=1", &format!("{bad}{sip}")),
        "403"
    );
    assert_eq!(
        ask("GET", "vsn=2.0.0&user=1", &format!("{good}{mqtt}")),
        "403"
    );
    // If connect were called first, the status would be 429.
    assert_eq!(ask("GET", "vsn=9", &format!("{good}{sip}")), "403");
    assert_eq!(ask("GET", "vsn=2.0.0", &format!("{good}{sip}")), "429");
    assert_eq!(
        ask("GET", "vsn=2.0.0&user=1", &format!("{good}{sip}")),
        "400"
    );
    assert_eq!(
        ask("GET", "vsn=2.0.0&user=%ff", &format!("{good}{sip}")),
        "400"
    );
}

/// B 33 and §1.2, item 7: the answer names the missing part in plain words.
#[test]
fn upgrade_request_that_is_none_is_told_what_it_lacks() {
    let stage = stage();
    let address = stage.server.local_addr();
    let plain = ask(
        address,
        &format!("GET {TARGET} HTTP/1.1\r\nHost: h\r\n\r\n"),
    );
    assert!(plain.starts_with("HTTP/1.1 400 "), "{plain}");
    assert!(
        plain.contains("'connection' header must contain 'upgrade'"),
        "{plain}"
    );
    let whole = upgrade_request(address, TARGET, "");
    for (line, reason) in [
        ("Upgrade: websocket\r\n", "'upgrade' header"),
        (
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
            "'sec-websocket-key' header",
        ),
        (
            "Sec-WebSocket-Version: 13\r\n",
            "'sec-websocket-version' header",
        ),
        (&*format!("Host: {address}\r\n"), "'host' header"),
    ] {
        let without = whole.replace(line, "");
        let answer = ask(address, &without);
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
        assert!(answer.contains(reason), "{answer}");
    }
    let old = whole.replace("Version: 13", "Version: 12");
    assert!(ask(address, &old).contains("'13'"));
}

/// §1.2, item 9: the sample of RFC 6455, letter by letter. Some clients look for these letters.
#[test]
fn upgrade_is_answered_as_rfc_6455_prints_it_and_with_no_extension() {
    let stage = stage();
    let address = stage.server.local_addr();
    let offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
    let expected = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
        Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
    for headers in ["", offer] {
        let answer = ask(address, &upgrade_request(address, TARGET, headers));
        assert_eq!(answer, format!("{expected}\r\n"));
    }
    let phoenix = "Sec-WebSocket-Protocol: phoenix, base64url.bearer.phx.eA\r\n";
    let answer = ask(address, &upgrade_request(address, TARGET, phoenix));
    let expected = format!("{expected}Sec-WebSocket-Protocol: phoenix\r\n\r\n");
    assert_eq!(answer, expected);
}

/// §1.2: any key that is not empty is answered, as by Phoenix. RFC 6455's own example of a key has
/// pad bits that are not zero.
#[test]
fn key_of_any_text_is_answered_but_an_empty_one_and_two() {
    let stage = stage();
    let address = stage.server.local_addr();
    let whole = upgrade_request(address, TARGET, "");
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    assert!(whole.contains(key));
    let with = |line: &str| ask(address, &whole.replace(key, line));
    for taken in ["AQIDBAUGBwgJCgsMDQ4PEC==", "c2hvcnQ=", "not Base64 at all"] {
        let answer = with(&format!("Sec-WebSocket-Key: {taken}\r\n"));
        assert!(answer.starts_with("HTTP/1.1 101 "), "{taken}: {answer}");
    }
    for refused in ["Sec-WebSocket-Key: \r\n", &key.repeat(2)] {
        let answer = with(refused);
        assert!(answer.contains("'sec-websocket-key' header"), "{answer}");
    }
}

/// §1.2: RFC 9112, 3.2. A proxy may route by the last line, and the origin is compared with the
/// first.
#[test]
fn upgrade_with_two_hosts_or_none_that_is_one_is_refused() {
    let stage = stage();
    let address = stage.server.local_addr();
    let whole = upgrade_request(address, TARGET, "Origin: http://good.example\r\n");
    let host = format!("Host: {address}\r\n");
    for hosts in [
        "Host: good.example\r\nHost: evil.example\r\n",
        "Host: good.example\r\nHost: good.example\r\n",
        "Host: a b/c\r\n",
        "",
    ] {
        let answer = ask(address, &whole.replace(&host, hosts));
        assert!(answer.starts_with("HTTP/1.1 400 "), "{hosts}: {answer}");
        assert!(answer.contains("'host' header"), "{answer}");
    }
    let one = ask(address, &whole.replace(&host, "Host: good.example\r\n"));
    assert!(one.starts_with("HTTP/1.1 101 "), "{one}");
}

/// phoenix.js flushes its buffer right at open. Bytes that arrive with the request itself are not
/// lost either.
#[test]
fn messages_that_come_together_with_the_request_are_taken() {
    let stage = stage();
    let address = stage.server.local_addr();
    let mut bytes = upgrade_request(address, TARGET, "").into_bytes();
    bytes.extend(frame(1, br#"["1","1","room:a","phx_join",{}]"#));
    let second = frame(1, br#"["1","2","room:a","status",{}]"#);
    let (start, rest) = second.split_at(9);
    bytes.extend(start);
    let mut stream = open(address);
    stream.write_all(&bytes).unwrap();
    let mut client = Client::upgraded(stream);
    let ok = json!({"status": "ok", "response": {}});
    client.expect(json!(["1", "1", "room:a", "phx_reply", ok]));
    client.send_raw(rest);
    client.expect(json!(["1", "2", "room:a", "phx_reply", ok]));
}
