//! Opening a connection: mounts and paths, params, connect_info, the connect callback, and the order of the checks;
//! protocol.md §1.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, Sender, channel};

use lobbyd::channel::{HeaderValue, StatusCode};
use lobbyd::server::Running;
use lobbyd::{CheckOrigin, Connect, ConnectInfo, Params, Router, UserSocket};
use serde_json::json;

use crate::peer::{BOTH, Peer};
use crate::room::stage;
use crate::support::{Client, DEADLINE, frame, open, request, serve, upgrade, upgrade_request};

/// The answer's status to an upgrade that names `host`, with more `headers`.
pub fn status(address: SocketAddr, target: &str, host: &str, headers: &str) -> u16 {
    let request = upgrade_request(address, target, headers);
    let host = format!("Host: {host}\r\n");
    let request = request.replace(&format!("Host: {address}\r\n"), &host);
    ask(address, &request)[9..12]
        .parse()
        .expect("a status line")
}

/// The answer to `request`, its body included, on a connection that stays open.
fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = open(address);
    stream.write_all(request.as_bytes()).unwrap();
    let mut reader = BufReader::new(stream);
    let mut answer = String::new();
    while !answer.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut answer).unwrap() > 0, "cut: {answer}");
    }
    let mut lines = answer.lines().filter_map(|line| line.split_once(": "));
    let length = lines.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let mut body = vec![0; length.map_or(0, |(_, value)| value.parse().unwrap())];
    reader.read_exact(&mut body).unwrap();
    answer + &String::from_utf8_lossy(&body)
}

/// A server whose connect callback shows `look` of what it sees.
fn looking(
    set: impl FnOnce(UserSocket) -> UserSocket,
    look: impl Fn(&Params, &ConnectInfo) -> String + Send + Sync + 'static,
) -> (Running, Receiver<String>) {
    let (seen, see): (Sender<String>, _) = channel();
    let socket = UserSocket::new().connect(move |params, info| {
        seen.send(look(params, info)).unwrap();
        Connect::ok()
    });
    (serve(Router::new().socket("/socket", set(socket))), see)
}

fn headers<'a>(headers: impl Iterator<Item = (&'a str, &'a HeaderValue)>) -> String {
    let mut lines: Vec<_> = headers
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    lines.sort();
    lines.join(", ")
}

/// What the connect callback saw of an upgrade at `target` with `headers`.
fn seen(server: &Running, see: &Receiver<String>, target: &str, headers: &str) -> String {
    upgrade(server.local_addr(), target, headers).unwrap_or_else(|answer| panic!("{answer}"));
    see.recv_timeout(DEADLINE).expect("connect is called")
}

const TARGET: &str = "/socket/websocket?vsn=2.0.0";

/// B 1: two mounts, one path in front of the other.
#[test]
fn mounts_stand_side_by_side() {
    use crate::order::Says;
    let socket = |says| UserSocket::new().channel("room:*", Says(says));
    let router = Router::new()
        .socket("/ws", socket("user"))
        .socket("/ws/admin", socket("admin"));
    let server = serve(router);
    for version in BOTH {
        for (path, says) in [("/ws", "user"), ("/ws/admin", "admin")] {
            let path = format!("{path}/websocket");
            let mut peer = Peer::connect_at(&server, version, &path, "");
            peer.join_with("room:a", json!({}));
            peer.expect_reply("1", "room:a", "ok", json!({"says": says}));
        }
    }
}

