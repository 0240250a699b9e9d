//! The bytes of a connection, as plain functions.
//!
//! Here are the upgrade, WebSocket frames, Phoenix's messages, and the tag that marks a published
//! message.

pub mod phoenix;
pub mod tag;
pub mod upgrade;
pub mod websocket;
