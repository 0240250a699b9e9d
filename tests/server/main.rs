//! Hostile input: every attack has its stated outcome, and no other client notices.
//!
//! During most attacks two well-behaved clients chat, and each of their messages arrives in order
//! before a deadline. After an attack nothing of the attacker is left.

mod admission;
mod backpressure;
mod churn;
mod close_frames;
mod drain;
mod fixture;
mod half_open;
mod held_back_close;
mod idle_timeout;
mod join_pace;
mod join_storm;
mod key_fetches;
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
mod standstill;
mod tokens;
