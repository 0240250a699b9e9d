//! Which web pages may open a socket: the check of the `Origin` header that browsers send.
//!
//! Browsers let any page open a WebSocket to any server, with the cookies of that server, and leave
//! the check of `Origin` to the server. Other clients send no `Origin`, or any text they like. So
//! the check protects users, but it does not authenticate them.

use std::fmt;
use std::sync::Arc;

use thiserror::Error;

use super::app_values::AppValue;
use super::authority::{
    Authority, Port, RequestHost, default_port, host_spelling, is_sent_by_browsers,
};

/// The policy of one mount towards the `Origin` header. A refusal is answered with 403.
///
/// A request without that header passes every policy. A request with two is refused by every policy
/// but [`CheckOrigin::off`], because no browser sends it. Hosts are compared without their case. An
/// origin without a host (`null`, empty, `file://`) is refused by every policy but
/// [`CheckOrigin::off`] and [`CheckOrigin::custom`].
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
    /// The entry is what browsers send for pages without a host, as `null` and `file://`, or can
    /// be none of theirs. Such an origin matches no entry.
    #[error(
        "origin {0:?} has no host, and a list lets in pages by their hosts alone: no entry lets in those of files and sandboxes"
    )]
    Hostless(String),
    /// The text that follows the host is no port, or a port that no page has.
    #[error("origin {0:?} has a port that is no number from 1 to 65535")]
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
    /// The host has other letters than ASCII. Browsers send such a host in punycode.
    #[error(
        "origin {0:?} has a host that browsers send in punycode: write it so, as in \"https://xn--bcher-kva.example\""
    )]
    NotAscii(String),
    /// The host is no name and no address that a browser can send, as `a b` and `1.2.3`.
    #[error("origin {0:?} has a host that no browser can send")]
    BadHost(String),
    /// The scheme is that of a WebSocket. Browsers send the scheme of the page.
    #[error(
        "origin {0:?} has the scheme of a socket, and browsers send that of the page: write http or https"
    )]
    SocketScheme(String),
}

impl CheckOrigin {
    /// Returns the default policy: host and port of the origin must be those of the request's own
    /// `Host` header, or of the `X-Forwarded-Host` of a trusted proxy.
    ///
    /// So a page that the server delivers may connect back to the server, under whatever name the
    /// server is reached. Pages of other sites may not connect. Nothing has to be configured.
    ///
    /// The scheme is ignored because TLS may end in a proxy in front. Many proxies pass `Host` on
    /// without its port, so where it names none, hosts alone decide, as in Phoenix. A port that the
    /// *origin* leaves out is the default port of its scheme: `https://chat.example` matches
    /// `Host: chat.example` and `Host: chat.example:443`, and not `Host: chat.example:8080`.
    ///
    /// A proxy in front has to pass `Host` on, or a trusted one `X-Forwarded-Host`. This policy
    /// does not stop a foreign name that is made to resolve to this server (DNS rebinding). Name
    /// the hosts with [`CheckOrigin::list`] where an inner network is the protection.
    pub fn own_host() -> CheckOrigin {
        CheckOrigin(Policy::OwnHost)
    }

    /// Returns the policy without a check: any page may connect (Phoenix's `check_origin: false`).
    pub fn off() -> CheckOrigin {
        CheckOrigin(Policy::Off)
    }

    /// Returns the policy that the origin's host must be `host`. Scheme and port are ignored
    /// (Phoenix's `true` with that host in the endpoint's `url`).
    ///
    /// # Panics
    /// If no browser can send `host`, so that nobody could ever connect: it has a scheme, a port or
    /// other letters than ASCII.
    pub fn host(host: impl Into<String>) -> CheckOrigin {
        let host = host.into();
        assert!(
            is_sent_by_browsers(&host),
            "{host:?} is no host that a browser can send: write a name or an address alone, other letters than ASCII in punycode"
        );
        CheckOrigin(Policy::Host(host_spelling(&host)))
    }

    /// Returns the policy that the origin must match one of `entries`, each
    /// `[scheme:]//host[:port]`.
    ///
    /// A scheme or port that is left out matches any, but a scheme implies its default port:
    /// `http://h` means port 80 only. A host `*.h` matches `h` itself and every sub-domain at any
    /// depth. An entry that no browser can match is an error.
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

    /// True if a request to the host `request` with these `Origin` headers may go on.
    pub(crate) fn allows<'a>(
        &self,
        origins: impl IntoIterator<Item = &'a [u8]>,
        request: Option<RequestHost<'_>>,
    ) -> bool {
        let mut origins = origins.into_iter();
        let (first, second) = (origins.next(), origins.next());
        let origin = match (&self.0, first, second) {
            (Policy::Off, ..) | (_, None, _) => return true,
            (_, Some(_), Some(_)) => return false,
            (_, Some(origin), None) => Origin::parse(&String::from_utf8_lossy(origin)),
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
                let is_port = |port| origin.port() == Some(port);
                request.is(host) && !origin.is_broken() && request.port.is_none_or(is_port)
            }),
            Policy::Host(allowed) => host == allowed,
            Policy::List(entries) => entries.iter().any(|entry| entry.allows(&origin, host)),
            Policy::Conn => request.is_some_and(|request| {
                origin.scheme() == Some("http")
                    && request.is(host)
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

    /// Returns the host in lower case, if there is one; an IPv6 address without its brackets.
    pub fn host(&self) -> Option<&str> {
        self.authority.host.as_deref()
    }

    /// True if a text that is no port follows the host.
    fn is_broken(&self) -> bool {
        self.authority.port == Port::Invalid
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
        let host = parsed.host.ok_or_else(|| no_host(text))?;
        let port = match parsed.port {
            Port::Absent => parsed.scheme.as_deref().and_then(default_port),
            Port::Number(port) if port > 0 => Some(port),
            Port::Number(_) | Port::Invalid => return Err(OriginError::BadPort(text.into())),
        };
        let (host, wildcard) = match host.strip_prefix("*.") {
            Some(host) => (host.to_owned(), true),
            None => (host, false),
        };
        if host.is_empty() || host.contains('*') {
            return Err(OriginError::BadWildcard(text.into()));
        }
        if matches!(parsed.scheme.as_deref(), Some("ws" | "wss")) {
            return Err(OriginError::SocketScheme(text.into()));
        }
        if !host.is_ascii() {
            return Err(OriginError::NotAscii(text.into()));
        }
        if !is_sent_by_browsers(&host) {
            return Err(OriginError::BadHost(text.into()));
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

/// Returns the error of an entry without a host: what would mend it, if `//` in front does.
fn no_host(text: &str) -> OriginError {
    let is_mended = text != "null" && !text.contains("//") && {
        let mended = format!("//{text}");
        Authority::parse(&mended).host.is_some() && Allowed::parse(&mended).is_ok()
    };
    match is_mended {
        true => OriginError::NoHost(text.into()),
        false => OriginError::Hostless(text.into()),
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

#[cfg(test)]
mod tests;