/// B 9, 10, 11, 14: exactly the headers that are named; unknown subprotocols and extensions do not prevent the upgrade.
#[test]
fn connect_sees_the_headers_it_may() {
    let (server, see) = looking(
        |socket| socket,
        |_, info| {
            let all = [
                headers(info.x_headers()),
                headers(info.trace_context_headers()),
                headers(info.sec_websocket_headers()),
                info.user_agent().unwrap_or("none").to_owned(),
            ];
            all.join("; ")
        },
    );
    let fixed = "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==, sec-websocket-version: 13";
    assert_eq!(
        seen(&server, &see, TARGET, ""),
        format!("; ; {fixed}; none")
    );
    let lines = "X-Foo: 1\r\nX-foo: 2\r\nTraceParent: tp\r\nTracestate: ts\r\nUser-Agent: me/1\r\nCookie: c=1\r\n\
                 Authorization: secret\r\nSec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Protocol: sip, mqtt\r\n";
    let expected = "x-foo: 1, x-foo: 2; traceparent: tp, tracestate: ts; sec-websocket-extensions: permessage-deflate, \
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==, sec-websocket-protocol: sip, mqtt, sec-websocket-version: 13; me/1";
    assert_eq!(seen(&server, &see, TARGET, lines), expected);
}

/// B 12, 13, 16.
#[test]
fn connect_sees_peer_uri_and_fixed_pairs() {
    let (server, see) = looking(
        |socket| socket.connect_info("zone", "eu"),
        |_, info| {
            let uri = info.uri();
            format!(
                "{} {}://{}:{}{}?{} {:?} {:?}",
                info.peer_data(),
                uri.scheme,
                uri.host,
                uri.port,
                uri.path,
                uri.query,
                info.custom("zone"),
                info.custom("other"),
            )
        },
    );
    let address = server.local_addr();
    let client = upgrade(address, "/socket/websocket?vsn=2.0.0&a=%20", "").map_err(drop);
    let peer = client.unwrap().stream.local_addr().unwrap();
    let uri = format!("http://{address}/socket/websocket?vsn=2.0.0&a=%20");
    let expected = format!("{peer} {uri} Some(\"eu\") None");
    assert_eq!(see.recv_timeout(DEADLINE).unwrap(), expected);
}

/// B 15, as far as it applies: there is no Plug session, and cookie and token do not get in the way.
#[test]
fn a_session_cookie_and_a_csrf_token_change_nothing() {
    let (server, see) = looking(
        |socket| socket,
        |params, _| params.get("_csrf_token").unwrap_or("none").to_owned(),
    );
    let cookie = "Cookie: _app_key=SFMyNTY.g3Q\r\n";
    assert_eq!(seen(&server, &see, TARGET, cookie), "none");
    let target = "/socket/websocket?vsn=2.0.0&_csrf_token=wrong";
    assert_eq!(seen(&server, &see, target, cookie), "wrong");
}

/// B 35 and §1.1: strings, nested as phoenix.js writes them; empty pairs are ignored; the last of a repeated key wins.
#[test]
fn query_parameters_reach_connect_as_strings() {
    let (server, see) = looking(
        |socket| socket,
        |params, _| {
            let pairs = params
                .iter()
                .map(|(name, value)| format!("{name}={value:?}"));
            pairs.collect::<Vec<_>>().join(" ")
        },
    );
    let show = |query: &str| seen(&server, &see, &format!("/socket/websocket?{query}"), "");
    assert_eq!(
        show("a=1&&b=x+y%21&a=2&undefined=undefined&key&"),
        r#"a=Text("2") b=Text("x y!") key=Text("") undefined=Text("undefined")"#
    );
    assert_eq!(
        show("m[b]=1&l[]=x&l[]=y&p[0]=x&p[1]=y"),
        r#"l=List([Text("x"), Text("y")]) m=Map({"b": Text("1")}) p=Map({"0": Text("x"), "1": Text("y")})"#
    );
    assert_eq!(
        show("token=t&vsn=2.0.0"),
        r#"token=Text("t") vsn=Text("2.0.0")"#
    );
    assert_eq!(show(""), "");
}

