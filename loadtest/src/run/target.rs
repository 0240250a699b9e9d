//! The URL as typed, parsed into an address and the request of an upgrade.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};

use thiserror::Error;
use url::Url;

use crate::load::template::Template;
use crate::load::wire::phoenix::Version;

/// A server's WebSocket endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The URL as typed.
    pub url: String,
    /// Host and port, for the Host header.
    pub host: String,
    /// Path and query, with `vsn` and the parameters.
    pub path_and_query: String,
    /// What follows in the query: parameters that each client has of its own.
    pub query: Template,
    name: String,
    port: u16,
}

/// The reason why no load can go to a URL.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BadUrl {
    /// The text is no URL.
    #[error("{0:?} is no URL; expected ws://HOST:PORT/socket/websocket")]
    Unreadable(String),
    /// The scheme needs TLS, which is not supported.
    #[error(
        "wss:// is not supported: give the server's plain port, behind whatever ends TLS (ws://HOST:PORT{0})"
    )]
    Tls(String),
    /// The version of the protocol was given twice, or as another than --vsn.
    #[error("the URL or a --param says vsn={0}, and --vsn {1}: give the version by --vsn alone")]
    Version(String, Version),
    /// The scheme is none of a WebSocket.
    #[error("the scheme {0}:// is none of a WebSocket; expected ws://HOST:PORT/socket/websocket")]
    Scheme(String),
    /// The URL has no path.
    #[error(
        "the URL has no path: Phoenix serves a socket at its mount and /websocket, as in {0}/socket/websocket"
    )]
    NoPath(String),
}

impl Target {
    /// Parses `url`, and adds `params` and `vsn` to its query as phoenix.js does. A `vsn` that is
    /// there stays the only one.
    ///
    /// # Errors
    /// If no load can go to the URL.
    pub fn new(url: &str, version: Version, params: &[(String, String)]) -> Result<Target, BadUrl> {
        let mut parsed = Url::parse(url).map_err(|_| BadUrl::Unreadable(url.to_owned()))?;
        match parsed.scheme() {
            "ws" | "http" => {}
            "wss" | "https" => return Err(BadUrl::Tls(parsed.path().to_owned())),
            _ if !url.contains("://") => return Err(BadUrl::Unreadable(url.to_owned())),
            other => return Err(BadUrl::Scheme(other.to_owned())),
        }
        let Some(name) = parsed.host_str().map(str::to_owned) else {
            return Err(BadUrl::Unreadable(url.to_owned()));
        };
        if parsed.path() == "/" {
            return Err(BadUrl::NoPath(url.trim_end_matches('/').to_owned()));
        }
        let port = parsed.port_or_known_default().unwrap_or(80);
        let of_url = parsed
            .query_pairs()
            .map(|(name, value)| (name.into(), value.into()));
        let typed = of_url.chain(params.iter().cloned());
        let versions = typed.filter(|(name, _)| name == "vsn");
        let versions: Vec<String> = versions.map(|(_, value): (String, String)| value).collect();
        let agree =
            versions.len() <= 1 && versions.iter().all(|typed| typed.parse() == Ok(version));
        if !agree {
            return Err(BadUrl::Version(versions.join(" and vsn="), version));
        }
        let mut query = parsed.query_pairs_mut();
        for (name, value) in params {
            query.append_pair(name, value);
        }
        if versions.is_empty() {
            query.append_pair("vsn", &version.to_string());
        }
        drop(query);
        Ok(Target {
            url: url.to_owned(),
            host: format!("{name}:{port}"),
            path_and_query: format!("{}?{}", parsed.path(), parsed.query().unwrap_or_default()),
            query: Template::default(),
            name: name.trim_matches(['[', ']']).to_owned(),
            port,
        })
    }

    /// Returns the addresses of the host, in the order in which to try them.
    ///
    /// # Errors
    /// If the host's name is unknown.
    pub fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        let found = (self.name.as_str(), self.port).to_socket_addrs();
        let found = found.map_err(|error| {
            let text = format!("the host {:?} is not known ({error})", self.name);
            io::Error::new(error.kind(), text)
        })?;
        Ok(found.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(url: &str) -> Result<Target, String> {
        let params = [("token".to_owned(), "a b&c".to_owned())];
        Target::new(url, Version::V2, &params).map_err(|error| error.to_string())
    }

    #[test]
    fn parameters_and_vsn_go_into_the_query() {
        let found = target("ws://localhost:4000/socket/websocket?x=1").unwrap();
        assert_eq!(found.host, "localhost:4000");
        assert_eq!(
            found.path_and_query,
            "/socket/websocket?x=1&token=a+b%26c&vsn=2.0.0"
        );
        assert_eq!(target("ws://[::1]/s/websocket").unwrap().host, "[::1]:80");
        let addresses = target("ws://[::1]:4/s/websocket")
            .unwrap()
            .addresses()
            .unwrap();
        assert_eq!(addresses, ["[::1]:4".parse().unwrap()]);
    }

    #[test]
    fn version_stands_once_and_is_that_of_the_flag() {
        let found = target("ws://h/s/websocket?vsn=2.0.0&x=1").unwrap();
        assert_eq!(found.path_and_query.matches("vsn=").count(), 1);
        for query in ["vsn=1.0.0", "vsn=2.0.0&vsn=2.0.0", "vsn=", "vsn=9"] {
            let error = target(&format!("ws://h/s/websocket?{query}")).unwrap_err();
            assert!(error.contains("by --vsn alone"), "{query}: {error}");
        }
        let params = [("vsn".to_owned(), "1.0.0".to_owned())];
        assert!(Target::new("ws://h/s/websocket", Version::V2, &params).is_err());
        assert!(Target::new("ws://h/s/websocket", Version::V1, &params).is_ok());
    }

    #[test]
    fn wrong_url_says_what_is_expected() {
        let table = [
            ("localhost:4000", "expected ws://"),
            ("", "is no URL"),
            ("ftp://localhost/socket", "ftp:// is none of a WebSocket"),
            ("wss://localhost/socket/websocket", "plain port"),
            (
                "ws://localhost:4000",
                "ws://localhost:4000/socket/websocket",
            ),
            (
                "ws://localhost:4000/",
                "ws://localhost:4000/socket/websocket",
            ),
        ];
        for (url, part) in table {
            let error = target(url).unwrap_err();
            assert!(error.contains(part), "{url}: {error}");
        }
    }
}
