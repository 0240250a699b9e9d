//! What is kept for readers that are behind, and no more: each bound alone on the engine, and all of it through sockets.

mod bounds;
mod crowd;
mod publishers;
mod readers;
mod rooms;
mod stage;
#[path = "../support/mod.rs"]
mod support;
mod wake_times;
