//! The operator's view: metrics, gauges, health and readiness, and the documents about them.
//!
//! Metrics are exact and well-formed. Gauges return to their old values. Health and readiness show
//! two different states. The documents name the existing metrics.

mod admin_listener;
mod documents;
mod format;
mod gauges;
mod health;
pub mod page;
mod refusals;
mod room_sizes;
mod turn_time;
