//! The broker: one order per topic, logs and cursors, and the passes that write them to sockets.
//!
//! It moves opaque sealed frames and knows no JSON, no HTTP and no channel.

mod position;

pub use position::{Position, SubscriptionId};
