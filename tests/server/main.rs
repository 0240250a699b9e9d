//! Hostile input: every attack has its stated outcome, and nobody else notices. During each attack two well-behaved
//! clients chat, each message delivered in order before a deadline; after it nothing is left of the attacker.

mod admission;
mod backpressure;
mod churn;
mod close_frames;
mod drain;
mod fixture;
mod half_open;
mod idle_timeout;
mod join_storm;
mod malformed_json;
mod malformed_requests;
mod metrics;
mod observe_mode;
mod panics;
mod partial_messages;
mod proxies;
mod rate_limits;
mod rate_reload;
mod rooms;
mod slow_consumers;
