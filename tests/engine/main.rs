//! The broker: one order for all, what is kept for readers that are behind, and counts that are true. Alone, without a
//! socket, and where the whole is promised through sockets.

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
mod threads;
mod wake_times;
