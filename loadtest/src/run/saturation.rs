//! The side that was at its limit while a measurement went on.

use crate::result::{LoadUsage, Saturated, ServerUsage};

/// A side that is busy for this share of the time is at its limit. It is never busy all the time,
/// because it also waits for messages of the other side.
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
