//! Hot reload: the router that a server serves, its limits, and their replacement.
//!
//! SIGHUP comes from `program/sighup`. From here the new router goes to each shard
//! (`shard/reload`), which hands each connection's session its new rooms (`Session::reload`).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::channel::Router;
use crate::server::accept::open_files::warn_of_few_descriptors;
use crate::server::http::app::HttpApp;
use crate::server::http::app::Served;
use crate::server::limits::limit::Limit;
use crate::server::limits::values::ServerLimits;
use crate::server::shard::link::{Command, ShardLink};

/// A new router and new limits for a running server: see
/// [`Endpoint::reload`](super::endpoint::Endpoint::reload).
#[derive(Debug)]
#[must_use]
pub struct Reload {
    router: Router,
    limits: ServerLimits,
}

impl Reload {
    /// Returns a reload that serves `router` within the default limits.
    pub fn new(router: Router) -> Reload {
        Reload {
            router,
            limits: ServerLimits::default(),
        }
    }

    /// Sets the limits to serve within.
    ///
    /// # Panics
    /// If the drain's deadline is over before its ready delay.
    pub fn limits(self, limits: ServerLimits) -> Reload {
        limits.drain.check();
        Reload { limits, ..self }
    }

    #[cfg(feature = "auth")]
    pub(super) fn router(&self) -> &Router {
        &self.router
    }

    #[cfg(feature = "auth")]
    pub(super) fn server_limits(&self) -> &ServerLimits {
        &self.limits
    }
}

/// The present router and limits, which the running server owns. A reload replaces them, and hands
/// the new ones to the shards. The acceptor's thread reads the times of the drain from them.
#[derive(Debug)]
pub(super) struct Live(Mutex<Current>);

#[derive(Debug)]
struct Current {
    serving: Arc<Served>,
    /// Empty before the server runs.
    shards: Vec<Weak<ShardLink>>,
}

impl Live {
    /// Returns `app` within `limits`, as yet without shards.
    pub fn new(app: HttpApp, limits: ServerLimits) -> Live {
        let app = Arc::new(app);
        Live(Mutex::new(Current {
            serving: Arc::new(Served { app, limits }),
            shards: Vec::new(),
        }))
    }

    /// Returns the present router and limits.
    pub fn serving(&self) -> Arc<Served> {
        Arc::clone(&self.lock().serving)
    }

    /// Has reloads go to `shards` from now on. Returns the router and limits that the shards begin
    /// with.
    pub fn reach(&self, shards: &[Arc<ShardLink>]) -> Arc<Served> {
        let mut current = self.lock();
        current.shards = shards.iter().map(Arc::downgrade).collect();
        Arc::clone(&current.serving)
    }

    /// Hands a new router and limits to all shards. The lock is held to the end, so that all shards
    /// see reloads in one order.
    pub fn reload(&self, reload: Reload) {
        let app = HttpApp::new(reload.router).limits(reload.limits);
        let mut current = self.lock();
        let app = Arc::new(app.succeeding(&current.serving.app));
        let limits = reload.limits;
        let connections_max = app.admission.limits().max(Limit::Connections);
        app.admission.set_limits(&limits);
        if limits.max(Limit::Connections) > connections_max {
            warn_of_few_descriptors(&app.admission);
        }
        let serving = Arc::new(Served { app, limits });
        let replaced = std::mem::replace(&mut current.serving, Arc::clone(&serving));
        for shard in current.shards.iter().filter_map(Weak::upgrade) {
            let command = Command::Reload(Arc::clone(&serving));
            shard.inbox.post(command, 1);
        }
        drop(current);
        // Without the lock: this may be the end of the app's channels, whose code may reload again.
        drop(replaced);
    }

    fn lock(&self) -> MutexGuard<'_, Current> {
        // No code of the app runs under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
