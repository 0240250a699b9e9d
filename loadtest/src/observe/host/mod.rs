//! The host: what is read of, and set in, the system the load comes from. Linux's /proc, its limits, its cores. Scenarios
//! ask here before they start, and the engine asks while it runs; nothing here knows the load.

mod cores;
mod limits;
mod machine;
mod process;
mod server;
mod usage;

pub use cores::{Cores, CoresError};
pub use limits::{NotEnough, Room, raise_descriptors};
pub use machine::machine;
pub use server::{Server, SpawnError, Stopped, kill_servers};
pub use usage::{OwnUsage, ProcessTree, Usage};

/// Waits for something that tests are sure comes.
#[cfg(test)]
fn within_10_s(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while !holds() {
        assert!(
            std::time::Instant::now() < deadline,
            "not within 10 s: {what}"
        );
        std::thread::yield_now();
    }
}
