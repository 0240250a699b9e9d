//! What is served over HTTP, and within which limits: one for all connections of the server.

use std::sync::Arc;

use super::operator_pages::Pages;
use crate::channel::Router;
use crate::server::admission::Door;
use crate::server::admission::proxies::Proxies;
use crate::server::limits::values::ServerLimits;

/// What the HTTP side needs to answer; one for all connections of the server.
#[derive(Debug)]
pub struct HttpApp {
    router: Router,
    pub(crate) limits: HttpLimits,
    pub(crate) proxies: Proxies,
    pub(crate) door: Arc<Door>,
    /// None where there is no server round it, and so nothing to be asked about but itself.
    pub(crate) pages: Option<Pages>,
}

/// The limits of a connection while it speaks HTTP. They are generous to a slow client and a slow network, and bound
/// what a silent or hostile one can hold: a file descriptor and some kilobytes, for about a minute at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpLimits {
    /// Longest wait for a whole request head, in milliseconds, from the accept or the end of the answer before, so it
    /// is also how long an idle connection is kept. Default 10,000. Then the connection is closed.
    pub header_timeout_ms: u64,
    /// Longest life as an HTTP connection, in milliseconds. Default 60,000: whoever wants a page or an upgrade has it
    /// long before. Then the answer under way is the last, and has `closing_timeout_ms` to be taken.
    pub lifetime_ms: u64,
    /// How long a connection at the end of its life may still take, in milliseconds. Default 5,000. Then it is cut.
    pub closing_timeout_ms: u64,
    /// Longest wait for the app's answer to a connect, in milliseconds. Default 10,000, as phoenix.js itself gives up
    /// on things after that time. Then the client gets 503.
    pub connect_timeout_ms: u64,
    /// Largest request head, in bytes, at least 8,192 (hyper's own minimum). It bounds hyper's buffer, so that up to twice
    /// as much may pass, as it happens to be read. Default 65,536, eight times what proxies
    /// commonly pass on, as tokens travel in URLs. A larger one is answered with 431.
    pub head_bytes_max: usize,
    /// Most header lines of a request. Default 100. More are answered with 431.
    pub head_lines_max: usize,
}

impl Default for HttpLimits {
    fn default() -> HttpLimits {
        HttpLimits {
            header_timeout_ms: 10_000,
            lifetime_ms: 60_000,
            closing_timeout_ms: 5_000,
            connect_timeout_ms: 10_000,
            head_bytes_max: 64 * 1024,
            head_lines_max: HEAD_LINES_MAX_DEFAULT,
        }
    }
}

/// hyper's own default, for which it needs no memory of its own.
pub(crate) const HEAD_LINES_MAX_DEFAULT: usize = 100;

impl HttpApp {
    /// Serves `router` within the default limits.
    pub fn new(router: Router) -> HttpApp {
        HttpApp {
            router,
            limits: HttpLimits::default(),
            proxies: Proxies::default(),
            door: Arc::new(Door::new(1, &ServerLimits::default())),
            pages: None,
        }
    }

    /// With the pages for operators.
    pub(crate) fn pages(mut self, pages: Pages) -> HttpApp {
        self.pages = Some(pages);
        self
    }

    /// With what belongs to the server rather than to what is served.
    pub(crate) fn succeeding(mut self, before: &HttpApp) -> HttpApp {
        self.proxies = before.proxies.clone();
        self.door = Arc::clone(&before.door);
        self.pages = before.pages.clone();
        self
    }

    /// Sets which proxies are believed.
    pub fn proxies(mut self, proxies: Proxies) -> HttpApp {
        self.proxies = proxies;
        self
    }

    /// Sets other limits.
    pub fn limits(mut self, limits: HttpLimits) -> HttpApp {
        self.limits = limits;
        self
    }

    /// What is served.
    pub fn router(&self) -> &Router {
        &self.router
    }
}
