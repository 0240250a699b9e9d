//! Hosts and ports as headers and URLs write them: `[scheme:]//host[:port]`, or `host[:port]`.
//!
//! Hosts have no case (RFC 3986, 3.2.2), and an IPv6 address has many spellings. So hosts are
//! compared in one spelling, that of [`host_spelling`].

use std::net::{Ipv4Addr, Ipv6Addr};

/// The parts of `[scheme:]//[userinfo@]host[:port][/…]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Authority {
    pub scheme: Option<String>,
    pub host: Option<String>,
    pub port: Port,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Port {
    Absent,
    Number(u16),
    Invalid,
}

impl Authority {
    pub fn parse(text: &str) -> Authority {
        let none = Authority {
            scheme: None,
            host: None,
            port: Port::Absent,
        };
        let Some((front, rest)) = text.split_once("//") else {
            return none;
        };
        let scheme = match front.strip_suffix(':') {
            Some(scheme) if !scheme.is_empty() => Some(scheme.to_ascii_lowercase()),
            None if front.is_empty() => None,
            _ => return none,
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host_port = authority.rsplit('@').next().unwrap_or_default();
        let (host, port) = split_host_port(host_port);
        let host = (!host.is_empty()).then(|| host_spelling(host));
        Authority { scheme, host, port }
    }
}

/// The parsed `Host` header of a request, with which some policies compare the origin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestHost<'a> {
    /// The `Host` header, without a port; an IPv6 address without its brackets.
    pub host: &'a str,
    /// The port in the `Host` header, if it names one.
    pub port: Option<u16>,
}

impl<'a> RequestHost<'a> {
    /// Parses a `Host` header. None if its host is empty or no host (RFC 9110, 7.2), or if its port
    /// is no number.
    pub fn parse(header: &'a str) -> Option<RequestHost<'a>> {
        let header = header.trim();
        let (host, port) = split_host_port(header);
        let port = match port {
            Port::Number(port) => Some(port),
            Port::Absent => None,
            Port::Invalid => return None,
        };
        let is_host = match header.starts_with('[') {
            true => host.parse::<Ipv6Addr>().is_ok(),
            false => is_name(host),
        };
        is_host.then_some(RequestHost { host, port })
    }

    /// True if `host`, spelt by [`host_spelling`], is the host of the request.
    pub fn is(&self, host: &str) -> bool {
        host_spelling(self.host) == host
    }
}

/// Returns the spelling of `host` in which hosts are compared: a name in lower case, and an IPv6
/// address in its shortest form, without brackets.
pub(super) fn host_spelling(host: &str) -> String {
    let address = host.parse::<Ipv6Addr>();
    address.map_or_else(|_| host.to_ascii_lowercase(), |address| address.to_string())
}

/// True if `host`, which has no brackets, is one that a browser can send: a name, or an address. A
/// name whose last label is a number is an IPv4 address to a browser.
pub(super) fn is_sent_by_browsers(host: &str) -> bool {
    let last = host.strip_suffix('.').unwrap_or(host).rsplit('.').next();
    let is_number =
        |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_digit());
    match last.is_some_and(is_number) {
        true => host.parse::<Ipv4Addr>().is_ok(),
        false => host.parse::<Ipv6Addr>().is_ok() || (is_name(host) && !host.contains('%')),
    }
}

/// True if `host` is a name or an IPv4 address by the grammar of RFC 3986, 3.2.2, and not empty. A
/// comma is refused in spite of the grammar: it joins the values of two `Host` lines.
fn is_name(host: &str) -> bool {
    let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+;=%".contains(&byte);
    !host.is_empty() && host.bytes().all(is_of_name)
}

/// Splits `host:port`, where an IPv6 host stands in brackets.
fn split_host_port(text: &str) -> (&str, Port) {
    let (host, rest) = match text
        .strip_prefix('[')
        .and_then(|inner| inner.split_once(']'))
    {
        Some((host, rest)) => (host, rest),
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let port = match rest.strip_prefix(':') {
        None if rest.is_empty() => Port::Absent,
        None => Port::Invalid,
        Some("") => Port::Absent,
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            digits.parse().map_or(Port::Invalid, Port::Number)
        }
        Some(_) => Port::Invalid,
    };
    (host, port)
}

/// Returns the port that a URL of `scheme` means where it names none.
pub(super) fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        _ => None,
    }
}
