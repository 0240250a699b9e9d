//! A WebSocket broker that speaks the Phoenix Channels protocol.

pub mod broker;
pub mod channel;
pub mod protocol;
pub mod rooms;

pub use channel::{
    Assigns, Broadcast, Channel, Handled, Info, Join, ReplyHandle, Socket, SocketHandle,
    StopReason, TerminateReason,
};
