//! Proxies from a file: only these are trusted, and clients are counted and logged behind them.

use std::io::{Read, Write};
use std::net::SocketAddr;

use testkit::process::metric;
use testkit::{open, upgrade, upgrade_request};

use crate::config::admin_listener::admin_of;
use crate::config::fixture::Folder;

const TARGET: &str = "/socket/websocket?vsn=2.0.0";

const FILE: &str = "[server]\ntrusted_proxies = [\"127.0.0.0/8\"]\n[log]\nlevel = \"debug\"\n\
    [limits]\nconnections_per_address.max = 1\n";

#[test]
fn clients_are_who_x_forwarded_for_of_a_trusted_proxy_says() {
    let folder = Folder::of("proxies_forwarded").with(FILE);
    let served = folder.serve(&[]);
    let from = |line: &str| {
        let header = format!("X-Forwarded-For: {line}\r\n");
        upgrade(served.address(), TARGET, &header)
    };
    let kept = from("203.0.113.9, 192.0.2.1").expect("the first of its address");
    served.logs(&["connected", "client=192.0.2.1", "peer=127.0.0.1:"]);
    let Err(answer) = from("198.51.100.1, 192.0.2.1") else {
        panic!("the second of one address was let in");
    };
    assert!(answer.starts_with("HTTP/1.1 429 "), "{answer}");
    assert!(answer.to_lowercase().contains("retry-after:"), "{answer}");
    assert!(from("192.0.2.2").is_ok());
    served.shows("lobbyd_refusals_total{reason=\"address\"}", 1);
    drop(kept);
}

#[test]
fn proxy_that_is_not_named_in_the_file_is_not_believed() {
    let file = FILE.replace("127.0.0.0/8", "10.0.0.0/8");
    let folder = Folder::of("proxies_others").with(&file);
    let served = folder.serve(&[]);
    let lie = || upgrade(served.address(), TARGET, "X-Forwarded-For: 192.0.2.1\r\n");
    let both = [lie(), lie()];
    assert!(both.iter().all(Result::is_ok));
    served.logs(&["connected", "client=127.0.0.1", "peer=127.0.0.1:"]);
    assert!(!served.log().contains("192.0.2.1"), "{}", served.log());
}

/// Returns the first bytes of the answer to an upgrade that follows a PROXY header of `client`.
fn announced(address: SocketAddr, client: [u8; 4]) -> (std::net::TcpStream, String) {
    let mut bytes = b"\r\n\r\n\0\r\nQUIT\n".to_vec();
    bytes.extend([0x21, 0x11, 0, 12]);
    bytes.extend(client);
    bytes.extend([127, 0, 0, 1, 0x13, 0x88, 0, 80]);
    bytes.extend(upgrade_request(address, TARGET, "").as_bytes());
    let mut stream = open(address);
    stream.write_all(&bytes).unwrap();
    let mut answer = [0; 12];
    let read = stream.read(&mut answer).unwrap();
    (
        stream,
        String::from_utf8_lossy(&answer[..read]).into_owned(),
    )
}

#[test]
fn clients_are_who_the_proxy_header_says_where_the_file_asks_for_one() {
    let file = FILE.replace(
        "[log]",
        "proxy_protocol = true\nadmin_listen = \"127.0.0.1:0\"\n[log]",
    );
    let folder = Folder::of("proxies_header").with(&file);
    let served = folder.serve(&[]);
    let (kept, answer) = announced(served.address(), [192, 0, 2, 1]);
    assert_eq!(answer, "HTTP/1.1 101");
    served.logs(&["connected", "client=192.0.2.1", "peer=192.0.2.1:5000"]);
    let (_, answer) = announced(served.address(), [192, 0, 2, 1]);
    assert_eq!(answer, "HTTP/1.1 429");
    let (_, answer) = announced(served.address(), [192, 0, 2, 2]);
    assert_eq!(answer, "HTTP/1.1 101");
    // Without the header no client is let in.
    let mut stream = open(served.address());
    stream
        .write_all(upgrade_request(served.address(), TARGET, "").as_bytes())
        .unwrap();
    assert_eq!(stream.read(&mut [0; 16]).unwrap_or(0), 0);
    served.logs(&["a trusted proxy sent no PROXY header", "peer=127.0.0.1:"]);
    let admin = admin_of(&served);
    let refused = |reason: &str| {
        metric(
            admin,
            &format!("lobbyd_refusals_total{{reason=\"{reason}\"}}"),
        )
    };
    assert_eq!([refused("proxy_header"), refused("address")], [1, 1]);
    drop(kept);
}
