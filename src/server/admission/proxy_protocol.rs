//! The PROXY header of version 2, which a trusted proxy sends before all else (haproxy.org).
//!
//! The header is read to its last byte and no further, because the bytes behind it are HTTP
//! (proxy-protocol.txt).

use std::io;
use std::net::SocketAddr;

use ppp::v2::{Addresses, Command, Header, PROTOCOL_PREFIX};
use tokio::net::TcpStream;

/// Bytes that every header begins with: the prefix, version and command, family, and the length of
/// the rest.
const MINIMUM_LENGTH: usize = 16;

/// Longest header taken, in bytes. Addresses have 216 bytes at most; other fields of proxies
/// (names, an id, facts of TLS) have some hundreds.
const HEADER_BYTES_MAX: usize = 2048;

/// The result of parsing the first bytes of a PROXY header of version 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyHeader {
    /// At least this number of further bytes belongs to the header, and is needed to go on.
    Needs(usize),
    /// The header is whole. It holds the client's address, or `None` if the proxy speaks for itself
    /// or gives no IP address.
    Whole(Option<SocketAddr>),
    /// The bytes begin no such header, or one that is too long.
    Invalid,
}

impl ProxyHeader {
    /// Parses a header's first `bytes`. The caller reads no more bytes than
    /// [`Needs`](ProxyHeader::Needs) asks for.
    pub fn parse(bytes: &[u8]) -> ProxyHeader {
        let known = bytes.len().min(PROTOCOL_PREFIX.len());
        if bytes[..known] != PROTOCOL_PREFIX[..known] {
            return ProxyHeader::Invalid;
        }
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
        match Header::try_from(bytes) {
            Ok(header) => ProxyHeader::Whole(source(&header)),
            Err(_) => ProxyHeader::Invalid,
        }
    }
}

/// Returns the client's address. `None` for `LOCAL`, a connection of the proxy's own, such as a
/// health check, and for a header without an IP address.
fn source(header: &Header<'_>) -> Option<SocketAddr> {
    match (header.command, header.addresses) {
        (Command::Proxy, Addresses::IPv4(ip)) => Some((ip.source_address, ip.source_port).into()),
        (Command::Proxy, Addresses::IPv6(ip)) => Some((ip.source_address, ip.source_port).into()),
        _ => None,
    }
}

/// Reads the header from `stream` into `bytes`, which is empty. An error if there is no header:
/// `bytes` has what came in its place. The caller limits the time.
pub(crate) async fn read(
    stream: &TcpStream,
    bytes: &mut Vec<u8>,
) -> io::Result<Option<SocketAddr>> {
    loop {
        let needed = match ProxyHeader::parse(bytes) {
            ProxyHeader::Needs(needed) => needed,
            ProxyHeader::Whole(client) => return Ok(client),
            ProxyHeader::Invalid => return Err(io::ErrorKind::InvalidData.into()),
        };
        stream.readable().await?;
        let known = bytes.len();
        bytes.resize(known + needed, 0);
        match stream.try_read(&mut bytes[known..]) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => bytes.truncate(known + read),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => bytes.truncate(known),
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes a header with this command and family, and with `rest` behind its length.
    fn header(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let mut bytes = PROTOCOL_PREFIX.to_vec();
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
            let client = "192.0.2.1:5000".parse().ok();
            assert_eq!(ProxyHeader::parse(&bytes), ProxyHeader::Whole(client));
            for len in 0..bytes.len() {
                let whole = if len < 16 { 16 } else { bytes.len() };
                let needs = ProxyHeader::Needs(whole - len);
                assert_eq!(ProxyHeader::parse(&bytes[..len]), needs, "{len}");
            }
        }
    }

    #[test]
    fn proxy_header_without_a_client_address_names_no_client() {
        for (command, family, len) in [(0, 0x11, 12), (0, 0, 0), (1, 0, 0), (1, 0x31, 216)] {
            let bytes = header(command, family, &vec![1; len]);
            assert_eq!(ProxyHeader::parse(&bytes), ProxyHeader::Whole(None));
        }
    }

    #[test]
    fn bytes_that_begin_no_version_2_header_are_refused_at_once() {
        let mut version_3 = header(1, 0x11, &V4);
        version_3[12] = 0x31;
        let wrong: [&[u8]; 7] = [
            b"P",
            b"PROXY TCP4 192.0.2.1 10.0.0.1 5000 80\r\n",
            b"GET / HTTP/1.1\r\n",
            &version_3,
            &header(2, 0x11, &V4),
            &header(1, 0x11, &V4[..11]),
            &header(1, 0x11, &[0; HEADER_BYTES_MAX]),
        ];
        for bytes in wrong {
            assert_eq!(ProxyHeader::parse(bytes), ProxyHeader::Invalid, "{bytes:?}");
        }
    }
}
