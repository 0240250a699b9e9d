//! Proxies, and clients that pretend to be proxies.
//!
//! These clients send lies in `X-Forwarded-For`, and PROXY headers that are cut, wrong or missing.

use std::io::{Read, Write};

use lobbyd::server::{Limit, Proxies, Running, ServerLimits};
use testkit::{Client, eventually, open, uninterrupted, upgrade, upgrade_request};

use crate::fixture::{arena_behind, nothing_is_left};

fn behind(trusted: &[&str], proxy_protocol: bool) -> Running {
    let proxies = Proxies {
        trusted: trusted.iter().map(|net| net.parse().unwrap()).collect(),
        proxy_protocol,
    };
    let limits = ServerLimits::default()
        .with_max(Limit::ConnectionsPerAddress, 1)
        .with_max(Limit::HeadTime, 1_000);
    arena_behind(proxies, 1, limits)
}

fn claim(client: &str, peer: &str) -> String {
    format!("/claims/websocket?vsn=2.0.0&client={client}+at+{peer}")
}

/// Returns a PROXY header of version 2 with this command, for a client at `192.0.2.1`.
pub fn header(command: u8) -> Vec<u8> {
    let mut bytes = b"\r\n\r\n\0\r\nQUIT\n".to_vec();
    bytes.extend([0x20 | command, 0x11, 0, 12]);
    bytes.extend([192, 0, 2, 1, 127, 0, 0, 1, 0x13, 0x88, 0, 80]);
    bytes
}

/// Sends `first` in two pieces, then asks for an upgrade at `target`. Returns the start of the
/// answer.
fn announce(server: &Running, first: &[u8], cut: usize, target: &str) -> String {
    let mut stream = open(server.local_addr());
    let asked = upgrade_request(server.local_addr(), target, "");
    let whole = [first, asked.as_bytes()].concat();
    let (one, two) = whole.split_at(cut);
    stream.write_all(one).unwrap();
    // The pause is mostly long enough for the server to read the first piece alone.
    std::thread::sleep(std::time::Duration::from_millis(3));
    let _ = stream.write_all(two);
    let mut answer = [0; 32];
    let read = uninterrupted(|| stream.read(&mut answer)).unwrap_or(0);
    String::from_utf8_lossy(&answer[..read]).into_owned()
}

#[test]
fn client_that_lies_about_its_address_is_counted_as_who_it_is() {
    let server = behind(&["127.0.0.0/8"], false);
    let from = |line: &str, client: &str| {
        let header = format!("X-Forwarded-For: {line}\r\n");
        upgrade(server.local_addr(), &claim(client, "127.0.0.1"), &header)
    };
    // The proxy appends the address that it sees to any text that the client has sent.
    let kept =
        from("203.0.113.9, 192.0.2.1, 127.0.0.5", "192.0.2.1").expect("the right-most counts");
    let Err(again) = from("198.51.100.7, 192.0.2.1", "192.0.2.1") else {
        panic!("a second one of the same address was let in");
    };
    assert!(again.starts_with("HTTP/1.1 429 "), "{again}");
    let nonsense = from("192.0.2.1, nonsense", "127.0.0.1").expect("nonsense is not believed");
    drop((kept, nonsense));
    nothing_is_left(server);
}

#[test]
fn proxy_that_is_not_trusted_is_not_believed() {
    let server = behind(&["10.0.0.0/8"], false);
    let lie = "X-Forwarded-For: 192.0.2.1\r\n";
    let target = claim("127.0.0.1", "127.0.0.1");
    let client: Result<Client, String> = upgrade(server.local_addr(), &target, lie);
    assert!(client.is_ok());
    drop(client);
    nothing_is_left(server);
}

#[test]
fn proxy_header_is_understood_however_it_is_cut() {
    let server = behind(&["127.0.0.0/8"], true);
    let header_v2 = header(1);
    for cut in (0..=header_v2.len() + 5).step_by(3) {
        let target = claim("192.0.2.1", "192.0.2.1");
        eventually("the one before is gone", || {
            announce(&server, &header_v2, cut, &target).starts_with("HTTP/1.1 101 ")
        });
    }
    let own = announce(&server, &header(0), 7, &claim("127.0.0.1", "127.0.0.1"));
    assert!(own.starts_with("HTTP/1.1 101 "), "{own}");
    assert_eq!(server.endpoint().refusals().of("proxy_header"), 0);
    nothing_is_left(server);
}

