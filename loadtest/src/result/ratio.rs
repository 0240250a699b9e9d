//! The figures of a server that are shown as multiples of the floor's.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A figure of a server that is shown as a multiple of the floor's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum RatioFigure {
    /// The server's CPU time per delivery.
    #[serde(rename = "server CPU per delivery")]
    CpuPerDelivery,
    /// Deliveries per second.
    #[serde(rename = "deliveries per second")]
    DeliveriesPerSecond,
    /// The median delay of deliveries.
    #[serde(rename = "p50 latency")]
    P50,
    /// The 99th percentile of the delays of deliveries.
    #[serde(rename = "p99 latency")]
    P99,
    /// The median delay that the prober saw.
    #[serde(rename = "p50 latency of the prober")]
    ProberP50,
    /// The 99th percentile of the delays that the prober saw.
    #[serde(rename = "p99 latency of the prober")]
    ProberP99,
    /// The 99th percentile of the times until the last subscriber had a message.
    #[serde(rename = "p99 time to last subscriber")]
    LastSubscriberP99,
    /// Deliveries per read of the load generator.
    #[serde(rename = "deliveries per read")]
    DeliveriesPerRead,
}

impl fmt::Display for RatioFigure {
    /// Writes the name that the JSON has.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}
