//! What an operator sees: metrics that are true and well-formed, gauges that return to where they were, health and
//! readiness that tell two things, and documents that name what is there.

mod admin_listener;
mod documents;
mod format;
mod gauges;
mod health;
mod page;
mod refusals;
mod room_sizes;
