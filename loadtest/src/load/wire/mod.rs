//! What goes over a connection, as plain functions of bytes.
//!
//! It has the upgrade, WebSocket frames, Phoenix's messages, and the tag by which a message is
//! known again.

pub mod frame;
pub mod phoenix;
pub mod tag;
pub mod upgrade;
