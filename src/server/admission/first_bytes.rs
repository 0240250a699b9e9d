//! What a connection began with where something else was awaited, in words for the log.

use std::borrow::Cow;

use ppp::v2::PROTOCOL_PREFIX;

/// Bytes of an unknown beginning that are shown.
const SHOWN_BYTES_MAX: usize = 16;

/// The methods of HTTP/1.1 and the preface of HTTP/2 (RFC 9110 §9, RFC 9113 §3.4).
const HTTP_WORDS: [&[u8]; 10] = [
    b"GET ",
    b"HEAD ",
    b"POST ",
    b"PUT ",
    b"DELETE ",
    b"OPTIONS ",
    b"PATCH ",
    b"CONNECT ",
    b"TRACE ",
    b"PRI ",
];

/// The protocol that a connection's first bytes belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FirstBytes<'a> {
    Nothing,
    ProxyVersion1,
    ProxyVersion2,
    Http,
    Tls,
    Ssh,
    Unknown(&'a [u8]),
}

impl<'a> FirstBytes<'a> {
    pub fn of(bytes: &'a [u8]) -> FirstBytes<'a> {
        let begins = |with: &[u8]| bytes.starts_with(with);
        match bytes {
            [] => FirstBytes::Nothing,
            _ if begins(b"PROXY") => FirstBytes::ProxyVersion1,
            // hyper takes the empty lines at its beginning for lines in front of a request.
            _ if begins(&PROTOCOL_PREFIX[..5]) || begins(&PROTOCOL_PREFIX[4..]) => {
                FirstBytes::ProxyVersion2
            }
            _ if HTTP_WORDS.iter().any(|word| begins(word)) => FirstBytes::Http,
            // A TLS record of a handshake: type 22, version 3.x (RFC 8446 §5.1).
            [0x16, 0x03, ..] => FirstBytes::Tls,
            // RFC 4253 §4.2.
            _ if begins(b"SSH-") => FirstBytes::Ssh,
            _ => FirstBytes::Unknown(&bytes[..bytes.len().min(SHOWN_BYTES_MAX)]),
        }
    }

    /// Returns a word for the sums of the log.
    pub fn name(&self) -> &'static str {
        match self {
            FirstBytes::Nothing => "nothing",
            FirstBytes::ProxyVersion1 => "proxy_version_1",
            FirstBytes::ProxyVersion2 => "proxy_version_2",
            FirstBytes::Http => "http",
            FirstBytes::Tls => "tls",
            FirstBytes::Ssh => "ssh",
            FirstBytes::Unknown(_) => "unknown",
        }
    }

    /// Returns the words of a line of the log.
    pub fn words(&self) -> &'static str {
        match self {
            FirstBytes::Nothing => "nothing",
            FirstBytes::ProxyVersion1 => "a PROXY header of version 1",
            FirstBytes::ProxyVersion2 => "a PROXY header of version 2",
            FirstBytes::Http => "plain HTTP",
            FirstBytes::Tls => "TLS",
            FirstBytes::Ssh => "SSH",
            FirstBytes::Unknown(_) => "other bytes",
        }
    }

    /// Returns the beginning of bytes that have no name, for a line of the log. To be recorded as a
    /// string, which subscribers escape.
    pub fn shown(&self) -> Option<Cow<'a, str>> {
        match self {
            FirstBytes::Unknown(bytes) => Some(String::from_utf8_lossy(bytes)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_are_named_by_their_protocol() {
        let header: &[u8] = PROTOCOL_PREFIX;
        let named: [(&[u8], &str); 8] = [
            (b"", "nothing"),
            (b"PROXY TCP4 192.0", "a PROXY header of version 1"),
            (header, "a PROXY header of version 2"),
            (&header[4..], "a PROXY header of version 2"),
            (b"GET / HTTP/1.1\r\n", "plain HTTP"),
            (b"\x16\x03\x01\x02\x00\x01", "TLS"),
            (b"SSH-2.0-OpenSSH_9.2 Debian\r\n", "SSH"),
            (b"\0\x01\x02", "other bytes"),
        ];
        for (bytes, words) in named {
            assert_eq!(FirstBytes::of(bytes).words(), words);
        }
        let shown = FirstBytes::of(b"a line of some protocol\r\n").shown();
        assert_eq!(shown.as_deref(), Some("a line of some p"));
        assert_eq!(FirstBytes::of(b"GET / HTTP/1.1\r\n").shown(), None);
    }
}
