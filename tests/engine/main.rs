//! The broker: one order for all, what is kept for readers that are behind, and counts that are true. Alone, without a
//! socket, and where the whole is promised through sockets.

mod broker_model;
mod counts;
mod edges;
mod fairness;
mod fixture;
mod members_max;
mod order;
mod publish_backpressure;
mod retention;
mod room_retention;
mod slow_readers;
mod stage;
#[path = "../support/mod.rs"]
mod support;
mod threads;
