//! What is served over HTTP, and within which limits: one for all connections of the server.

use std::sync::Arc;

use super::operator_pages::Pages;
use crate::channel::Router;
use crate::server::admission::Admission;
use crate::server::admission::proxies::Proxies;
use crate::server::limits::values::HttpLimits;
use crate::server::limits::values::ServerLimits;

/// What the HTTP side needs to answer; one for all connections of the server.
#[derive(Debug)]
pub struct HttpApp {
    router: Router,
    pub(crate) limits: HttpLimits,
    pub(crate) proxies: Proxies,
    pub(crate) admission: Arc<Admission>,
    /// None where there is no server round it, and so nothing to be asked about but itself.
    pub(crate) pages: Option<Pages>,
}

impl HttpApp {
    /// Serves `router` within the default limits.
    pub fn new(router: Router) -> HttpApp {
        HttpApp {
            router,
            limits: HttpLimits::default(),
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

    /// With what belongs to the server rather than to what is served.
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
    pub fn limits(mut self, limits: HttpLimits) -> HttpApp {
        self.limits = limits;
        self
    }

    /// What is served.
    pub fn router(&self) -> &Router {
        &self.router
    }
}

/// What is served, and within which limits: whole, so that nobody sees a part of two.
#[derive(Debug)]
pub(crate) struct Serving {
    pub app: Arc<HttpApp>,
    pub limits: ServerLimits,
}
