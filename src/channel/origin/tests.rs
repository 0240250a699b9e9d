//! Tables of origins and policies: transport_test.exs of Phoenix, and lobbyd's own default.

use super::*;

/// Asserts that all of `allowed` and none of `refused` pass `policy` on a request to `Host: host`.
fn check(policy: &CheckOrigin, host: &str, allowed: &[&str], refused: &[&str]) {
    let request = RequestHost::parse(host);
    for (origins, expected) in [(allowed, true), (refused, false)] {
        for origin in origins {
            let answer = policy.allows([origin.as_bytes()], request);
            assert_eq!(answer, expected, "{origin:?} at {host:?} under {policy:?}");
        }
    }
    assert!(policy.allows([], request), "no Origin passes {policy:?}");
}

const HOSTLESS: [&str; 4] = ["file://", "null", "", "//"];

#[test]
fn check_that_is_off_allows_everything() {
    check(
        &CheckOrigin::off(),
        "h",
        &["http://any", "file://", "null", ""],
        &[],
    );
}

#[test]
fn default_origin_is_the_requests_own_host_and_port() {
    let policy = CheckOrigin::default();
    let local = ["http://localhost:4000", "https://localhost:4000"];
    let others = [
        "http://localhost",
        "http://localhost:4001",
        "http://127.0.0.1:4000",
    ];
    check(&policy, "localhost:4000", &local, &others);
    let of_other_hosts = ["http://sub.ex.com", "https://evil-ex.com", "http://ex.co"];
    let any_port = ["http://ex.com", "https://ex.com", "http://ex.com:8080"];
    check(&policy, "ex.com", &any_port, &of_other_hosts);
    check(
        &policy,
        "EX.com.",
        &["https://ex.com."],
        &["https://ex.com"],
    );
    check(
        &policy,
        "ex.com:443",
        &["https://ex.com"],
        &["http://ex.com"],
    );
    check(
        &policy,
        "[::1]:4000",
        &["http://[::1]:4000"],
        &["http://[::1]"],
    );
    check(&policy, "h", &[], &HOSTLESS);
    check(
        &policy,
        "h",
        &["http://h/path?q#f"],
        &["http://h:x", "http://h:99999", "http://g"],
    );
    check(&policy, "", &[], &["http://h", "http://"]);
    check(&policy, "h:x", &[], &["http://h", "http://h:80"]);
    check(&policy, "h g", &[], &["http://h", "http://h g"]);
}

#[test]
fn hosts_have_no_case_and_addresses_many_spellings_under_every_policy() {
    let origins = ["http://Chat.Example", "HTTP://chat.EXAMPLE"];
    let policies = [
        CheckOrigin::own_host(),
        CheckOrigin::conn(),
        CheckOrigin::host("CHAT.example"),
        CheckOrigin::list(["Http://chat.Example"]).unwrap(),
        CheckOrigin::list(["//*.EXAMPLE"]).unwrap(),
    ];
    for policy in policies {
        check(&policy, "cHat.example", &origins, &["http://chat.examples"]);
    }
    let long = [
        "http://[0:0:0:0:0:0:0:1]",
        "http://[::0001]",
        "http://[::1]",
    ];
    let policies = [
        CheckOrigin::own_host(),
        CheckOrigin::host("0:0::1"),
        CheckOrigin::list(["//[0::1]"]).unwrap(),
    ];
    for policy in policies {
        check(&policy, "[0:0:0:0::1]", &long, &["http://[::2]"]);
    }
}

#[test]
fn origins_on_two_lines_are_refused_by_every_policy_that_looks() {
    let request = RequestHost::parse("h");
    let two = || [&b"http://h"[..], b"http://h"];
    assert!(!CheckOrigin::own_host().allows(two(), request));
    assert!(!CheckOrigin::list(["//h"]).unwrap().allows(two(), request));
    assert!(!CheckOrigin::custom(|_| true).allows(two(), request));
    assert!(CheckOrigin::off().allows(two(), request));
}

#[test]
fn host_that_no_browser_can_send_cannot_be_configured() {
    for host in [
        "",
        "http://h",
        "h:80",
        "b\u{fc}cher.example",
        "a b",
        "127.1",
    ] {
        let configured = std::panic::catch_unwind(|| CheckOrigin::host(host));
        assert!(configured.is_err(), "{host:?}");
    }
}

#[test]
fn host_ignores_scheme_and_port() {
    let allowed = [
        "http://example.com",
        "https://example.com",
        "http://example.com:81",
    ];
    let refused = [
        "http://notallowed.com",
        "http://sub.example.com",
        "http://example.co",
    ];
    check(&CheckOrigin::host("example.com"), "h", &allowed, &refused);
    check(&CheckOrigin::host("example.com"), "h", &[], &HOSTLESS);
}

