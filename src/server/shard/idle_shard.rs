//! A shard of idle connections whose turns a test or a bench runs one by one.

use std::future::poll_fn;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, LocalOptions, LocalRuntime};
use tokio::task::yield_now;

use super::Shard;
use super::connection::Connection;
use super::link::ShardLink;
use crate::broker::Class;
use crate::channel::{Assigns, Router, UserSocket};
use crate::protocol::Version;
use crate::server::http::app::HttpApp;
use crate::server::limits::values::ServerLimits;
use crate::server::node::Node;
use crate::session::Session;

/// A silence that no test or bench reaches.
const IDLE_MS: u64 = 3_600_000;

/// A shard without a thread. Its connections share one socket, to which nobody writes.
pub struct IdleShard {
    pub(crate) shard: Shard,
    pub(crate) runtime: LocalRuntime,
    socket: TcpStream,
    mount: Arc<UserSocket>,
    _peer: TcpStream,
}

impl IdleShard {
    /// Returns a shard with so many connections, each of which takes an open file.
    ///
    /// # Errors
    /// If the system lacks sockets or open files.
    pub fn new(connections: usize, limits: ServerLimits) -> io::Result<IdleShard> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build_local(LocalOptions::default())?;
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let peer = TcpStream::connect(listener.local_addr()?)?;
        let (socket, _) = listener.accept()?;
        let app = HttpApp::new(Router::empty()).limits(limits);
        let link = ShardLink::new(0, &Node::new(1, &limits));
        // In a pair, because a shard alone is a future.
        let (shard, ()) =
            runtime.block_on(async { (Shard::new(Arc::new(link), Arc::new(app), limits), ()) });
        let mut idle = IdleShard {
            shard,
            runtime,
            socket,
            mount: Arc::new(UserSocket::new().idle_timeout_ms(IDLE_MS)),
            _peer: peer,
        };
        for _ in 0..connections {
            let stream = idle.socket.try_clone()?;
            idle.open(stream)?;
        }
        Ok(idle)
    }

    /// Adds a connection with this socket, and returns its place.
    pub(crate) fn open(&mut self, stream: TcpStream) -> io::Result<u32> {
        stream.set_nonblocking(true)?;
        let stream = self
            .runtime
            .block_on(async { tokio::net::TcpStream::from_std(stream) })?;
        let mount = Arc::clone(&self.mount);
        let session = Session::new(Version::V2, Arc::clone(&mount.session), Assigns::default());
        let shard = &mut self.shard;
        let (key, id, waker) = shard.connections.next();
        shard.services.fanout.open(key, Class::V2);
        let now = shard.timers.clock.now();
        let connection = Connection::new((id, waker), stream, session, mount, now);
        shard.connections.insert(connection);
        shard.connections.make_ready(key);
        Ok(key)
    }

    /// Runs one turn, after the runtime has looked at timers and sockets. Returns how long the turn
    /// took.
    pub fn turn(&mut self) -> Duration {
        let shard = &mut self.shard;
        self.runtime.block_on(async {
            yield_now().await;
            poll_fn(|cx| {
                let begun = Instant::now();
                shard.turn(cx);
                Poll::Ready(begun.elapsed())
            })
            .await
        })
    }

    /// Begins to cut all connections.
    pub fn cut(&mut self) {
        self.shard.cut();
    }

    /// Returns the number of connections.
    pub fn connections(&self) -> usize {
        self.shard.connections.len()
    }

    /// Returns the number of looks at places of connections since the start, by steps that look at
    /// them in order: the sweep and the cut.
    pub fn looks(&self) -> u64 {
        self.shard.connections.looks.read()
    }
}
