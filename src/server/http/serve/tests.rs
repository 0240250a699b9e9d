//! The bytes that a client of `serve_http` gets, and the parts that an upgrade hands on.

mod limits;

use std::io::{Read, Write};
use std::net::TcpStream as Client;
use std::time::Instant;

use hyper::StatusCode;

use super::*;
use crate::channel::{CheckOrigin, Connect, Router, UserSocket};

const UPGRADE: &str = "Host: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

/// Longest wait in these tests.
const DEADLINE: Duration = Duration::from_secs(10);

fn router() -> Router {
    let socket = UserSocket::new()
        .check_origin(CheckOrigin::host("good"))
        .auth_token(true)
        .connect(
            |params, info| match (params.get("user"), info.auth_token()) {
                (Some("panic"), _) => panic!("expected in this test"),
                (Some("slow"), _) => {
                    Connect::later(std::future::pending::<()>(), |()| Connect::ok())
                }
                (None, None) => Connect::refuse_with(StatusCode::TOO_MANY_REQUESTS),
                (user, token) => Connect::accept()
                    .id(user.or(token).unwrap_or_default())
                    .into(),
            },
        );
    Router::new().socket("/socket", socket)
}

/// Short limits, so that a test of a limit does not take long.
fn brisk() -> ServerLimits {
    ServerLimits::default()
        .with_max(Limit::HeadTime, 100)
        .with_max(Limit::HeadBytes, 16 * 1024)
        .with_http_lifetime_ms(400)
        .with_closing_timeout_ms(100)
        .with_connect_timeout_ms(50)
}

/// The outcome of one connection.
struct Outcome {
    /// Everything the client received until the end of the stream.
    received: String,
    /// Leftover and socket id, if the connection was upgraded. The client was then sent `after the
    /// upgrade`.
    upgraded: Option<(Bytes, Option<String>)>,
}

/// Serves one connection from `client`, which is given the address and runs at the same time.
fn serve_one<T: Send + 'static>(
    app: HttpApp,
    client: impl FnOnce(Client) -> T + Send + 'static,
) -> (T, Option<(Bytes, Option<String>)>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let client = std::thread::spawn(move || {
        let stream = Client::connect(address).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        client(stream)
    });
    let upgraded = runtime.block_on(async {
        let (stream, peer) = listener.accept().unwrap();
        stream.set_nonblocking(true).unwrap();
        let stream = TcpStream::from_std(stream).unwrap();
        let upgraded = timeout(
            DEADLINE,
            serve_http(stream, peer, Arc::new(app), std::future::pending()),
        )
        .await
        .unwrap()?;
        upgraded.stream.writable().await.unwrap();
        upgraded.stream.try_write(b"after the upgrade").unwrap();
        Some((upgraded.leftover, upgraded.accepted.socket_id))
    });
    (client.join().unwrap(), upgraded)
}

/// Serves one connection on which the client sends `parts` one after the other. It sends the first
/// part at once, and each further part after it has received something.
fn converse(app: HttpApp, parts: Vec<Vec<u8>>) -> Outcome {
    let (received, upgraded) = serve_one(app, move |mut client| {
        let mut received = Vec::new();
        let last = parts.len().saturating_sub(1);
        for (index, part) in parts.into_iter().enumerate() {
            let _ = client.write_all(&part);
            if index < last {
                let mut chunk = [0; 65_536];
                let count = client.read(&mut chunk).unwrap();
                received.extend_from_slice(&chunk[..count]);
            }
        }
        client
            .read_to_end(&mut received)
            .expect("the answer and then the end, no reset");
        String::from_utf8_lossy(&received).into_owned()
    });
    Outcome { received, upgraded }
}

/// Returns the answer to one request with `Connection: close`, or the 101.
fn ask(request: &str) -> String {
    converse(HttpApp::new(router()), vec![request.into()]).received
}

fn status(response: &str) -> u16 {
    response
        .get(9..12)
        .and_then(|code| code.parse().ok())
        .unwrap_or(0)
}

fn body(response: &str) -> &str {
    response.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}