/// B 37 and §1.1: a suffix of one's own, variables of mount and suffix among the params and before those of the query;
/// a trailing slash changes nothing.
#[test]
fn the_path_may_be_custom_and_hold_variables() {
    let (seen, see) = channel();
    let socket = UserSocket::new()
        .path("/custom/:id/:_other")
        .connect(move |params, _| {
            let of = |name| params.get(name).unwrap_or("none").to_owned();
            seen.send([of("tenant"), of("id"), of("_other"), of("q")].join(" "))
                .unwrap();
            Connect::ok()
        });
    let server = serve(Router::new().socket("/ws/:tenant", socket));
    let address = server.local_addr();
    for slash in ["", "/"] {
        let target = format!("/ws/a%20b/custom/7/x{slash}?id=8&q=1");
        assert_eq!(status(address, &target, "h", ""), 101);
        assert_eq!(see.recv_timeout(DEADLINE).unwrap(), "a b 7 none 1");
    }
    for target in [
        "/ws/a/websocket",
        "/ws/a/custom/7",
        "/ws/custom/7/x",
        "/ws/a/custom/7/x/y",
    ] {
        assert_eq!(status(address, target, "h", ""), 404, "{target}");
    }
}

/// B 21, 22, 106: 403, or the status the app chose; both empty.
#[test]
fn connect_may_refuse_with_403_or_a_status_of_its_own() {
    let socket = UserSocket::new().connect(|params, _| match params.get("wish") {
        Some("limit") => Connect::refuse_with(StatusCode::TOO_MANY_REQUESTS),
        Some("later") => Connect::later(async { Connect::refuse() }),
        Some("panic") => panic!("expected"),
        _ => Connect::refuse(),
    });
    let server = serve(Router::new().socket("/socket", socket));
    for vsn in ["1.0.0", "2.0.0"] {
        for (wish, status) in [("no", 403), ("limit", 429), ("later", 403), ("panic", 500)] {
            let target = format!("/socket/websocket?vsn={vsn}&wish={wish}");
            let answer = upgrade(server.local_addr(), &target, "")
                .err()
                .expect("refused");
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status} ")),
                "{answer}"
            );
            assert!(answer.ends_with("\r\n\r\n"), "{answer}");
            assert!(
                answer.to_lowercase().contains("content-length: 0"),
                "{answer}"
            );
        }
    }
}

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

