//! The acceptor: the one owner of the listener. It hands each connection to the shard that has the fewest.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rustix::net::SocketFlags;
use tokio::io::unix::AsyncFd;
use tokio::time::Instant;

use super::inbox::ShardLink;

/// How long to wait when the process or the system is out of descriptors. The connections wait in the backlog.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);

/// The shortest time from one round of accepts to the next. In a storm each connection alone would have the shards' threads
/// make room for this one; so it comes for some dozens at once.
const ROUND: Duration = Duration::from_millis(3);

/// Accepts until the future is dropped.
pub(super) async fn accept(listener: &AsyncFd<TcpListener>, shards: &[Arc<ShardLink>]) {
    loop {
        // Not tokio's own listener: its sockets would be registered with this thread's poll first.
        let Ok(mut guard) = listener.readable().await else {
            continue;
        };
        let began = Instant::now();
        loop {
            match accept_one(listener.get_ref()) {
                Ok((stream, peer)) => hand_over(stream, peer, shards),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    guard.clear_ready();
                    break;
                }
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, "cannot accept connections for now; they wait in the backlog");
                    tokio::time::sleep(EXHAUSTED_PAUSE).await;
                }
            }
        }
        tokio::time::sleep_until(began + ROUND).await;
    }
}

/// std would need a second system call to have the socket not block.
fn accept_one(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let (stream, peer) = rustix::net::acceptfrom_with(listener, flags)?;
    let peer = peer.and_then(|peer| SocketAddr::try_from(peer).ok());
    let peer = peer.ok_or(io::ErrorKind::ConnectionAborted)?;
    Ok((stream.into(), peer))
}

fn hand_over(stream: TcpStream, peer: SocketAddr, shards: &[Arc<ShardLink>]) {
    let load = |shard: &&Arc<ShardLink>| shard.connections.load(Ordering::Relaxed);
    if let Some(shard) = shards.iter().min_by_key(load) {
        shard.accept(stream, peer);
    }
}

/// The connection died before it was accepted; the next one is not concerned.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted
    )
}