#[test]
fn proxy_line_of_version_1_is_understood_however_it_is_cut() {
    let server = behind(&["127.0.0.0/8"], true);
    let line = b"PROXY TCP4 192.0.2.1 127.0.0.1 5000 80\r\n";
    for cut in (0..=line.len() + 5).step_by(3) {
        let target = claim("192.0.2.1", "192.0.2.1");
        eventually("the one before is gone", || {
            announce(&server, line, cut, &target).starts_with("HTTP/1.1 101 ")
        });
    }
    let ipv6 = b"PROXY TCP6 2001:db8::1 ::1 5000 80\r\n";
    let answer = announce(&server, ipv6, 20, &claim("2001:db8::1", "2001:db8::1"));
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    assert_eq!(server.endpoint().refusals().of("proxy_header"), 0);
    nothing_is_left(server);
}

/// A proxy that passes on a client of which it says no address has written nothing of what follows.
#[test]
fn client_of_no_address_is_not_believed_and_sees_no_metrics() {
    let server = behind(&["127.0.0.0/8"], true);
    let mut unspecified = header(1);
    unspecified[13] = 0;
    let unknown = b"PROXY UNKNOWN\r\n";
    for first in [&unspecified[..], unknown] {
        let ask = |head: &str| {
            let mut stream = open(server.local_addr());
            stream.write_all(first).unwrap();
            let rest = "Host: h\r\nConnection: close\r\n";
            let request = format!("GET {head} HTTP/1.1\r\n{rest}\r\n");
            stream.write_all(request.as_bytes()).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer
        };
        let metrics = ask("/metrics");
        assert!(metrics.starts_with("HTTP/1.1 404 "), "{metrics}");
        let target = claim("127.0.0.1", "127.0.0.1");
        let lie = upgrade_request(
            server.local_addr(),
            &target,
            "X-Forwarded-For: 192.0.2.1\r\n",
        );
        let mut stream = open(server.local_addr());
        stream.write_all(&[first, lie.as_bytes()].concat()).unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"HTTP/1.1 101", "the proxy's own address is shown");
    }
    nothing_is_left(server);
}

/// A proxy that says the host which it was asked for is believed if it is trusted.
#[test]
fn host_that_a_proxy_forwards_counts_from_a_trusted_proxy_alone() {
    let lines = "Host: inner:9000\r\nX-Forwarded-Host: chat.example\r\n\
        Origin: https://chat.example\r\n";
    for (trusted, status) in [("127.0.0.0/8", "101"), ("10.0.0.0/8", "403")] {
        let server = behind(&[trusted], false);
        let address = server.local_addr();
        let whole = upgrade_request(address, "/socket/websocket?vsn=2.0.0", "");
        let asked = whole.replace(&format!("Host: {address}\r\n"), lines);
        let mut stream = open(address);
        stream.write_all(asked.as_bytes()).unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).unwrap();
        let expected = format!("HTTP/1.1 {status}");
        assert_eq!(String::from_utf8_lossy(&answer), expected, "{trusted}");
        drop(stream);
        nothing_is_left(server);
    }
}

#[test]
fn trusted_proxy_without_a_proxy_header_is_closed_and_counted() {
    let server = behind(&["127.0.0.0/8"], true);
    let target = claim("127.0.0.1", "127.0.0.1");
    let v1 = b"PROXY TCP4 192.0.2.1 127.0.0.1 5000 65536\r\n";
    let mut broken = header(1);
    broken[12] = 0x31;
    let too_long = [&header(1)[..14], &[0xff, 0xff]].concat();
    let wrong: [&[u8]; 4] = [b"", v1, &broken, &too_long];
    for first in wrong {
        assert_eq!(announce(&server, first, 0, &target), "", "{first:?}");
    }
    // A header that stops in the middle has as much time as a request head.
    let mut slow = open(server.local_addr());
    slow.write_all(&header(1)[..20]).unwrap();
    assert_eq!(uninterrupted(|| slow.read(&mut [0; 16])).unwrap(), 0);
    assert_eq!(server.endpoint().refusals().of("proxy_header"), 5);
    nothing_is_left(server);
}

#[test]
fn proxy_header_from_elsewhere_is_a_bad_request() {
    let server = behind(&["10.0.0.0/8"], true);
    let answer = announce(&server, &header(1), 0, &claim("192.0.2.1", "192.0.2.1"));
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    nothing_is_left(server);
}
