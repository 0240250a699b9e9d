//! The cheapest fan-out that this machine's kernel allows, as a yardstick for servers.
//!
//! A run "against the floor" connects to this broker in place of a server.
//!
//! One thread, one epoll, no JSON. The handshake and the answers to joins, leaves and heartbeats
//! are canned; any other message for a lobby goes to its members unchanged. The floor speaks enough
//! of `vsn` 2.0.0 for this load test, and no other version. It is no server: a client that sends
//! anything else is dropped. There is no timer, no log, and no limit except those on memory.

mod broker;
mod envelope;
mod event_loop;
mod frame;
mod handshake;
mod lobby;
mod membership;
mod socket;
mod writes;

use std::io;
use std::net::TcpListener;
use std::sync::atomic::AtomicBool;

pub use writes::Writes;

/// Serves on this thread until `stop` is set. The flag is read every turn, at least every 100 ms.
/// After that all connections are dropped.
///
/// The bound listener is made non-blocking and given `TCP_NODELAY`, which its connections inherit.
///
/// # Errors
///
/// When the listener or epoll fails. No client can end the floor.
pub fn serve(listener: TcpListener, writes: Writes, stop: &AtomicBool) -> io::Result<()> {
    event_loop::Floor::new(listener, writes)?.run(stop)
}
