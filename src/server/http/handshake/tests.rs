//! The order of the handshake's checks, and the answers of an app.
//!
//! One request fails all checks, and is mended step by step.

use hyper::Request;

use super::*;
use crate::channel::QueryError;
use crate::channel::{CheckOrigin, Connect, Router};
use crate::server::admission::refusal::NotAnUpgrade;
use crate::server::limits::values::ServerLimits;
use hyper::StatusCode;

/// Decides about a request made of `method`, `target` and `headers`. Returns the accepted socket
/// and the 101, or the refusal.
fn ask(
    socket: UserSocket,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
) -> Result<(Accepted, UpgradeAnswer), Refusal> {
    let router = Router::new().socket("/socket", socket);
    let mut request = Request::builder().method(method).uri(target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (head, ()) = request.body(()).unwrap().into_parts();
    let uri = head.uri.clone();
    let mount = router.find(uri.path()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let peer: SocketAddr = "127.0.0.1:9".parse().unwrap();
    let client = peer.ip();
    let from = RequestAddresses { peer, client };
    let admission = Admission::new(1, &ServerLimits::default());
    let app_timeout = Duration::from_millis(50);
    runtime.block_on(handshake(&mount, head, from, &admission, app_timeout))
}

const UPGRADE: [(&str, &str); 5] = [
    ("host", "h"),
    ("connection", "Upgrade"),
    ("upgrade", "websocket"),
    ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("sec-websocket-version", "13"),
];

fn upgrade(socket: UserSocket, query: &str) -> Result<(Accepted, UpgradeAnswer), Refusal> {
    ask(
        socket,
        "GET",
        &format!("/socket/websocket?{query}"),
        &UPGRADE,
    )
}

#[test]
fn handshake_checks_come_in_phoenix_order() {
    let strict = || {
        UserSocket::new()
            .check_origin(CheckOrigin::host("good"))
            .auth_token(true)
            .connect(|params, _| match params.get("user") {
                Some(_) => Connect::ok(),
                None => Connect::refuse_with(StatusCode::TOO_MANY_REQUESTS),
            })
    };
    let bad_origin = ("origin", "http://bad");
    let good_origin = ("origin", "http://good");
    let bad_token = ("sec-websocket-protocol", "mqtt, base64url.bearer.phx.!");
    let no_common = ("sec-websocket-protocol", "mqtt, base64url.bearer.phx.YQ");
    let phoenix = ("sec-websocket-protocol", "phoenix, base64url.bearer.phx.YQ");
    let plain = NotAnUpgrade::Host;
    let app = Refusal::App(StatusCode::TOO_MANY_REQUESTS);
    let table = [
        (
            "POST",
            "vsn=9&a=%ff",
            [bad_origin, bad_token],
            Refusal::Method,
            400,
        ),
        (
            "HEAD",
            "vsn=9&a=%ff",
            [bad_origin, bad_token],
            Refusal::Method,
            400,
        ),
        (
            "GET",
            "vsn=9&a=%ff",
            [bad_origin, bad_token],
            Refusal::Query(QueryError::NotUtf8),
            400,
        ),
        (
            "GET",
            "vsn=9",
            [bad_origin, bad_token],
            Refusal::Origin,
            403,
        ),
        (
            "GET",
            "vsn=9",
            [good_origin, bad_token],
            Refusal::AuthToken,
            400,
        ),
        (
            "GET",
            "vsn=9",
            [good_origin, no_common],
            Refusal::Subprotocol,
            403,
        ),
        (
            "GET",
            "vsn=9",
            [good_origin, phoenix],
            Refusal::Version,
            403,
        ),
        ("GET", "vsn=2.0.0", [good_origin, phoenix], app, 429),
        (
            "GET",
            "vsn=2.0.0&user=1",
            [good_origin, phoenix],
            Refusal::Request(plain),
            400,
        ),
    ];
    for (method, query, headers, expected, status) in table {
        let target = format!("/socket/websocket?{query}");
        let refusal = ask(strict(), method, &target, &headers)
            .map(drop)
            .unwrap_err();
        assert_eq!(
            (refusal, refusal.status().as_u16()),
            (expected, status),
            "{method} {query}"
        );
    }
    let mut headers = UPGRADE.to_vec();
    headers.extend([good_origin, phoenix]);
    let (accepted, answer) = ask(
        strict(),
        "GET",
        "/socket/websocket/?vsn=2.0.0&user=1",
        &headers,
    )
    .unwrap();
    assert_eq!(accepted.version, Version::V2);
    assert_eq!(answer.subprotocol.unwrap(), "phoenix");
}

#[test]
fn vsn_chooses_the_version_or_is_refused() {
    let table = [
        ("", Some(Version::V1)),
        ("vsn=1.0.0", Some(Version::V1)),
        ("vsn=2.0.0", Some(Version::V2)),
        ("vsn=9&vsn=2.0.0", Some(Version::V2)),
        ("vsn=", None),
        ("vsn", None),
        ("vsn=2", None),
        ("vsn[]=2.0.0", None),
        ("vsn[a]=2.0.0", None),
        ("vsn=123.1.1", None),
    ];
    for (query, expected) in table {
        let answer = upgrade(UserSocket::new(), query);
        let version = answer.map(|(accepted, _)| accepted.version);
        assert_eq!(version, expected.ok_or(Refusal::Version), "{query}");
    }
}

#[test]
fn callback_sees_params_and_info_and_gives_id_and_assigns() {
    let socket = UserSocket::new()
        .auth_token(true)
        .connect_info("zone", "eu")
        .connect(|params, info| {
            let token = info.auth_token().unwrap_or("none").to_owned();
            assert_eq!(
                info.sec_websocket_headers().count(),
                2,
                "the token is taken out"
            );
            assert_eq!(info.custom("zone"), Some("eu"));
            Connect::accept()
                .id(format!("users:{}", params.get("user").unwrap()))
                .assign(token)
                .into()
        });
    let mut headers = UPGRADE.to_vec();
    headers.push(("sec-websocket-protocol", "base64url.bearer.phx.c2VjcmV0MQ"));
    let (accepted, answer) = ask(
        socket,
        "GET",
        "/socket/websocket?user=7&vsn=2.0.0",
        &headers,
    )
    .unwrap();
    assert_eq!(accepted.socket_id.as_deref(), Some("users:7"));
    assert_eq!(
        accepted.assigns.get::<String>().map(String::as_str),
        Some("secret1")
    );
    assert_eq!(answer.subprotocol, None);
}

#[test]
fn answer_may_come_later() {
    let socket = UserSocket::new().connect(|params, _| {
        let known = params.get("user") == Some("ann");
        Connect::later(tokio::time::sleep(Duration::from_millis(1)), move |()| {
            Connect::later(async move { known }, |known| match known {
                true => Connect::accept().id("users:ann").into(),
                false => Connect::refuse(),
            })
        })
    });
    let (accepted, _) = upgrade(socket, "user=ann").unwrap();
    assert_eq!(accepted.socket_id.as_deref(), Some("users:ann"));
    let refusing =
        UserSocket::new().connect(|_, _| Connect::later(async {}, |()| Connect::refuse()));
    assert_eq!(
        upgrade(refusing, "").map(drop),
        Err(Refusal::App(StatusCode::FORBIDDEN))
    );
}

#[test]
fn callback_that_panics_or_never_answers_costs_only_its_own_client() {
    let at_once = UserSocket::new().connect(|_, _| panic!("expected in this test"));
    assert_eq!(upgrade(at_once, "").map(drop), Err(Refusal::AppPanicked));
    let later = || {
        Connect::later(async { panic!("expected in this test") }, |()| {
            Connect::ok()
        })
    };
    let later = UserSocket::new().connect(move |_, _| later());
    assert_eq!(upgrade(later, "").map(drop), Err(Refusal::AppPanicked));
    let then = || Connect::later(async {}, |()| panic!("expected in this test"));
    let then = UserSocket::new().connect(move |_, _| then());
    assert_eq!(upgrade(then, "").map(drop), Err(Refusal::AppPanicked));
    let never = || Connect::later(std::future::pending::<()>(), |()| Connect::ok());
    let never = UserSocket::new().connect(move |_, _| never());
    assert_eq!(upgrade(never, "").map(drop), Err(Refusal::AppTooSlow));
    assert_eq!(Refusal::AppPanicked.status(), 500);
    assert_eq!(Refusal::AppTooSlow.status(), 503);
}
