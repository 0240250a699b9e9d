//! The check of the `Origin` header on the wire: protocol.md §1.4.
//!
//! The tests of `src/channel/origin.rs` have the rules of each policy, case by case.
//!
//! The numbers behind B are those of the table in `mod.rs`.

use std::net::SocketAddr;

use lobbyd::server::Running;
use lobbyd::{CheckOrigin, Router, UserSocket};
use testkit::serve;

use crate::phoenix::fixture::status;

fn server(policies: impl IntoIterator<Item = (&'static str, CheckOrigin)>) -> Running {
    let router = policies
        .into_iter()
        .fold(Router::new(), |router, (path, policy)| {
            router.socket(path, UserSocket::new().check_origin(policy))
        });
    serve(router)
}

fn list(entries: &[&str]) -> CheckOrigin {
    CheckOrigin::list(entries).expect("entries of a list")
}

/// Returns the status of an upgrade at `mount` with this `host` and `origin`.
fn ask(server: &Running, mount: &str, host: &str, origin: &str) -> u16 {
    let target = format!("{mount}/websocket?vsn=2.0.0");
    status(
        server.local_addr(),
        &target,
        host,
        &format!("Origin: {origin}\r\n"),
    )
}

#[track_caller]
fn check(policy: CheckOrigin, host: &str, allowed: &[&str], refused: &[&str]) {
    let server = server([("/socket", policy)]);
    for origin in allowed {
        assert_eq!(ask(&server, "/socket", host, origin), 101, "{origin}");
    }
    for origin in refused {
        assert_eq!(ask(&server, "/socket", host, origin), 403, "{origin}");
    }
}

/// B 20, 77 and §1.4: an entry has a host only, a scheme with its default port, or a port.
#[test]
fn list_admits_what_its_entries_name() {
    let policy = list(&[
        "//any.com",
        "http://plain.com",
        "//port.com:81",
        "https://both.com:8443",
    ]);
    check(
        policy,
        "localhost",
        &[
            "http://any.com",
            "https://any.com:99",
            "http://plain.com",
            "http://plain.com:80",
            "http://port.com:81",
            "https://port.com:81",
            "https://both.com:8443",
            "http://ANY.com",
        ],
        &[
            "http://other.com",
            "https://plain.com",
            "http://plain.com:81",
            "http://port.com",
            "https://both.com",
            "http://both.com:8443",
        ],
    );
}

/// B 68: no check at all, even of a text that is no origin.
#[test]
fn check_that_is_off_lets_everything_in() {
    let all = ["http://other.com", "file://", "null", "", "%%"];
    check(CheckOrigin::off(), "localhost", &all, &[]);
}

/// B 69, 70: only the configured host counts, with any scheme and port.
#[test]
fn configured_host_is_compared_alone() {
    check(
        CheckOrigin::host("example.com"),
        "elsewhere",
        &[
            "http://example.com",
            "https://example.com:99",
            "http://Example.com",
        ],
        &["http://www.example.com", "http://elsewhere"],
    );
}

/// B 71, 72, 73: wildcards end at dots and match the bare domain too. An entry without a wildcard
/// matches no sub-domain.
#[test]
fn wildcards_admit_subdomains_at_a_dot_only() {
    check(
        list(&["https://*.ex.com", "//*.foo.example.com", "//plain.org"]),
        "localhost",
        &[
            "https://org1.ex.com",
            "https://a.b.ex.com",
            "https://ex.com",
            "http://bar.foo.example.com",
            "http://foo.example.com",
            "http://plain.org",
        ],
        &[
            "http://org1.ex.com",
            "https://org1.prefix-ex.com",
            "https://ex.com.evil.org",
            "http://bar.example.com",
            "http://xfoo.example.com",
            "http://sub.plain.org",
        ],
    );
}

/// B 74 and §1.4: every policy that compares hosts refuses an origin without a host.
#[test]
fn origins_without_a_host_are_refused() {
    let none = ["file://", "null", "", "//", "http://"];
    for policy in [
        CheckOrigin::own_host(),
        CheckOrigin::conn(),
        CheckOrigin::host("localhost"),
        list(&["//localhost"]),
    ] {
        check(policy, "localhost", &[], &none);
    }
}

/// B 75: a function decides alone, even about origins without a host.
#[test]
fn function_decides_alone() {
    let only_files = CheckOrigin::custom(|origin| origin.host().is_none());
    check(
        only_files,
        "localhost",
        &["file://", "null"],
        &["http://localhost"],
    );
}

/// B 76: scheme, host and port of the request are compared. The scheme is never ws or wss.
#[test]
fn conn_compares_the_whole_origin_with_the_request() {
    check(
        CheckOrigin::conn(),
        "example.com:4000",
        &["http://example.com:4000"],
        &[
            "https://example.com:4000",
            "http://example.com",
            "http://other.com:4000",
            "ws://example.com:4000",
            "wss://example.com:4000",
        ],
    );
    check(
        CheckOrigin::conn(),
        "example.com",
        &["http://example.com"],
        &["http://example.com:81"],
    );
}

/// The default, which is lobbyd's own: the request's host and port.
#[test]
fn page_of_the_same_host_is_let_in_by_default() {
    check(
        CheckOrigin::default(),
        "example.com:4000",
        &["http://example.com:4000", "https://example.com:4000"],
        &[
            "http://example.com",
            "http://example.org:4000",
            "http://sub.example.com:4000",
        ],
    );
}

/// §1.4: many proxies pass the host on without its port, and hosts have no case.
#[test]
fn page_of_the_same_host_is_let_in_where_the_port_is_dropped() {
    check(
        CheckOrigin::default(),
        "Chat.Example",
        &[
            "http://chat.example:8080",
            "https://chat.example",
            "https://CHAT.example:8443",
        ],
        &["http://chat.example.evil.org", "http://evil.org:80"],
    );
}

/// B 78: each mount has its own policy.
#[test]
fn mounts_do_not_share_their_policy() {
    let server = server([("/a", list(&["//a.com"])), ("/b", list(&["//b.com"]))]);
    for _ in 0..2 {
        assert_eq!(ask(&server, "/a", "h", "http://a.com"), 101);
        assert_eq!(ask(&server, "/a", "h", "http://b.com"), 403);
        assert_eq!(ask(&server, "/b", "h", "http://a.com"), 403);
        assert_eq!(ask(&server, "/b", "h", "http://b.com"), 101);
    }
}

/// §1.4: a request without the header passes. One with two is no browser's.
#[test]
fn origin_on_two_lines_is_refused_and_none_at_all_passes() {
    let server = server([("/socket", list(&["//good.com"]))]);
    let address: SocketAddr = server.local_addr();
    let ask = |headers: &str| status(address, "/socket/websocket", "h", headers);
    assert_eq!(ask(""), 101);
    assert_eq!(
        ask("Origin: http://good.com\r\nOrigin: http://bad.com\r\n"),
        403
    );
    assert_eq!(
        ask("Origin: http://bad.com\r\nOrigin: http://good.com\r\n"),
        403
    );
}
