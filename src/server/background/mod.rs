//! Threads beside the shards, at a low priority: signatures of tokens, and HTTP that goes out.
//!
//! They start when somebody needs them, and cost nothing before.

pub(crate) mod background_settings;
mod fetch_keys;
mod fetcher;
mod http_client;
mod issuer_counts;
mod job_queue;
pub(crate) mod job_stats;
pub(crate) mod key_wait;
pub(crate) mod pool;
pub(crate) mod shared_histogram;
mod token_host;
pub(crate) mod token_stats;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::channel::Router;
use crate::credentials::TokenChecks;
use crate::server::limits::meters::LimitMeters;
use crate::server::limits::values::ServerLimits;
use background_settings::BackgroundSettings;
use fetch_keys::KeyFetch;
use fetcher::Fetcher;
use http_client::HttpTimes;
use key_wait::KeyWait;
use pool::Pool;
use token_host::ServerTokenHost;
use token_stats::TokenStats;

/// The background of one server.
#[derive(Debug)]
pub(crate) struct Background {
    pub pool: Arc<Pool>,
    pub tokens: Arc<TokenStats>,
    pub keys: Arc<KeyWait>,
    fetcher: Fetcher,
    times: HttpTimes,
    is_used: AtomicBool,
}

impl Background {
    pub fn new(limits: &ServerLimits, meters: &Arc<LimitMeters>) -> Background {
        let pool = Pool::new(limits.into(), Arc::clone(meters));
        Background {
            pool: Arc::new(pool),
            tokens: Arc::default(),
            keys: Arc::default(),
            fetcher: Fetcher::default(),
            times: HttpTimes::default(),
            is_used: AtomicBool::new(false),
        }
    }

    /// Takes the settings over, before anything runs.
    pub fn set_up(&self, settings: &BackgroundSettings) {
        self.pool.set_up(settings.pool);
        self.keys.set_wait_ms(settings.jwks_wait_ms);
        settings.tokens.iter().for_each(|checks| self.serve(checks));
    }

    /// Serves the checks of all mounts of a router.
    pub fn serve_all(&self, router: &Router) {
        for socket in router.sockets() {
            if let Some((checks, _)) = socket.token_checks() {
                self.serve(checks);
            }
        }
    }

    /// Serves checks of tokens from now on: their dear signatures are checked by the pool, their
    /// verdicts are counted, and the keys of their issuers are fetched. Issuers that are there
    /// already, as before a reload, hand their keys on. Checks that have a server keep it.
    pub fn serve(&self, checks: &TokenChecks) {
        let (pool, stats) = (Arc::clone(&self.pool), Arc::clone(&self.tokens));
        self.is_used.store(true, Ordering::Relaxed);
        checks.host_on(Arc::new(ServerTokenHost { pool, stats }));
        let verifier = checks.verifier();
        let Some(others) = self.keys.add(verifier) else {
            return;
        };
        for other in others {
            verifier.resume_keys(&other);
        }
        for issuer in 0..verifier.issuers().len() {
            let fetch = KeyFetch::new(verifier, issuer, self.times, &self.tokens);
            if let Some(fetch) = fetch {
                self.fetcher.spawn(fetch.run());
            }
        }
    }

    /// True if tokens were ever checked here.
    pub fn is_used(&self) -> bool {
        self.is_used.load(Ordering::Relaxed)
    }

    /// Sets the limits from now on.
    pub fn set_limits(&self, limits: &ServerLimits) {
        self.pool.set_limit(limits.into());
    }

    /// Ends all threads. Checks that wait are answered with `keys_unavailable`.
    pub fn stop(&self) {
        self.fetcher.stop();
        self.pool.stop();
    }
}

#[cfg(test)]
mod tests;
