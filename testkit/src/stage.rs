//! A server on a free port, in the process of the test.

use lobbyd::rooms;
use lobbyd::server::{Limit, Running, Server, ServerLimits};
use lobbyd::{Router, UserSocket};

/// Serves the tutorial's room under `/socket`, as the binary does, on any free port, with two
/// shards.
pub fn tutorial() -> Running {
    let socket = rooms::declare(UserSocket::new(), rooms::tutorial());
    serve(Router::new().socket("/socket", socket))
}

/// Serves `router` on any free port, with two shards.
pub fn serve(router: Router) -> Running {
    serve_with(router, 2, at_once())
}

/// Returns the default limits, but with no wait for the Close of a message that cannot be read.
/// They are for tests of many such messages.
pub fn at_once() -> ServerLimits {
    ServerLimits::default().with_fault_delay_ms(0)
}

/// Serves `router` on any free port.
pub fn serve_with(router: Router, shards: usize, limits: ServerLimits) -> Running {
    start(Server::new(router).shards(shards).limits(limits))
}

/// Starts `server` on any free port.
pub fn start(server: Server) -> Running {
    let any_port = "127.0.0.1:0".parse().unwrap();
    server.bind(any_port).expect("a free port").start()
}

/// Returns the default limits, but with unlimited rates of messages and bytes of a client. They are
/// for tests of other things than rates.
pub fn at_any_pace() -> ServerLimits {
    ServerLimits::default()
        .with_max(Limit::MessagesPerSecond, u32::MAX.into())
        .with_burst(Limit::MessagesPerSecond, u32::MAX.into())
        .with_max(Limit::BytesPerSecond, u32::MAX.into())
        .with_burst(Limit::BytesPerSecond, u32::MAX.into())
}
