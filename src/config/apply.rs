//! Conversion of the configuration into the router, room rules, proxies and shards to serve.

use std::num::NonZeroUsize;

use super::lists::Origins;
use super::tree::Config;
use crate::channel::{CheckOrigin, OriginError};
use crate::channel::{Router, UserSocket};
use crate::credentials::TokenPolicy;
use crate::rooms::{RoomRules, declare};
use crate::server::{Limit, Owner, Proxies};

impl Config {
    /// Returns the router: the rooms behind the socket, and the chat page.
    ///
    /// # Errors
    /// If an entry of the origins cannot be used. Origins of a file or a variable were checked when
    /// they were read.
    pub fn router(&self) -> Result<Router, OriginError> {
        let origins = match &self.origins {
            Origins::OwnHost => CheckOrigin::own_host(),
            Origins::Any => CheckOrigin::off(),
            Origins::List(entries) => CheckOrigin::list(entries)?,
        };
        let mut socket = self.with_limits(UserSocket::new().check_origin(origins));
        if let Some(tokens) = &self.tokens {
            socket = socket.tokens(tokens.checks.clone(), self.token_policy());
        }
        Ok(Router::new()
            .socket(&self.socket_path.0, self.with_rooms(socket))
            .static_files(self.static_files))
    }

    /// Returns where tokens arrive, and what their end does.
    fn token_policy(&self) -> TokenPolicy {
        let mut policy = self.auth.policy.clone();
        policy.required = self.auth.required.unwrap_or(true);
        policy
    }

    /// Sets the limits that each mount may set for itself.
    fn with_limits(&self, socket: UserSocket) -> UserSocket {
        Limit::ALL
            .iter()
            .fold(socket, |socket, &limit| match limit.owner() {
                Owner::Mount(mount) => (mount.set)(socket, self.limits.max(limit)),
                _ => socket,
            })
    }

    /// Adds the configured rooms to `socket`, in their order.
    fn with_rooms(&self, socket: UserSocket) -> UserSocket {
        declare(socket, self.room_rules())
    }

    /// Returns the rules of the configured rooms, in their order.
    pub fn room_rules(&self) -> Vec<RoomRules> {
        let rules = self.rooms.iter().map(|room| room.rules(&self.limits));
        rules.collect()
    }

    /// Returns the trusted proxies, and whether they send PROXY headers.
    pub fn proxies(&self) -> Proxies {
        Proxies {
            trusted: self.trusted_proxies.clone(),
            proxy_protocol: self.proxy_protocol,
        }
    }

    /// Returns the number of shards: the configured number, else one for each core.
    pub fn shards(&self) -> NonZeroUsize {
        let set = self
            .shards
            .and_then(|count| NonZeroUsize::new(count.into()));
        set.unwrap_or_else(cores)
    }
}

/// Returns the number of cores this process may use, so a container's limit counts. Returns 1 where
/// the system does not report that number.
pub(super) fn cores() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}
