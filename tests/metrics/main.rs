//! What an operator sees: metrics that are true and well-formed, gauges that return to where they were, health and
//! readiness that tell two things, and documents that name what is there.

mod admin;
mod documents;
mod gauges;
mod health;
mod page;
mod refused;
mod rooms;
#[path = "../support/mod.rs"]
mod support;
mod wellformed;
