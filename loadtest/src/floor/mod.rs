//! The cheapest fan-out that this machine's kernel allows, as a yardstick for servers.
//!
//! It is what a run "against the floor" connects to in
//! a server's place, and knows nothing of the load.
//!
//! One thread, one epoll, no JSON. The handshake and the answers to joins, leaves and heartbeats
//! are canned; any other message for a lobby goes to its members as it is. It speaks enough of
//! `vsn` 2.0.0 for this load test and no other version. It is no server: a client it does not
//! understand is dropped, and there is no timer, no log and no limit except those on memory.
//!
//! - `mod`: how to run one
//! - `turn`: the loop, from one epoll_wait to the next
//! - `broker`: joins, publishes and answers
//! - `writes`: in batches or message by message
//! - `lobby`, `membership`: the members of lobbies, and messages that wait for the turn's end
//! - `connection`: a socket, with bytes that were not read or not written whole
//! - `handshake`, `frame`, `envelope`: bytes

mod broker;
mod connection;
mod envelope;
mod frame;
mod handshake;
mod lobby;
mod membership;
mod turn;
mod writes;

use std::io;
use std::net::TcpListener;
use std::sync::atomic::AtomicBool;

pub use writes::Writes;

/// Serves on this thread until `stop` is set, which is looked at every turn and at least every 100
/// ms. Then all connections are dropped.
///
/// The listener is used as it is bound, but made non-blocking and given `TCP_NODELAY`, which its
/// connections inherit.
///
/// # Errors
///
/// When the listener or epoll fails. What a client does never ends it.
pub fn serve(listener: TcpListener, writes: Writes, stop: &AtomicBool) -> io::Result<()> {
    turn::Floor::new(listener, writes)?.run(stop)
}