#[test]
fn client_that_ends_its_side_with_its_request_still_gets_the_answer() {
    let (received, _) = serve_one(HttpApp::new(router()), |mut client| {
        client
            .write_all(b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n")
            .unwrap();
        client.shutdown(std::net::Shutdown::Write).unwrap();
        let mut received = String::new();
        client.read_to_string(&mut received).unwrap();
        received
    });
    assert_eq!((status(&received), body(&received)), (200, "ok\n"));
}

#[test]
fn order_of_checks_is_seen_on_the_wire() {
    let origin = "Origin: http://good\r\n";
    let phoenix = "Sec-WebSocket-Protocol: phoenix\r\n";
    let table = [
        ("POST", "vsn=9", "Origin: http://bad\r\n".into(), 400, ""),
        (
            "GET",
            "vsn=9&a=%ff",
            String::new(),
            400,
            "the URL does not decode to UTF-8\n",
        ),
        ("GET", "vsn=9", "Origin: http://bad\r\n".into(), 403, ""),
        (
            "GET",
            "vsn=9",
            format!("{origin}Sec-WebSocket-Protocol: mqtt\r\n"),
            403,
            "",
        ),
        ("GET", "vsn=9", format!("{origin}{phoenix}"), 403, ""),
        ("GET", "vsn=2.0.0", format!("{origin}{phoenix}"), 429, ""),
        ("GET", "vsn=2.0.0&user=panic", String::new(), 500, ""),
        (
            "GET",
            "vsn=2.0.0&user=1",
            String::new(),
            400,
            "the 'connection' header must contain 'upgrade'\n",
        ),
    ];
    for (method, query, headers, code, text) in table {
        let target = format!("/socket/websocket?{query}");
        let response = ask(&format!(
            "{method} {target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{headers}\r\n"
        ));
        assert_eq!(
            (status(&response), body(&response)),
            (code, text),
            "{method} {query}"
        );
    }
}

#[test]
fn upgrade_hands_on_the_stream_and_the_bytes_that_came_along() {
    let request = format!(
        "GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\n{UPGRADE}\
         Sec-WebSocket-Protocol: phoenix, base64url.bearer.phx.c2VjcmV0MQ\r\n\r\n"
    );
    for frames in [&b""[..], b"\x81\x80\x00\x00\x00\x00", &[7; 3_000]] {
        let sent = [request.as_bytes(), frames].concat();
        let outcome = converse(HttpApp::new(router()), vec![sent]);
        let (leftover, id) = outcome.upgraded.expect("an upgrade");
        assert_eq!((&leftover[..], id.as_deref()), (frames, Some("secret1")));
        let received = outcome.received;
        assert!(
            received.starts_with("HTTP/1.1 101 Switching Protocols\r\n"),
            "{received}"
        );
        assert!(received.contains("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
        assert!(received.contains("\r\nSec-WebSocket-Protocol: phoenix\r\n"));
        assert_eq!(body(&received), "after the upgrade");
    }
}

#[test]
fn connection_may_ask_for_a_page_before_it_upgrades() {
    let page = "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n".to_owned();
    let upgrade = format!("GET /socket/websocket?user=7 HTTP/1.1\r\n{UPGRADE}\r\n");
    let outcome = converse(HttpApp::new(router()), vec![page.into(), upgrade.into()]);
    assert_eq!(outcome.upgraded, Some((Bytes::new(), Some("7".to_owned()))));
    assert!(outcome.received.starts_with("HTTP/1.1 200 OK\r\n"));
}

/// A proxy may tunnel after an upgrade without waiting for its 101: what follows a refused one is
/// the client's own, on a connection of the proxy.
#[test]
fn requests_behind_a_refused_upgrade_are_not_answered() {
    let own = "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n";
    for (target, code) in [
        ("/socket/websocket?vsn=9", 403),
        ("/healthz", 200),
        ("/no", 404),
    ] {
        let refused = format!("GET {target} HTTP/1.1\r\n{UPGRADE}\r\n{own}");
        let received = converse(HttpApp::new(router()), vec![refused.into()]).received;
        assert_eq!(status(&received), code, "{target}");
        assert!(received.contains("\r\nconnection: close\r\n"), "{received}");
        assert_eq!(received.matches("HTTP/1.1").count(), 1, "{received}");
    }
}

/// RFC 9112, 3.2: one `Host` in HTTP/1.1, which is a host; pages and sockets alike.
#[test]
fn request_that_does_not_say_whose_host_it_is_for_gets_400() {
    let upgrade = UPGRADE.replace("Host: h\r\n", "");
    let of_pages = ["/healthz", "/", "/nothing"].map(|path| (path, ""));
    let of_sockets = [("/socket/websocket?user=7", &*upgrade)];
    for (target, headers) in of_pages.into_iter().chain(of_sockets) {
        for hosts in [
            "",
            "Host: good\r\nHost: evil\r\n",
            "Host: a b/c\r\n",
            "Host: h:x\r\n",
        ] {
            let received = ask(&format!("GET {target} HTTP/1.1\r\n{hosts}{headers}\r\n"));
            assert_eq!(status(&received), 400, "{target} {hosts}: {received}");
            assert!(body(&received).contains("'host' header"), "{received}");
            assert!(received.contains("connection: close"), "{received}");
        }
    }
    for hosts in ["", "Host: h\r\n"] {
        let received = ask(&format!("GET /healthz HTTP/1.0\r\n{hosts}\r\n"));
        assert_eq!(status(&received), 200, "{received}");
    }
    let two = ask("GET /healthz HTTP/1.0\r\nHost: h\r\nHost: g\r\n\r\n");
    assert_eq!(status(&two), 400);
}

#[test]
fn pages_health_and_errors_have_their_statuses_and_headers() {
    let table = [
        (
            "GET",
            "/healthz",
            200,
            "content-type: text/plain; charset=utf-8",
        ),
        ("GET", "/healthz", 200, "cache-control: no-store"),
        ("POST", "/healthz", 405, "allow: GET, HEAD"),
        ("GET", "/", 200, "content-type: text/html; charset=utf-8"),
        ("GET", "/?room=secret", 200, "cache-control: no-cache"),
        (
            "GET",
            "/socket.js",
            200,
            "content-type: text/javascript; charset=utf-8",
        ),
        ("POST", "/", 405, "allow: GET, HEAD"),
        ("GET", "/nothing", 404, "x-content-type-options: nosniff"),
        (
            "GET",
            "/socket",
            404,
            "content-type: text/plain; charset=utf-8",
        ),
        ("GET", "/socket/longpoll", 404, ""),
        ("OPTIONS", "*", 404, ""),
    ];
    for (method, path, code, header) in table {
        let response = ask(&format!(
            "{method} {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
        ));
        assert_eq!(status(&response), code, "{method} {path}");
        assert!(response.contains(header), "{header} in {response}");
    }
    assert_eq!(
        body(&ask(
            "GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
        )),
        "ok\n"
    );
}

#[test]
fn server_without_static_files_has_only_sockets_and_health() {
    let app = || HttpApp::new(router().static_files(false));
    let ask = |path: &str| {
        let request = format!("GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        status(&converse(app(), vec![request.into()]).received)
    };
    assert_eq!(
        (ask("/"), ask("/socket.js"), ask("/healthz")),
        (404, 404, 200)
    );
}

#[test]
fn head_tells_the_length_and_sends_no_body() {
    for path in ["/", "/healthz"] {
        let get = ask(&format!(
            "GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
        ));
        let head = ask(&format!(
            "HEAD {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
        ));
        let length = format!("\r\ncontent-length: {}\r\n", body(&get).len());
        assert!(get.contains(&length) && head.contains(&length), "{head}");
        assert_eq!((status(&head), body(&head)), (200, ""));
    }
}

#[test]
fn page_that_is_known_is_not_sent_again() {
    let page = ask("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    let etag = page
        .lines()
        .find_map(|line| line.strip_prefix("etag: "))
        .unwrap();
    let again =
        format!("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nIf-None-Match: {etag}\r\n\r\n");
    let again = ask(&again);
    assert_eq!((status(&again), body(&again)), (304, ""));
    assert!(
        !again.contains("content-length") && again.contains(etag),
        "{again}"
    );
}

#[test]
fn request_with_a_body_is_answered_and_ends_the_connection() {
    let mut sent = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n".to_vec();
    sent.extend([b'x'; 100_000]);
    let response = converse(HttpApp::new(router()), vec![sent]).received;
    assert_eq!(status(&response), 405);
    assert!(response.contains("connection: close"), "{response}");
    let upgrade =
        format!("GET /socket/websocket?user=1 HTTP/1.1\r\n{UPGRADE}Content-Length: 5\r\n\r\nhello");
    let response = ask(&upgrade);
    assert_eq!(
        (status(&response), body(&response)),
        (400, "an upgrade request must have no body\n")
    );
}
