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
fn trusted_proxy_without_the_header_of_version_2_is_closed_and_counted() {
    let server = behind(&["127.0.0.0/8"], true);
    let target = claim("127.0.0.1", "127.0.0.1");
    let v1 = b"PROXY TCP4 192.0.2.1 127.0.0.1 5000 80\r\n";
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
