//! What a fleet's connections have in common: address, script and time limits.

use std::net::SocketAddr;

use super::script::Script;

/// What the connections of a fleet are to do.
#[derive(Clone, Debug)]
pub struct FleetSettings {
    /// The server's address.
    pub address: SocketAddr,
    /// The Host header.
    pub host: String,
    /// Path and query of the upgrade.
    pub path_and_query: String,
    /// Further header lines of the upgrade.
    pub headers: Vec<String>,
    /// What they say.
    pub script: Script,
    /// From one heartbeat of a connection to its next, in nanoseconds.
    pub heartbeat_ns: u64,
    /// Connections that may be on their way to being joined at once.
    pub connecting_max: usize,
    /// Connections opened in a second; as fast as it goes if `None`.
    pub connect_rate: Option<f64>,
    /// Longest time from the start of a connection to its join's reply, in nanoseconds.
    pub connect_timeout_ns: u64,
    /// Longest time that a message is waited for, in nanoseconds.
    pub settle_ns: u64,
    /// Where random choices start.
    pub seed: u64,
}
