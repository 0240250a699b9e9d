//! The PROXY header, version 1 or 2, which a trusted proxy sends before all else (haproxy.org).
//!
//! The header is read to its last byte and no further, because the bytes behind it are HTTP
//! (proxy-protocol.txt).

use std::io;
use std::net::SocketAddr;

use ppp::{v1, v2};
use tokio::net::TcpStream;

/// Bytes that every header of version 2 begins with: the prefix, version and command, family, and
/// the length of the rest.
const MINIMUM_LENGTH: usize = 16;

/// Longest header of version 2 taken, in bytes. Addresses have 216 bytes at most; other fields of
/// proxies (names, an id, facts of TLS) have some hundreds.
const HEADER_BYTES_MAX: usize = 2048;

/// The beginning of each header of version 1.
const PREFIX_V1: &[u8] = b"PROXY ";

/// The shortest header, `PROXY UNKNOWN` and the end of its line.
const SHORTEST: usize = 15;

/// The longest header of version 1, by its specification.
const HEADER_V1_BYTES_MAX: usize = 107;

/// The result of parsing the first bytes of a PROXY header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyHeader {
    /// At least this number of further bytes belongs to the header, and is needed to go on.
    Needs(usize),
    /// The header is whole.
    Whole(Announced),
    /// The bytes begin no such header, or one that is too long.
    Invalid,
}

/// What a PROXY header says of its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Announced {
    /// The proxy passes on the connection of this client.
    Client(SocketAddr),
    /// The proxy speaks for itself (`LOCAL`), as a health check does.
    Itself,
    /// The proxy passes on a connection, and says no IP address of its client. So nothing in it is
    /// the proxy's word.
    Nobody,
}

impl ProxyHeader {
    /// Parses a header's first `bytes`. The caller reads no more bytes than
    /// [`Needs`](ProxyHeader::Needs) asks for.
    pub fn parse(bytes: &[u8]) -> ProxyHeader {
        let begins = |prefix: &[u8]| {
            let known = bytes.len().min(prefix.len());
            bytes[..known] == prefix[..known]
        };
        match () {
            () if bytes.is_empty() => ProxyHeader::Needs(SHORTEST),
            () if begins(PREFIX_V1) => parse_v1(bytes),
            () if begins(v2::PROTOCOL_PREFIX) => parse_v2(bytes),
            () => ProxyHeader::Invalid,
        }
    }
}

fn parse_v1(bytes: &[u8]) -> ProxyHeader {
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
        return match bytes {
            _ if bytes.len() >= HEADER_V1_BYTES_MAX => ProxyHeader::Invalid,
            _ if bytes.len() < SHORTEST => ProxyHeader::Needs(SHORTEST - bytes.len()),
            [.., b'\r'] => ProxyHeader::Needs(1),
            _ => ProxyHeader::Needs(2.min(HEADER_V1_BYTES_MAX - bytes.len())),
        };
    };
    let line = match bytes[..end].strip_suffix(b"\r") {
        Some(line) if end + 1 == bytes.len() => line,
        _ => return ProxyHeader::Invalid,
    };
    let unknown = line.strip_prefix(b"PROXY UNKNOWN");
    // What follows UNKNOWN is to be ignored.
    if unknown.is_some_and(|rest| rest.is_empty() || rest.starts_with(b" ")) {
        return ProxyHeader::Whole(Announced::Nobody);
    }
    let client = v1::Header::try_from(bytes).map(|header| match header.addresses {
        v1::Addresses::Tcp4(ip) => Some((ip.source_address, ip.source_port).into()),
        v1::Addresses::Tcp6(ip) => Some((ip.source_address, ip.source_port).into()),
        v1::Addresses::Unknown => None,
    });
    match client {
        Ok(Some(client)) => ProxyHeader::Whole(Announced::Client(client)),
        _ => ProxyHeader::Invalid,
    }
}

fn parse_v2(bytes: &[u8]) -> ProxyHeader {
    let Some([high, low]) = bytes.get(MINIMUM_LENGTH - 2..MINIMUM_LENGTH) else {
        return ProxyHeader::Needs(MINIMUM_LENGTH - bytes.len());
    };
    let whole = MINIMUM_LENGTH + usize::from(u16::from_be_bytes([*high, *low]));
    if whole > HEADER_BYTES_MAX {
        return ProxyHeader::Invalid;
    }
    if bytes.len() < whole {
        return ProxyHeader::Needs(whole - bytes.len());
    }
    match v2::Header::try_from(bytes) {
        Ok(header) => ProxyHeader::Whole(announced(&header)),
        Err(_) => ProxyHeader::Invalid,
    }
}

