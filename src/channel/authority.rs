//! Hosts and ports as headers and URLs write them: `[scheme:]//host[:port]`, or `host[:port]`.

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
        let host = (!host.is_empty()).then(|| host.to_owned());
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
    /// Parses a `Host` header; None if its host is empty or its port is no number.
    pub fn parse(header: &'a str) -> Option<RequestHost<'a>> {
        let (host, port) = split_host_port(header.trim());
        let port = match port {
            Port::Number(port) => Some(port),
            Port::Absent => None,
            Port::Invalid => return None,
        };
        (!host.is_empty()).then_some(RequestHost { host, port })
    }
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
