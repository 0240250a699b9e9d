//! A WebSocket broker that speaks the Phoenix Channels protocol.

#![forbid(unsafe_code)]

pub mod websocket;
