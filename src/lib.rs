//! A WebSocket broker that speaks the Phoenix Channels protocol.

#![forbid(unsafe_code)]

pub mod broker;
pub mod channel;
pub mod protocol;
pub mod rooms;
pub mod websocket;

pub use channel::{
    Assigns, Broadcast, Channel, Handled, Info, Join, ReplyHandle, Socket, SocketHandle,
    StopReason, TerminateReason,
};
