//! Lobbies for load tests: any `room:…` may be joined, and pushes are broadcast or answered.
//!
//! `cargo run --release --example lobbies -- 127.0.0.1:4000 1` serves the lobbies at that address
//! with one shard. A push of `new_msg` is broadcast. A push of `acked` is broadcast as `new_msg`,
//! and answered. A push of `ping` is only answered. A broadcast has the `body` of the push alone.

use std::net::SocketAddr;

use lobbyd::server::{Limit, Server, ServerLimits, raise_descriptor_limit};
use lobbyd::{Channel, Handled, Join, Payload, Router, Socket, UserSocket, object, reason};
use tokio::signal::unix::{SignalKind, signal};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

struct Lobby;

impl Channel for Lobby {
    fn join(&self, _topic: &str, _params: Payload<'_>, _socket: &mut Socket<'_>) -> Join {
        Join::ok()
    }

    fn handle_in(&self, event: &str, payload: Payload<'_>, socket: &mut Socket<'_>) -> Handled {
        match (event, payload.get("body")) {
            ("ping", _) => Handled::ok(object! {}),
            ("new_msg", Some(body)) => {
                socket.broadcast("new_msg", object! { "body": body });
                Handled::no_reply()
            }
            ("acked", Some(body)) => {
                socket.broadcast("new_msg", object! { "body": body });
                Handled::ok(object! {})
            }
            _ => Handled::error(reason("expected new_msg or acked with a body, or ping")),
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments
        .next()
        .unwrap_or_else(|| "127.0.0.1:4000".to_owned());
    let address: SocketAddr = address.parse()?;
    let shards = arguments.next().map_or(Ok(1), |shards| shards.parse())?;
    raise_descriptor_limit();
    let router = Router::new().socket("/socket", UserSocket::new().channel("room:*", Lobby));
    // The load tests measure the cost of a join, so the rates of accepts and joins are not limited.
    let limits = ServerLimits::default()
        .with_max(Limit::AcceptsPerSecond, u32::MAX.into())
        .with_max(Limit::JoinsPerSecond, u32::MAX.into());
    let server = Server::new(router).shards(shards).limits(limits);
    let server = server.bind(address)?;
    println!(
        "lobbies on ws://{}/socket/websocket, shards: {shards}",
        server.local_addr()
    );
    server.run(async {
        match signal(SignalKind::terminate()) {
            Ok(mut asked) => drop(asked.recv().await),
            Err(_) => std::future::pending().await,
        }
    })?;
    Ok(())
}
