//! The place to listen on: a host or an IP address, and a port.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::str::FromStr;

use thiserror::Error;

/// A host or address and a port, not looked up yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenAddress {
    /// A name, an IPv4 address, or an IPv6 address without its brackets.
    pub host: String,
    /// The port; 0 is any free port.
    pub port: u16,
}

impl Default for ListenAddress {
    /// Returns an address that only this machine reaches, with the port that Phoenix uses.
    fn default() -> ListenAddress {
        ListenAddress {
            host: "127.0.0.1".to_owned(),
            port: 4000,
        }
    }
}

impl ListenAddress {
    /// Returns the IP address, if no name has to be looked up for it.
    pub fn ip(&self) -> Option<IpAddr> {
        match &*self.host {
            "localhost" => Some(IpAddr::from([127, 0, 0, 1])),
            host => host.parse().ok(),
        }
    }

    /// True if only this machine can reach the address. A name that has to be looked up may be any
    /// machine's.
    pub fn is_loopback(&self) -> bool {
        self.ip().is_some_and(|ip| ip.is_loopback())
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ListenAddress { host, port } = self;
        match host.contains(':') {
            true => write!(f, "[{host}]:{port}"),
            false => write!(f, "{host}:{port}"),
        }
    }
}

const EXPECTED: &str = "expected ADDR:PORT, as in 127.0.0.1:4000 or localhost:4000";

impl FromStr for ListenAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<ListenAddress, String> {
        if let Some((_, rest)) = text.split_once("://") {
            let address = rest.split('/').next().unwrap_or_default();
            return Err(format!("no scheme or path: {address}"));
        }
        if let Ok(port) = text.strip_prefix(':').unwrap_or(text).parse::<u16>() {
            return Err(format!("expected ADDR:PORT, as in 127.0.0.1:{port}"));
        }
        let (host, port) = text.rsplit_once(':').ok_or(EXPECTED)?;
        let port = port
            .parse()
            .map_err(|_| format!("{port:?} is no port (0 to 65535)"))?;
        let inner = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        let host = inner.unwrap_or(host);
        if inner.is_none() && host.parse::<Ipv6Addr>().is_ok() {
            return Err(format!("an IPv6 address goes in brackets: [{host}]:{port}"));
        }
        if host.is_empty() || (inner.is_none() && host.contains(':')) {
            return Err(EXPECTED.to_owned());
        }
        Ok(ListenAddress {
            host: host.to_owned(),
            port,
        })
    }
}

/// The error that the host of a listen address has no IP address.
#[derive(Debug, Error)]
#[error("cannot listen on {address}: the host name has no address ({error})")]
pub struct Unresolvable {
    address: ListenAddress,
    error: io::Error,
}

impl ListenAddress {
    /// Returns one address of the host: an IPv4 address if the host has any. `localhost` is then
    /// `127.0.0.1` on every machine. Clients that try both IPv4 and IPv6 reach that address as
    /// well.
    ///
    /// # Errors
    /// If the host is a name without an address.
    pub fn resolve(&self) -> Result<SocketAddr, Unresolvable> {
        let none = || io::Error::new(io::ErrorKind::NotFound, "the lookup found nothing");
        let found = (self.host.as_str(), self.port).to_socket_addrs();
        let one = found.and_then(|found| {
            found
                .min_by_key(|address| !address.is_ipv4())
                .ok_or_else(none)
        });
        one.map_err(|error| Unresolvable {
            address: self.clone(),
            error,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_is_a_host_and_a_port() {
        let table = [
            ("0.0.0.0:80", Ok(("0.0.0.0", 80))),
            ("localhost:0", Ok(("localhost", 0))),
            ("[::1]:4000", Ok(("::1", 4000))),
            ("4001", Err("expected ADDR:PORT, as in 127.0.0.1:4001")),
            (":4001", Err("expected ADDR:PORT, as in 127.0.0.1:4001")),
            ("", Err("expected ADDR:PORT")),
            (":http", Err("\"http\" is no port")),
            (
                "http://localhost:4000",
                Err("no scheme or path: localhost:4000"),
            ),
            (
                "ws://[::1]:4000/socket",
                Err("no scheme or path: [::1]:4000"),
            ),
            ("a:b:4000", Err("expected ADDR:PORT")),
            ("localhost", Err("expected ADDR:PORT")),
            ("localhost:http", Err("\"http\" is no port")),
            ("localhost:65536", Err("is no port")),
            ("::1:4000", Err("[::1]:4000")),
        ];
        for (text, expected) in table {
            match (text.parse::<ListenAddress>(), expected) {
                (Ok(address), Ok((host, port))) => {
                    assert_eq!((address.host.as_str(), address.port), (host, port));
                    assert_eq!(address.to_string(), text);
                }
                (Err(error), Err(part)) => assert!(error.contains(part), "{text}: {error}"),
                (parsed, _) => panic!("{text}: {parsed:?}"),
            }
        }
    }

    #[test]
    fn names_are_looked_up_and_addresses_kept() {
        let resolve = |text: &str| text.parse::<ListenAddress>().unwrap().resolve();
        assert!(resolve("localhost:4000").unwrap().ip().is_loopback());
        assert_eq!(resolve("[::1]:0").unwrap(), "[::1]:0".parse().unwrap());
        let error = resolve("no such host:1").unwrap_err().to_string();
        assert!(
            error.starts_with("cannot listen on no such host:1: "),
            "{error}"
        );
    }
}
