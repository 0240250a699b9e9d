//! The acceptor: the one owner of the listener. It hands each connection to the shard that has the fewest.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::inbox::ShardLink;

/// How long to wait when the process or the system is out of descriptors. The connections wait in the backlog.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);

/// Accepts until the future is dropped.
pub(super) async fn accept(listener: &AsyncFd<TcpListener>, shards: &[Arc<ShardLink>]) {
    loop {
        // Not tokio's own listener: its sockets would be registered with this thread's poll first.
        match listener
            .async_io(Interest::READABLE, TcpListener::accept)
            .await
        {
            Ok((stream, peer)) => hand_over(stream, peer, shards),
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept connections for now; they wait in the backlog");
                tokio::time::sleep(EXHAUSTED_PAUSE).await;
            }
        }
    }
}

fn hand_over(stream: TcpStream, peer: SocketAddr, shards: &[Arc<ShardLink>]) {
    if let Err(error) = stream.set_nonblocking(true) {
        return tracing::warn!(%error, %peer, "cannot use a new socket");
    }
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
