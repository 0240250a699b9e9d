//! What an app sets of the background of its server, before it is bound.

use super::key_wait::JWKS_WAIT_MS;
use super::pool::PoolSettings;
use crate::credentials::TokenChecks;

/// The settings of a server's background.
#[derive(Debug)]
pub(crate) struct BackgroundSettings {
    pub pool: PoolSettings,
    /// `auth.jwks_wait_ms`.
    pub jwks_wait_ms: u64,
    /// Checks that the app has made for itself.
    pub tokens: Vec<TokenChecks>,
}

impl Default for BackgroundSettings {
    fn default() -> BackgroundSettings {
        BackgroundSettings {
            pool: PoolSettings::default(),
            jwks_wait_ms: JWKS_WAIT_MS,
            tokens: Vec::new(),
        }
    }
}
