//! A WebSocket broker that speaks the Phoenix Channels protocol.

#![forbid(unsafe_code)]

pub mod broker;
pub mod channel;
pub mod config;
pub mod protocol;
pub mod rooms;
pub mod server;
pub mod websocket;

pub use channel::{
    Assigns, Broadcast, Channel, CheckOrigin, Connect, ConnectInfo, Handled, Info, Join, Params,
    ReplyHandle, Router, Socket, SocketHandle, StopReason, TerminateReason, UserSocket,
};
