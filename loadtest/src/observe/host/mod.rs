//! The machine that the load runs on: /proc, limits of files and ports, binding to cores.
//!
//! Scenarios call this code before they start, and the event loop while it runs. Nothing here knows
//! the load.

mod cores;
mod limits;
mod machine;
mod process;
mod process_tree;
mod reach;
mod server;
#[cfg(test)]
mod wait;

pub use cores::{Cores, CoresError};
pub use limits::{NotEnough, Room, raise_descriptors};
pub use machine::machine;
pub use process_tree::{OwnUsage, ProcessTree, Usage};
pub use reach::{listens, met_itself};
pub use server::{Server, SpawnError, Stopped, kill_servers};
