//! Mounts, paths, params, connect_info and the connect callback: protocol.md §1.1 and §1.6.
//!
//! The numbers behind B are those of the table in `mod.rs`.

use std::io::Write;
use std::sync::mpsc::{Receiver, Sender, channel};

use lobbyd::channel::{HeaderValue, StatusCode};
use lobbyd::server::Running;
use lobbyd::{Connect, ConnectInfo, Params, Router, UserSocket};
use serde_json::json;
use testkit::{Client, DEADLINE, frame, open, serve, upgrade, upgrade_request};

use crate::phoenix::fixture::{TARGET, status};

/// Serves a socket whose connect callback sends the text that `look` returns to the test.
pub fn looking(
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

pub fn headers<'a>(headers: impl Iterator<Item = (&'a str, &'a HeaderValue)>) -> String {
    let mut lines: Vec<_> = headers
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    lines.sort();
    lines.join(", ")
}

/// Returns the text that the connect callback saw of an upgrade at `target` with `headers`.
fn seen(server: &Running, see: &Receiver<String>, target: &str, headers: &str) -> String {
    upgrade(server.local_addr(), target, headers).unwrap_or_else(|answer| panic!("{answer}"));
    see.recv_timeout(DEADLINE).expect("connect is called")
}

/// B 9, 10, 11, 14: exactly the named headers are visible. Unknown subprotocols and extensions do
/// not prevent the upgrade.
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
                "{} {}:{}{}?{} {:?} {:?}",
                info.peer_data(),
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
    let uri = format!("{address}/socket/websocket?vsn=2.0.0&a=%20");
    let expected = format!("{peer} {uri} Some(\"eu\") None");
    assert_eq!(see.recv_timeout(DEADLINE).unwrap(), expected);
}

/// B 15, as far as it applies: there is no Plug session, and a cookie and a token do no harm.
#[test]
fn session_cookie_and_a_csrf_token_change_nothing() {
    let (server, see) = looking(
        |socket| socket,
        |params, _| params.get("_csrf_token").unwrap_or("none").to_owned(),
    );
    let cookie = "Cookie: _app_key=SFMyNTY.g3Q\r\n";
    assert_eq!(seen(&server, &see, TARGET, cookie), "none");
    let target = "/socket/websocket?vsn=2.0.0&_csrf_token=wrong";
    assert_eq!(seen(&server, &see, target, cookie), "wrong");
}

/// B 35 and §1.1: values are strings, nested as phoenix.js writes them. Empty pairs are ignored,
/// and the last of a repeated key wins.
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

/// B 37 and §1.1: a custom suffix. Variables of mount and suffix are among the params, and precede
/// those of the query. A trailing slash changes nothing.
#[test]
fn path_may_be_custom_and_hold_variables() {
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

/// B 21, 22, 106: 403, or a status that the app chose; both have an empty body.
#[test]
fn connect_may_refuse_with_403_or_a_status_of_its_own() {
    let socket = UserSocket::new().connect(|params, _| match params.get("wish") {
        Some("limit") => Connect::refuse_with(StatusCode::TOO_MANY_REQUESTS),
        Some("later") => Connect::later(async {}, |()| Connect::refuse()),
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

/// §1.2, item 6: connect may answer later. The handshake waits, and bytes that the client sent
/// meanwhile are not lost.
#[test]
fn connect_may_answer_later() {
    let (open_gate, gate) = tokio::sync::oneshot::channel::<()>();
    let gate = std::sync::Mutex::new(Some(gate));
    let socket = UserSocket::new().connect(move |_, _| {
        let gate = gate.lock().unwrap().take().expect("one client");
        Connect::later(gate, |_| Connect::ok())
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
