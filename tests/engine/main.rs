//! The broker: one order for all members, retention for members that are behind, and exact counts.
//!
//! Tests run the engine alone without sockets. Promises of the whole server are tested through
//! sockets.

mod counts;
mod edges;
mod fairness;
mod fixture;
mod leave;
mod lists;
mod members_max;
mod order;
mod publish_backpressure;
mod retention;
mod room_lag;
mod room_retention;
mod scene;
mod slow_readers;
mod threads;
mod wake_times;
mod writes_over_sockets;
mod writes_per_message;
