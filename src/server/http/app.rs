//! The app behind HTTP: the router with its limits, proxies and pages, one for all connections.

use std::sync::Arc;

use super::operator_pages::Pages;
use crate::channel::{Router, UserSocket};
use crate::server::admission::Admission;
use crate::server::admission::forwarded_for::Proxies;
use crate::server::limits::values::ServerLimits;

/// All that HTTP needs to answer a request. Shared by all connections that came since the last
/// reload.
#[derive(Debug)]
pub struct HttpApp {
    router: Router,
    pub(crate) limits: ServerLimits,
    pub(crate) proxies: Proxies,
    pub(crate) admission: Arc<Admission>,
    /// `None` if there is no server whose state the pages could report.
    pub(crate) pages: Option<Pages>,
}

impl HttpApp {
    /// Returns an app that serves `router` within the default limits.
    pub fn new(router: Router) -> HttpApp {
        HttpApp {
            router,
            limits: ServerLimits::default(),
            proxies: Proxies::default(),
            admission: Arc::new(Admission::new(1, &ServerLimits::default())),
            pages: None,
        }
    }

    /// Adds the pages for operators.
    pub(crate) fn pages(mut self, pages: Pages) -> HttpApp {
        self.pages = Some(pages);
        self
    }

    /// Takes over the parts of the app `before` that belong to the server: proxies, admission and
    /// pages.
    pub(crate) fn succeeding(mut self, before: &HttpApp) -> HttpApp {
        self.proxies = before.proxies.clone();
        self.admission = Arc::clone(&before.admission);
        self.pages = before.pages.clone();
        self
    }

    /// Sets the trusted proxies.
    pub fn proxies(mut self, proxies: Proxies) -> HttpApp {
        self.proxies = proxies;
        self
    }

    /// Sets the limits.
    pub fn limits(mut self, limits: ServerLimits) -> HttpApp {
        self.limits = limits;
        self
    }

    /// Returns how often a key of a mount's issuers went since this app began to serve.
    pub(crate) fn key_removals(&self) -> u64 {
        #[cfg(feature = "auth")]
        let removals = |socket: &UserSocket| {
            let checks = socket.token_checks();
            checks.map_or(0, |(checks, _)| checks.verifier().key_removals())
        };
        #[cfg(not(feature = "auth"))]
        let removals = |_: &UserSocket| 0;
        self.router.sockets().map(|socket| removals(socket)).sum()
    }

    /// Returns the router.
    pub fn router(&self) -> &Router {
        &self.router
    }
}

/// A router and its limits in one piece, so that no connection sees the router of one reload and
/// the limits of another.
#[derive(Debug)]
pub(crate) struct Served {
    pub app: Arc<HttpApp>,
    pub limits: ServerLimits,
}
