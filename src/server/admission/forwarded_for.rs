//! Trusted proxies in front of the server, and the client behind them by `X-Forwarded-For`.

use std::net::{IpAddr, SocketAddr};

use hyper::header::{HeaderMap, HeaderName};
use ipnet::IpNet;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Proxies in front of the server that are trusted to name the client of a connection. Default:
/// none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(not(feature = "engine"), non_exhaustive)]
pub struct Proxies {
    /// The networks of trusted proxies. `X-Forwarded-For` and PROXY headers from elsewhere are not
    /// believed. For [`Limit::ConnectionsPerAddress`](crate::server::Limit), a connection with a
    /// PROXY header counts for the client's address from the header on. Otherwise a request of the
    /// connection counts for the client's address until it is answered, and a WebSocket that it
    /// opens until its end. If no client is named, nothing counts.
    pub trusted: Vec<IpNet>,
    /// Whether each connection from these networks begins with a PROXY header, version 1 or 2. A
    /// connection without that header is closed. Default false.
    pub proxy_protocol: bool,
}

impl Proxies {
    /// True if `address` belongs to a trusted proxy. An IPv4 address in its IPv6 form counts as
    /// IPv4.
    pub fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        // A network of IPv4 addresses may be written in IPv6 form as well.
        let in_ipv6 = |network: &IpNet| match (network, address) {
            (IpNet::V6(network), IpAddr::V4(address)) if network.prefix_len() >= 96 => {
                network.contains(&address.to_ipv6_mapped())
            }
            _ => false,
        };
        let mut networks = self.trusted.iter();
        networks.any(|network| network.contains(&address) || in_ipv6(network))
    }

    /// Returns the client behind `peer`. If `peer` is a trusted proxy, that is the right-most
    /// address in `X-Forwarded-For` that is no trusted proxy: addresses to the left of it came from
    /// the client. If all are trusted, it is the left-most address. It is `peer` without the
    /// header, or if the search from the right meets an item that is no address.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        if !self.trusts(peer) {
            return peer;
        }
        let mut client = peer;
        // Lines of one name are one list (RFC 9110 §5.3).
        for line in headers.get_all(X_FORWARDED_FOR).iter().rev() {
            for item in line.as_bytes().rsplit(|byte| *byte == b',') {
                let Some(address) = address(item) else {
                    return peer;
                };
                client = address;
                if !self.trusts(client) {
                    return client;
                }
            }
        }
        client
    }
}

/// Parses one item of the list: an address, with a port where a proxy writes one.
fn address(item: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(item).ok()?.trim_ascii();
    let with_port = || text.parse::<SocketAddr>().ok().map(|socket| socket.ip());
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let address = bare.unwrap_or(text).parse().ok().or_else(with_port)?;
    Some(IpAddr::to_canonical(&address))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, lines: &[&str]) -> String {
        let proxies = Proxies {
            trusted: vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()],
            proxy_protocol: false,
        };
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(X_FORWARDED_FOR, line.parse().unwrap());
        }
        proxies.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn client_is_the_right_most_address_that_is_no_trusted_proxy() {
        let table: [(&[&str], &str); 9] = [
            (&["192.0.2.1"], "192.0.2.1"),
            (&["192.0.2.1, 10.0.0.2"], "192.0.2.1"),
            (&["203.0.113.9, 192.0.2.1,10.0.0.2 , fd00::2"], "192.0.2.1"),
            (&["203.0.113.9", "192.0.2.1", "10.0.0.2"], "192.0.2.1"),
            (&["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            (&["192.0.2.1:5000"], "192.0.2.1"),
            (&["[2001:db8::1]:5000, [fd00::2]"], "2001:db8::1"),
            (&["::ffff:192.0.2.1"], "192.0.2.1"),
            (&["nonsense, 192.0.2.1"], "192.0.2.1"),
        ];
        for (lines, expected) in table {
            assert_eq!(client("10.0.0.1", lines), expected, "{lines:?}");
            assert_eq!(client("::ffff:10.0.0.1", lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn text_that_is_no_address_is_not_believed_and_the_peer_is_the_client() {
        let nonsense: [&[&str]; 6] = [
            &[],
            &[""],
            &["unknown"],
            &["192.0.2.1,"],
            &["192.0.2.1, _hidden, 10.0.0.2"],
            &["192.0.2.1", "0x7f.1"],
        ];
        for lines in nonsense {
            assert_eq!(client("10.0.0.1", lines), "10.0.0.1", "{lines:?}");
        }
    }

    #[test]
    fn peer_that_is_no_trusted_proxy_is_not_believed() {
        assert_eq!(client("192.0.2.7", &["203.0.113.9"]), "192.0.2.7");
        let mapped = Proxies {
            trusted: vec!["::ffff:10.0.0.0/104".parse().unwrap()],
            proxy_protocol: false,
        };
        for (address, is_trusted) in [
            ("10.1.2.3", true),
            ("::ffff:10.1.2.3", true),
            ("11.0.0.1", false),
        ] {
            assert_eq!(
                mapped.trusts(address.parse().unwrap()),
                is_trusted,
                "{address}"
            );
        }
        let none = Proxies::default();
        assert!(!none.trusts("127.0.0.1".parse().unwrap()));
    }
}
