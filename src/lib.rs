//! A WebSocket broker that speaks the Phoenix Channels protocol.

pub mod channel;
pub mod config;
pub mod protocol;
pub mod server;