#[test]
fn wildcard_matches_at_a_dot_and_the_bare_domain() {
    let policy = CheckOrigin::list(["http://*.ex.com"]).unwrap();
    let allowed = [
        "http://org1.ex.com",
        "http://org2.ex.com",
        "http://ex.com",
        "http://a.b.ex.com",
    ];
    let refused = [
        "http://org1.prefix-ex.com",
        "http://bar.com",
        "http://ex.com.evil.com",
        "https://org1.ex.com",
        "http://org1.ex.com:81",
    ];
    check(&policy, "h", &allowed, &refused);
    let nested = CheckOrigin::list(["http://*.foo.example.com"]).unwrap();
    let allowed = ["http://org1.foo.example.com", "http://foo.example.com"];
    let refused = [
        "http://org1.bar.example.com",
        "http://org1.foo.example.com.evil.com",
        "http://evilfoo.example.com",
        "http://example.com",
    ];
    check(&nested, "h", &allowed, &refused);
    let plain = CheckOrigin::list(["http://ex.com"]).unwrap();
    check(&plain, "h", &["http://ex.com"], &["http://org1.ex.com"]);
}

#[test]
fn list_entry_checks_what_it_names() {
    let entries = ["//example.com", "http://scheme.com", "//port.com:81"];
    let policy = CheckOrigin::list(entries).unwrap();
    let allowed = [
        "http://example.com",
        "https://example.com",
        "http://example.com:4000",
        "http://scheme.com",
        "http://scheme.com:80",
        "http://port.com:81",
        "https://port.com:81",
    ];
    let refused = [
        "http://notallowed.com",
        "https://scheme.com",
        "http://scheme.com:8080",
        "http://port.com",
        "http://port.com:82",
    ];
    check(&policy, "h", &allowed, &refused);
    check(&policy, "h", &[], &HOSTLESS);
}

#[test]
fn conn_compares_scheme_host_and_port() {
    let policy = CheckOrigin::conn();
    let refused = [
        "https://ex.com",
        "http://ex.com:81",
        "ws://ex.com",
        "wss://ex.com",
        "http://a.com",
    ];
    check(
        &policy,
        "ex.com",
        &["http://ex.com", "http://ex.com:80"],
        &refused,
    );
    check(
        &policy,
        "ex.com:81",
        &["http://ex.com:81"],
        &["http://ex.com"],
    );
    check(&policy, "ex.com", &[], &HOSTLESS);
}

#[test]
fn function_decides_alone_even_without_a_host() {
    let yes = CheckOrigin::custom(|origin| origin.host().is_none());
    check(&yes, "h", &HOSTLESS, &["http://h"]);
    let by_text =
        CheckOrigin::custom(|origin| origin.as_str() == "null" && origin.port().is_none());
    check(&by_text, "h", &["null"], &["http://h"]);
}

#[test]
fn list_entry_without_meaning_is_reported_when_the_list_is_built() {
    let error = |entry: &str| CheckOrigin::list([entry]).unwrap_err();
    for entry in ["example.com", "example.com:80", "*.h", "localhost"] {
        assert_eq!(error(entry), OriginError::NoHost(entry.into()));
    }
    for entry in [
        "",
        "null",
        "file://",
        "//",
        "https://",
        "https:/h/",
        "a b",
        "//:80",
    ] {
        assert_eq!(error(entry), OriginError::Hostless(entry.into()));
    }
    for entry in ["http://h:x", "//h:0", "http://h:65536"] {
        assert_eq!(error(entry), OriginError::BadPort(entry.into()));
    }
    for entry in ["*", "//*", "//*.", "//a.*.com", "//*.*.com"] {
        assert_eq!(error(entry), OriginError::BadWildcard(entry.into()));
    }
    for entry in ["https://b\u{fc}cher.example", "//*.b\u{fc}cher.example"] {
        assert_eq!(error(entry), OriginError::NotAscii(entry.into()));
    }
    for entry in ["//a b", "//127.1", "//1.2.3.999", "//a%41", "//a<b>"] {
        assert_eq!(error(entry), OriginError::BadHost(entry.into()));
    }
    for entry in ["ws://h", "WSS://h:80"] {
        assert_eq!(error(entry), OriginError::SocketScheme(entry.into()));
    }
    for entry in [
        "//my_host",
        "//127.0.0.1",
        "app://h",
        "//1a",
        "//h.",
        "//xn--bcher-kva.h",
    ] {
        assert!(CheckOrigin::list([entry]).is_ok(), "{entry}");
    }
    assert!(error("example.com").to_string().contains("//example.com"));
    for entry in ["https://h/path", "//h:80/", "//h?q", "//h#f"] {
        match CheckOrigin::list([entry]) {
            Ok(_) => assert_eq!(entry, "//h:80/"),
            Err(error) => assert_eq!(error, OriginError::HasPath(entry.into())),
        }
    }
}