/// §1.2: a request that fails every check, mended one check at a time.
#[test]
fn the_checks_come_in_the_order_of_phoenix() {
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
    // Were connect asked first, this were 429.
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

/// B 33 and §1.2, item 7: what is missing is said in plain words.
#[test]
fn an_upgrade_request_that_is_none_is_told_what_it_lacks() {
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

/// §1.2, item 8: the sample of the RFC.
#[test]
fn the_upgrade_is_answered_with_the_accept_key_and_no_extension() {
    let stage = stage();
    let address = stage.server.local_addr();
    let offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
    let answer = ask(address, &upgrade_request(address, TARGET, offer)).to_lowercase();
    assert!(answer.starts_with("http/1.1 101 "), "{answer}");
    assert!(
        answer.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=\r\n"),
        "{answer}"
    );
    assert!(!answer.contains("sec-websocket-extensions"), "{answer}");
    assert!(!answer.contains("sec-websocket-protocol"), "{answer}");
}

/// B 123: phoenix.js flushes its buffer right at open; bytes that come with the request itself are not lost either.
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

/// The value of `Sec-WebSocket-Protocol` in the answer to `offer`, or the status of a refusal.
fn subprotocol(server: &Running, offer: Option<&str>) -> Result<Option<String>, u16> {
    let address = server.local_addr();
    let line = offer.map(|offer| format!("Sec-WebSocket-Protocol: {offer}\r\n"));
    let answer = ask(
        address,
        &upgrade_request(address, TARGET, &line.unwrap_or_default()),
    );
    if !answer.starts_with("HTTP/1.1 101 ") {
        return Err(answer[9..12].parse().unwrap());
    }
    let lines = answer.lines().filter_map(|line| line.split_once(": "));
    let mut chosen = lines.filter(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-protocol"));
    Ok(chosen.next().map(|(_, value)| value.to_owned()))
}

/// B 34, 79: the server's preference; none offered is fine, none in common is not.
#[test]
fn the_subprotocol_is_the_first_of_the_server_that_is_offered() {
    let (server, _see) = looking(
        |socket| socket.subprotocols(["sip", "mqtt"]),
        |_, _| String::new(),
    );
    assert_eq!(
        subprotocol(&server, Some("sip")),
        Ok(Some("sip".to_owned()))
    );
    assert_eq!(
        subprotocol(&server, Some("mqtt, sip")),
        Ok(Some("sip".to_owned()))
    );
    assert_eq!(
        subprotocol(&server, Some("other,mqtt")),
        Ok(Some("mqtt".to_owned()))
    );
    assert_eq!(subprotocol(&server, None), Ok(None));
    assert_eq!(subprotocol(&server, Some("other")), Err(403));
    let (unset, _see) = looking(|socket| socket, |_, _| String::new());
    assert_eq!(subprotocol(&unset, Some("sip")), Ok(None));
}

/// B 126 and §1.5: decoded, shown, taken out of the header; both alphabets, and 400 for what is none.
#[test]
fn the_auth_token_of_phoenix_js_reaches_connect() {
    let (server, see) = looking(
        |socket| socket.auth_token(true),
        |_, info| {
            let offered = info.sec_websocket_headers();
            let offered = offered.filter(|(name, _)| *name == "sec-websocket-protocol");
            format!("{:?} {}", info.auth_token(), headers(offered))
        },
    );
    let seen = || see.recv_timeout(DEADLINE).unwrap();
    let phoenix = Ok(Some("phoenix".to_owned()));
    let token = "base64url.bearer.phx.c2VjcmV0MQ";
    assert_eq!(
        subprotocol(&server, Some(&format!("phoenix, {token}"))),
        phoenix
    );
    assert_eq!(seen(), r#"Some("secret1") sec-websocket-protocol: phoenix"#);
    assert_eq!(subprotocol(&server, Some(token)), Ok(None));
    assert_eq!(seen(), r#"Some("secret1") "#);
    assert_eq!(
        subprotocol(&server, Some("phoenix, base64url.bearer.phx.")),
        phoenix
    );
    assert_eq!(seen(), r#"Some("") sec-websocket-protocol: phoenix"#);
    assert_eq!(
        subprotocol(&server, Some(&format!("phoenix, {token}, {token}"))),
        phoenix
    );
    assert!(seen().starts_with("None "));
    for encoded in ["Pz8+", "Pz8-"] {
        let offer = format!("phoenix, base64url.bearer.phx.{encoded}");
        assert_eq!(subprotocol(&server, Some(&offer)), phoenix);
        assert!(seen().starts_with(r#"Some("??>")"#));
    }
    let garbage = "phoenix, base64url.bearer.phx.!";
    assert_eq!(subprotocol(&server, Some(garbage)), Err(400));
    let (off, see) = looking(
        |socket| socket,
        |_, info| format!("{:?}", info.auth_token()),
    );
    assert_eq!(
        subprotocol(&off, Some(&format!("phoenix, {token}"))),
        Ok(None)
    );
    assert_eq!(see.recv_timeout(DEADLINE).unwrap(), "None");
}

/// §1.2, item 6: connect may take its time; the handshake waits, and what the client sent meanwhile is not lost.
#[test]
fn connect_may_answer_later() {
    let (open_gate, gate) = tokio::sync::oneshot::channel::<()>();
    let gate = std::sync::Mutex::new(Some(gate));
    let socket = UserSocket::new().connect(move |_, _| {
        let gate = gate.lock().unwrap().take().expect("one client");
        Connect::later(async {
            let _ = gate.await;
            Connect::ok()
        })
    });
    let server = serve(Router::new().socket("/socket", socket));
    let address = server.local_addr();
    let mut stream = open(address);
    let mut bytes = upgrade_request(address, TARGET, "").into_bytes();
    bytes.extend(frame(1, br#"[null,"1","phoenix","heartbeat",{}]"#));
    stream.write_all(&bytes).unwrap();
    open_gate.send(()).unwrap();
    let mut client = Client::upgraded(stream);
    client.expect(json!([null, "1", "phoenix", "phx_reply", {"status": "ok", "response": {}}]));
}
