//! What a server serves and within which limits, as it is now, and how that is replaced while it runs.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::channel::Router;
use crate::server::http::app::HttpApp;
use crate::server::http::app::Serving;
use crate::server::limits::values::ServerLimits;
use crate::server::node::status::ReloadCounts;
use crate::server::shard::link::{Command, ShardLink};

/// What a running server is to serve from now on: see [`Endpoint::reload`](super::endpoint::Endpoint::reload).
#[derive(Debug)]
pub struct Reload {
    /// What is served.
    pub router: Router,
    /// Within which limits.
    pub limits: ServerLimits,
}

/// The one place that knows it. Shards have it handed to them, the acceptor asks.
#[derive(Debug, Default)]
pub(super) struct Live(Mutex<Current>);

#[derive(Debug)]
struct Current {
    serving: Arc<Serving>,
    /// Empty before the server runs. Weak, as they are the running server's.
    shards: Vec<Weak<ShardLink>>,
    reloads: ReloadCounts,
}

impl Default for Current {
    /// Of a server that serves nothing.
    fn default() -> Current {
        let app = Arc::new(HttpApp::new(Router::new()));
        let limits = ServerLimits::default();
        Current {
            serving: Arc::new(Serving { app, limits }),
            shards: Vec::new(),
            reloads: ReloadCounts::default(),
        }
    }
}

impl Live {
    /// What is served first.
    pub fn begin(&self, app: HttpApp, limits: ServerLimits) {
        let app = Arc::new(app);
        self.lock().serving = Arc::new(Serving { app, limits });
    }

    /// The server has ended. What it served may hold an endpoint, as the pages do, and through that itself.
    pub fn retire(&self) {
        let served = std::mem::take(&mut *self.lock());
        // What it lets go may be the app's, so the lock is not held.
        drop(served);
    }

    /// What is served now.
    pub fn serving(&self) -> Arc<Serving> {
        Arc::clone(&self.lock().serving)
    }

    /// Has reloads go to `shards` from now on. Returns what they are to begin with.
    pub fn reach(&self, shards: &[Arc<ShardLink>]) -> Arc<Serving> {
        let mut state = self.lock();
        state.shards = shards.iter().map(Arc::downgrade).collect();
        Arc::clone(&state.serving)
    }

    /// Under the lock to its end, so that all shards see reloads in one order.
    pub fn reload(&self, reload: Reload) {
        let app = HttpApp::new(reload.router).limits(reload.limits);
        let mut state = self.lock();
        let app = Arc::new(app.succeeding(&state.serving.app));
        app.admission.set_limits(&reload.limits);
        let limits = reload.limits;
        let serving = Arc::new(Serving { app, limits });
        state.serving = Arc::clone(&serving);
        state.reloads.ok += 1;
        for shard in state.shards.iter().filter_map(Weak::upgrade) {
            let command = Command::Reload(Arc::clone(&serving));
            shard.inbox.post(command, 1);
        }
    }

    /// What was to be served was wrong.
    pub fn reload_failed(&self) {
        self.lock().reloads.failed += 1;
    }

    pub fn reloads(&self) -> ReloadCounts {
        self.lock().reloads
    }

    fn lock(&self) -> MutexGuard<'_, Current> {
        // Nothing of the app's runs under it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
