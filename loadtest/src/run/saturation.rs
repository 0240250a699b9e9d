//! The side that was at its limit while a measurement went on.

use crate::result::{LoadUsage, Saturated, ServerUsage};

/// Busy share of the time from which a side is at its limit. The rest goes to waiting for the other
/// side.
const SATURATED: f64 = 0.9;

pub(super) fn saturated(server: &Option<ServerUsage>, load: &LoadUsage) -> Saturated {
    let load_is = load.busy >= SATURATED;
    let server_is = server
        .as_ref()
        .map(|server| server.cores_used >= SATURATED * server.cores_available);
    match (server_is, load_is) {
        (Some(true), true) => Saturated::Both,
        (Some(true), false) => Saturated::Server,
        (_, true) => Saturated::LoadGenerator,
        (Some(false), false) => Saturated::Neither,
        (None, false) => Saturated::Unknown,
    }
}
