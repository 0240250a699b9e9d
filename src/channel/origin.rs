//! Which web pages may open a socket: the check of the `Origin` header that browsers send.
//!
//! Browsers let any page open a WebSocket to any server, with the cookies of that server, and leave
//! the check of `Origin` to the server. Other clients send no `Origin`, or any text they like. So
//! the check protects users, but it does not authenticate them.

use std::fmt;
use std::sync::Arc;

use thiserror::Error;

use super::app_values::AppValue;

/// The policy of one mount towards the `Origin` header. A refusal is answered with 403.
///
/// A request without that header passes every policy. Only the first `Origin` header counts. Names
/// are compared byte by byte (browsers send them in lower case). An origin without a host (`null`,
/// empty, `file://`) is refused by every policy but [`CheckOrigin::off`] and
/// [`CheckOrigin::custom`].
#[derive(Clone, Default)]
pub struct CheckOrigin(Policy);

#[derive(Clone, Default)]
enum Policy {
    #[default]
    OwnHost,
    Off,
    Host(String),
    List(Vec<Allowed>),
    Conn,
    Custom(Arc<dyn Fn(&Origin) -> bool + Send + Sync>),
}

/// The parsed `Origin` of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    text: String,
    authority: Authority,
}

/// An entry of [`CheckOrigin::list`] that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum OriginError {
    /// The entry has no host. Without `//`, `example.com` reads as a path, and `example.com:80` as
    /// a scheme.
    #[error(
        "origin {0:?} has no host: write \"//{0}\" for any scheme and port, or \"https://{0}\""
    )]
    NoHost(String),
    /// The text that follows the host is no port.
    #[error("origin {0:?} has a port that is no number from 0 to 65535")]
    BadPort(String),
    /// A `*` is not part of a `*.` in front of a host.
    #[error(
        "origin {0:?} has a * that is not \"*.\" in front of a host; to allow every origin use CheckOrigin::off()"
    )]
    BadWildcard(String),
    /// The entry has a path. Browsers send no path, and the path of an entry would be ignored.
    #[error(
        "origin {0:?} has a path, which no browser sends: an origin is a scheme, a host and a port alone"
    )]
    HasPath(String),
}

/// The parsed `Host` header of a request, with which some policies compare the origin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestHost<'a> {
    /// The `Host` header, without a port; an IPv6 address without its brackets.
    pub host: &'a str,
    /// The port in the `Host` header, if it names one.
    pub port: Option<u16>,
}

impl CheckOrigin {
    /// Returns the default policy: host and port of the origin must be those of the request's own
    /// `Host` header.
    ///
    /// So a page that the server delivers may connect back to the server, under whatever name the
    /// server is reached. Pages of other sites may not connect. Nothing has to be configured.
    ///
    /// The scheme is ignored because TLS may end in a proxy in front. For the same reason a port
    /// that is left out, on either side, is the default port of the *origin's* scheme:
    /// `https://chat.example` matches `Host: chat.example` as well as `Host: chat.example:443`.
    ///
    /// A proxy in front has to pass `Host` on. This policy does not stop a foreign name that is
    /// made to resolve to this server (DNS rebinding). Name the hosts with [`CheckOrigin::list`]
    /// where an inner network is the protection.
    pub fn own_host() -> CheckOrigin {
        CheckOrigin(Policy::OwnHost)
    }

    /// Returns the policy without a check: any page may connect (Phoenix's `check_origin: false`).
    pub fn off() -> CheckOrigin {
        CheckOrigin(Policy::Off)
    }

    /// Returns the policy that the origin's host must be exactly `host`. Scheme and port are
    /// ignored (Phoenix's `true` with that host in the endpoint's `url`).
    pub fn host(host: impl Into<String>) -> CheckOrigin {
        CheckOrigin(Policy::Host(host.into()))
    }

    /// Returns the policy that the origin must match one of `entries`, each
    /// `[scheme:]//host[:port]`.
    ///
    /// A scheme or port that is left out matches any, but a scheme implies its default port:
    /// `http://h` means port 80 only. A host `*.h` matches `h` itself and every sub-domain at any
    /// depth.
    ///
    /// # Errors
    /// If an entry cannot be used. The error names the first such entry.
    pub fn list<S: AsRef<str>>(
        entries: impl IntoIterator<Item = S>,
    ) -> Result<CheckOrigin, OriginError> {
        let entries = entries
            .into_iter()
            .map(|entry| Allowed::parse(entry.as_ref()));
        Ok(CheckOrigin(Policy::List(
            entries.collect::<Result<_, _>>()?,
        )))
    }

    /// Returns the policy that scheme, host and port of the origin must all be the request's. The
    /// request's scheme is always `http`, because lobbyd itself speaks no TLS. Behind a proxy that
    /// speaks TLS, use the default or a list.
    pub fn conn() -> CheckOrigin {
        CheckOrigin(Policy::Conn)
    }

    /// Returns the policy in which `allows` decides alone, also about origins without a host.
    pub fn custom(allows: impl Fn(&Origin) -> bool + Send + Sync + 'static) -> CheckOrigin {
        let allows = AppValue::new(allows);
        let allows = move |origin: &Origin| allows.get()(origin);
        CheckOrigin(Policy::Custom(Arc::new(allows)))
    }

