//! The settings that a fleet's connections have in common: address, script and time limits.

use std::net::SocketAddr;

use super::script::Script;
use crate::load::template::Template;

/// The settings of a fleet.
#[derive(Clone, Debug)]
pub struct FleetSettings {
    /// The server's address.
    pub address: SocketAddr,
    /// The Host header.
    pub host: String,
    /// Path and query of the upgrade.
    pub path_and_query: Template,
    /// Further header lines of the upgrade.
    pub headers: Vec<Template>,
    /// The topics and payloads of the connections.
    pub script: Script,
    /// From one heartbeat of a connection to its next, in nanoseconds.
    pub heartbeat_ns: u64,
    /// Most connections that may be opening or joining at once.
    pub connecting_max: usize,
    /// Connections opened in a second; no limit if `None`.
    pub connect_rate: Option<f64>,
    /// Longest time from the opening of a connection to its join's reply, in nanoseconds.
    pub connect_timeout_ns: u64,
    /// Longest wait for the deliveries of a message, in nanoseconds.
    pub settle_ns: u64,
    /// The seed of random choices.
    pub seed: u64,
}
