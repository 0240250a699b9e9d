//! The app behind HTTP: the router with its limits, proxies and pages, one for all connections.

use std::sync::Arc;

use super::operator_pages::Pages;
use crate::channel::Router;
use crate::server::admission::Admission;
use crate::server::admission::forwarded_for::Proxies;
use crate::server::limits::values::ServerLimits;

/// All that HTTP needs to find an answer; one for all connections of the server.
#[derive(Debug)]
pub struct HttpApp {
    router: Router,
    pub(crate) limits: ServerLimits,
    pub(crate) proxies: Proxies,
    pub(crate) admission: Arc<Admission>,
    /// None if it serves without a server, of which the pages could report nothing.
    pub(crate) pages: Option<Pages>,
}

impl HttpApp {
    /// Serves `router` within the default limits.
    pub fn new(router: Router) -> HttpApp {
        HttpApp {
            router,
            limits: ServerLimits::default(),
            proxies: Proxies::default(),
            admission: Arc::new(Admission::new(1, &ServerLimits::default())),
            pages: None,
        }
    }

    /// With the pages for operators.
    pub(crate) fn pages(mut self, pages: Pages) -> HttpApp {
        self.pages = Some(pages);
        self
    }

    /// With the parts of the app before that are the server's: proxies, admission and pages.
    pub(crate) fn succeeding(mut self, before: &HttpApp) -> HttpApp {
        self.proxies = before.proxies.clone();
        self.admission = Arc::clone(&before.admission);
        self.pages = before.pages.clone();
        self
    }

    /// Sets which proxies are believed.
    pub fn proxies(mut self, proxies: Proxies) -> HttpApp {
        self.proxies = proxies;
        self
    }

    /// Sets other limits.
    pub fn limits(mut self, limits: ServerLimits) -> HttpApp {
        self.limits = limits;
        self
    }

    /// What is served.
    pub fn router(&self) -> &Router {
        &self.router
    }
}

/// A router and its limits in one piece, so that no connection sees parts of two.
#[derive(Debug)]
pub(crate) struct Serving {
    pub app: Arc<HttpApp>,
    pub limits: ServerLimits,
}