    /// True if a request to the host `request` with the first `Origin` header `origin` may go on.
    pub(crate) fn allows(&self, origin: Option<&[u8]>, request: Option<RequestHost<'_>>) -> bool {
        let Some(origin) = origin else { return true };
        let origin = match &self.0 {
            Policy::Off => return true,
            _ => Origin::parse(&String::from_utf8_lossy(origin)),
        };
        if let Policy::Custom(allows) = &self.0 {
            return allows(&origin);
        }
        let Some(host) = origin.host() else {
            return false;
        };
        match &self.0 {
            Policy::Off | Policy::Custom(_) => true,
            Policy::OwnHost => request.is_some_and(|request| {
                let standard = origin.scheme().and_then(default_port);
                host == request.host && origin.port() == request.port.or(standard)
            }),
            Policy::Host(allowed) => host == allowed,
            Policy::List(entries) => entries.iter().any(|entry| entry.allows(&origin, host)),
            Policy::Conn => request.is_some_and(|request| {
                origin.scheme() == Some("http")
                    && host == request.host
                    && origin.port() == Some(request.port.unwrap_or(80))
            }),
        }
    }
}

impl fmt::Debug for CheckOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Policy::OwnHost => f.write_str("CheckOrigin::own_host"),
            Policy::Off => f.write_str("CheckOrigin::off"),
            Policy::Host(host) => write!(f, "CheckOrigin::host({host:?})"),
            Policy::List(entries) => write!(f, "CheckOrigin::list({entries:?})"),
            Policy::Conn => f.write_str("CheckOrigin::conn"),
            Policy::Custom(_) => f.write_str("CheckOrigin::custom(..)"),
        }
    }
}

impl Origin {
    fn parse(text: &str) -> Origin {
        let authority = Authority::parse(text);
        Origin {
            text: text.to_owned(),
            authority,
        }
    }

    /// Returns the header as it came, with invalid UTF-8 replaced.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the scheme, if there is one. Browsers send `http` or `https`, never `ws`.
    pub fn scheme(&self) -> Option<&str> {
        self.authority.scheme.as_deref()
    }

    /// Returns the host, if there is one; an IPv6 address without its brackets.
    pub fn host(&self) -> Option<&str> {
        self.authority.host.as_deref()
    }

    /// Returns the port, or the scheme's default port if no port is written.
    pub fn port(&self) -> Option<u16> {
        match self.authority.port {
            Port::Number(port) => Some(port),
            Port::Absent => self.scheme().and_then(default_port),
            Port::Invalid => None,
        }
    }
}

/// One entry of [`CheckOrigin::list`].
#[derive(Clone, Debug)]
struct Allowed {
    scheme: Option<String>,
    host: String,
    /// Whether `*.` stood in front of `host`, so that sub-domains match too.
    wildcard: bool,
    port: Option<u16>,
}

impl Allowed {
    fn parse(text: &str) -> Result<Allowed, OriginError> {
        if text == "*" {
            return Err(OriginError::BadWildcard(text.into()));
        }
        if has_path(text) {
            return Err(OriginError::HasPath(text.into()));
        }
        let parsed = Authority::parse(text);
        let host = parsed
            .host
            .ok_or_else(|| OriginError::NoHost(text.into()))?;
        let port = match parsed.port {
            Port::Number(port) => Some(port),
            Port::Absent => parsed.scheme.as_deref().and_then(default_port),
            Port::Invalid => return Err(OriginError::BadPort(text.into())),
        };
        let (host, wildcard) = match host.strip_prefix("*.") {
            Some(host) => (host.to_owned(), true),
            None => (host, false),
        };
        if host.is_empty() || host.contains('*') {
            return Err(OriginError::BadWildcard(text.into()));
        }
        Ok(Allowed {
            scheme: parsed.scheme,
            host,
            wildcard,
            port,
        })
    }

    fn allows(&self, origin: &Origin, host: &str) -> bool {
        let scheme = self.scheme.is_none() || self.scheme.as_deref() == origin.scheme();
        let port = self.port.is_none() || self.port == origin.port();
        scheme && port && self.allows_host(host)
    }

    /// True if the entry matches `host`. A wildcard ends at a dot: `*.ex.com` is not `evil-ex.com`.
    fn allows_host(&self, host: &str) -> bool {
        match host.strip_suffix(self.host.as_str()) {
            Some("") => true,
            Some(front) => self.wildcard && front.ends_with('.'),
            None => false,
        }
    }
}

/// True if more than a lone slash stands behind the host.
fn has_path(entry: &str) -> bool {
    let behind = entry.split_once("//").and_then(|(_, rest)| {
        let start = rest.find(['/', '?', '#'])?;
        rest.get(start..)
    });
    behind.is_some_and(|path| path != "/")
}

/// The parts of `[scheme:]//[userinfo@]host[:port][/…]`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Authority {
    scheme: Option<String>,
    host: Option<String>,
    port: Port,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Port {
    Absent,
    Number(u16),
    Invalid,
}

impl Authority {
    fn parse(text: &str) -> Authority {
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

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
