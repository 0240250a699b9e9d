//! Scenes that the benches measure: messages of stated sizes, and a lobby without real sockets.
//!
//! The scenes are shared by `benches/engine`, which measures time, and `benches/instructions`,
//! which counts instructions.

#![allow(dead_code, reason = "each of the two uses its part")]

pub mod lobby;
pub mod messages;
