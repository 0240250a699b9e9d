//! CPU and memory of both sides, and the side that was at its limit.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The machine that the load came from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// The processor's name.
    pub cpu_model: String,
    /// The number of cores.
    pub cores: u32,
    /// Memory in all, in bytes.
    pub memory_bytes: u64,
    /// The system's name and version.
    pub kernel: String,
    /// The cores that the server was bound to, as in "0" or "0-3"; null if it was not bound.
    pub server_cores: Option<String>,
    /// The cores that the load generator was bound to; null if it was not bound.
    pub load_cores: Option<String>,
}

/// The use of CPU and memory by the server's process and all processes that it started, from /proc.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServerUsage {
    /// The process that was watched.
    pub pid: u32,
    /// CPU time in the measured time, user and system, in seconds.
    pub cpu_seconds: f64,
    /// The part of the CPU time spent in the kernel, in seconds.
    pub system_seconds: f64,
    /// CPU time per second: 1.0 is one core.
    pub cores_used: f64,
    /// The cores that the server could use: the cores it is bound to, but no more than its threads.
    pub cores_available: f64,
    /// CPU time per delivery in microseconds, if there were deliveries.
    pub us_per_delivery: Option<f64>,
    /// CPU time per connection from the first connect to the last join, in microseconds.
    /// The join is included.
    pub us_per_join: Option<f64>,
    /// Resident memory before the first connection, in bytes.
    pub rss_before_bytes: u64,
    /// Resident memory when all connections had joined, in bytes.
    pub rss_joined_bytes: u64,
    /// Resident memory at the end of the measured time, in bytes.
    pub rss_after_bytes: u64,
    /// Memory per connection in bytes: (joined - before) / connections.
    pub rss_per_connection_bytes: Option<f64>,
}

/// The load generator's own use of CPU.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoadUsage {
    /// CPU time in the measured time, in seconds.
    pub cpu_seconds: f64,
    /// Share of the measured time in which the load generator ran or waited for a core.
    /// At 1.0 it was the bottleneck.
    pub busy: f64,
    /// Share of the measured time in which it waited for a core that another process had.
    pub waiting: f64,
    /// CPU time per delivery in microseconds.
    pub us_per_delivery: Option<f64>,
    /// The number of reads from sockets.
    pub reads: u64,
    /// Deliveries per read, on average: how much the server batched.
    pub deliveries_per_read: Option<f64>,
}

/// The side that was at its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Saturated {
    /// The server used all the CPU it could: the figures are its ceiling.
    Server,
    /// The load generator used all its CPU: the figures are its own ceiling, not the server's.
    LoadGenerator,
    /// Both the server and the load generator used all the CPU they could.
    Both,
    /// Neither side was at its limit: the rate or the window of the run was the limit.
    Neither,
    /// The load generator was not at its limit, and the server's process is unknown.
    Unknown,
}
