//! A WebSocket broker that speaks the Phoenix Channels protocol.

pub mod protocol;
pub mod channel;