fn announced(header: &v2::Header<'_>) -> Announced {
    match (header.command, header.addresses) {
        (v2::Command::Local, _) => Announced::Itself,
        (v2::Command::Proxy, v2::Addresses::IPv4(ip)) => {
            Announced::Client((ip.source_address, ip.source_port).into())
        }
        (v2::Command::Proxy, v2::Addresses::IPv6(ip)) => {
            Announced::Client((ip.source_address, ip.source_port).into())
        }
        // A Unix socket, or a protocol that the proxy does not know.
        (v2::Command::Proxy, _) => Announced::Nobody,
    }
}

/// Reads the header from `stream` into `bytes`, which is empty. An error if there is no header:
/// `bytes` has what came in its place. The caller limits the time.
pub(crate) async fn read(stream: &TcpStream, bytes: &mut Vec<u8>) -> io::Result<Announced> {
    loop {
        let needed = match ProxyHeader::parse(bytes) {
            ProxyHeader::Needs(_) if bytes.starts_with(PREFIX_V1) => rest_of_line(stream).await?,
            ProxyHeader::Needs(needed) => needed,
            ProxyHeader::Whole(announced) => return Ok(announced),
            ProxyHeader::Invalid => return Err(io::ErrorKind::InvalidData.into()),
        };
        stream.readable().await?;
        let known = bytes.len();
        bytes.resize(known + needed, 0);
        let read = stream.try_read(&mut bytes[known..]);
        // Whatever became of the read: what did not come is not to be shown as what came.
        bytes.truncate(known + *read.as_ref().unwrap_or(&0));
        match read {
            Ok(0) => return Err(io::Error::other("the connection ended")),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

/// Returns how many of the bytes that have come belong to the line of a header of version 1. The
/// line says its length nowhere, and two bytes at a time would take 50 reads.
async fn rest_of_line(stream: &TcpStream) -> io::Result<usize> {
    let mut coming = [0; HEADER_V1_BYTES_MAX];
    let peeked = stream.peek(&mut coming).await?;
    let line = coming[..peeked].iter().position(|byte| *byte == b'\n');
    // 1 where the peer has ended its side: the read then finds the end.
    Ok(line.map_or(peeked, |end| end + 1).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::time::Duration;

    use socket2::SockRef;

    /// Makes a header with this command and family, and with `rest` behind its length.
    fn header(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let mut bytes = v2::PROTOCOL_PREFIX.to_vec();
        bytes.extend([0x20 | command, family]);
        bytes.extend((rest.len() as u16).to_be_bytes());
        bytes.extend(rest);
        bytes
    }

    const V4: [u8; 12] = [192, 0, 2, 1, 10, 0, 0, 1, 0x13, 0x88, 0, 80];

    #[test]
    fn proxy_header_names_the_client_and_its_beginning_the_missing_bytes() {
        let with_more = [&V4[..], &[4, 0, 3, 0, 0, 0]].concat();
        for rest in [&V4[..], &with_more] {
            let bytes = header(1, 0x11, rest);
            assert_eq!(ProxyHeader::parse(&bytes), client("192.0.2.1:5000"));
            assert_eq!(ProxyHeader::parse(b""), ProxyHeader::Needs(15));
            for len in 1..bytes.len() {
                let whole = if len < 16 { 16 } else { bytes.len() };
                let needs = ProxyHeader::Needs(whole - len);
                assert_eq!(ProxyHeader::parse(&bytes[..len]), needs, "{len}");
            }
        }
    }

    fn client(address: &str) -> ProxyHeader {
        ProxyHeader::Whole(Announced::Client(address.parse().unwrap()))
    }

    #[test]
    fn line_of_version_1_names_the_client_and_never_asks_for_too_much() {
        let table = [
            (
                "PROXY TCP4 192.0.2.1 10.0.0.1 5000 80",
                client("192.0.2.1:5000"),
            ),
            (
                "PROXY TCP6 2001:db8::1 ::1 5000 80",
                client("[2001:db8::1]:5000"),
            ),
            ("PROXY UNKNOWN", ProxyHeader::Whole(Announced::Nobody)),
            (
                "PROXY UNKNOWN ffff:: ::1 1 2",
                ProxyHeader::Whole(Announced::Nobody),
            ),
        ];
        for (line, expected) in table {
            let bytes = format!("{line}\r\n").into_bytes();
            assert_eq!(ProxyHeader::parse(&bytes), expected, "{line}");
            for len in 0..bytes.len() {
                match ProxyHeader::parse(&bytes[..len]) {
                    ProxyHeader::Needs(needs) => assert!((1..=bytes.len() - len).contains(&needs)),
                    other => panic!("{line} cut at {len}: {other:?}"),
                }
            }
        }
    }

    /// Reads a header from the beginning of `stream`, so many bytes at a time. Returns it with its
    /// length.
    fn read_in_pieces(stream: &[u8], piece: usize) -> (ProxyHeader, usize) {
        let mut known = 0;
        loop {
            match ProxyHeader::parse(&stream[..known]) {
                ProxyHeader::Needs(needed) if known < stream.len() => {
                    known += needed.min(piece).min(stream.len() - known);
                }
                // The number of bytes that showed the error depends on the pieces.
                ProxyHeader::Invalid => return (ProxyHeader::Invalid, 0),
                ProxyHeader::Needs(_) => return (ProxyHeader::Needs(0), known),
                whole => return (whole, known),
            }
        }
    }

    #[test]
    fn line_of_version_1_is_the_same_in_pieces_whichever_byte_is_wrong() {
        for line in ["PROXY TCP4 192.0.2.1 10.0.0.1 5000 80", "PROXY UNKNOWN"] {
            let stream = format!("{line}\r\nGET / HTTP/1.1\r\n").into_bytes();
            for at in 0..stream.len() {
                for byte in *b"\r\n P0:x\0" {
                    let mut stream = stream.clone();
                    stream[at] = byte;
                    let whole = read_in_pieces(&stream, usize::MAX);
                    for piece in 1..4 {
                        assert_eq!(read_in_pieces(&stream, piece), whole, "{at} {byte}");
                    }
                }
            }
        }
    }

    #[test]
    fn proxy_that_passes_on_no_address_is_not_taken_for_the_client() {
        use Announced::{Itself, Nobody};
        let table = [
            (0, 0x11, 12, Itself),
            (0, 0, 0, Itself),
            (1, 0, 0, Nobody),
            (1, 0x31, 216, Nobody),
        ];
        for (command, family, len, announced) in table {
            let bytes = header(command, family, &vec![1; len]);
            assert_eq!(ProxyHeader::parse(&bytes), ProxyHeader::Whole(announced));
        }
    }

    #[tokio::test]
    async fn connection_that_ends_too_early_shows_the_bytes_that_came_and_no_more() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let whole = header(1, 0x11, &V4);
        let beginnings: [&[u8]; 5] = [b"", b"PRO", b"PROXY TCP4 1", &whole[..3], &whole[..20]];
        for came in beginnings {
            for is_reset in [false, true] {
                let address = listener.local_addr().unwrap();
                let mut client = std::net::TcpStream::connect(address).unwrap();
                let (stream, _) = listener.accept().await.unwrap();
                client.write_all(came).unwrap();
                let linger = is_reset.then_some(Duration::ZERO);
                SockRef::from(&client).set_linger(linger).unwrap();
                drop(client);
                let mut bytes = Vec::new();
                assert!(read(&stream, &mut bytes).await.is_err(), "{came:?}");
                // The kernel may drop what came before a reset.
                assert!(bytes == came || is_reset && bytes.is_empty(), "{bytes:?}");
            }
        }
    }

    #[test]
    fn bytes_that_begin_no_header_are_refused_at_once() {
        let mut version_3 = header(1, 0x11, &V4);
        version_3[12] = 0x31;
        let too_long = format!("PROXY UNKNOWN {}", "x".repeat(93));
        let wrong: [&[u8]; 16] = [
            b"GET / HTTP/1.1\r\n",
            b"POST / HTTP/1.1",
            b"\x16\x03\x01\x02\0\x01",
            b"\0\0",
            &version_3,
            &header(2, 0x11, &V4),
            &header(1, 0x11, &V4[..11]),
            &header(1, 0x11, &[0; HEADER_BYTES_MAX]),
            too_long.as_bytes(),
            b"PROXY TCP4 192.0.2.1 10.0.0.1 5000 80\n",
            b"PROXY TCP4 192.0.2.1 10.0.0.1 5000 80 \r\n",
            b"PROXY TCP4 2001:db8::1 ::1 5000 80\r\n",
            b"PROXY TCP4 192.0.2.1 10.0.0.1 5000 99999\r\n",
            b"PROXY TCP5 192.0.2.1 10.0.0.1 5000 80\r\n",
            b"PROXY UNKNOWNX\r\n",
            b"PROXY \r\n",
        ];
        for bytes in wrong {
            assert_eq!(ProxyHeader::parse(bytes), ProxyHeader::Invalid, "{bytes:?}");
        }
    }
}
