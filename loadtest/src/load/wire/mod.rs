//! The bytes of a connection, as plain functions.
//!
//! It has the upgrade, WebSocket frames, Phoenix's
//! messages, and the tag by which a message is known again.

pub mod frame;
pub mod phoenix;
pub mod tag;
pub mod upgrade;
