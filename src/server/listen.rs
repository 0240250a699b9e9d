//! Starting: what an app sets, the listener it binds, and the server that then runs.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::sync::oneshot;

use super::door::Door;
use super::endpoint::Endpoint;
use super::running::run;
use super::{HttpApp, HttpLimits, Proxies, ServerLimits, Status};
use crate::broker::Hub;
use crate::channel::Router;

/// A server that is being set up.
///
/// ```no_run
/// use lobbyd::{Router, Server, UserSocket, rooms::RoomChannel};
///
/// let router = Router::new().socket("/socket", UserSocket::new().channel("room:*", RoomChannel));
/// let server = Server::new(router).shards(2).bind("127.0.0.1:4000".parse()?)?;
/// println!("listening on {}", server.local_addr());
/// server.run(std::future::pending())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Server {
    app: HttpApp,
    shards: usize,
    limits: ServerLimits,
}

/// How a server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// WebSockets that were cut off: their clients did not take the Close frame within
    /// [`ServerLimits::closing_timeout_ms`] or before the stop's own deadline. 0 when all were told. Connections that
    /// hang in HTTP do not count, they lose nothing.
    pub cut_off: usize,
}

impl Server {
    /// A server of `router`, with a shard for each core and default limits.
    pub fn new(router: Router) -> Server {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Server {
            app: HttpApp::new(router),
            shards: cores,
            limits: ServerLimits::default(),
        }
    }

    /// How many shards, each a thread with its own connections. Default: the cores there are. At least 1, at most 1,024.
    pub fn shards(mut self, count: usize) -> Server {
        self.shards = count.clamp(1, 1024);
        self
    }

    /// Sets other limits.
    pub fn limits(mut self, limits: ServerLimits) -> Server {
        self.limits = limits;
        self
    }

    /// Sets other limits for connections while they speak HTTP.
    pub fn http_limits(mut self, limits: HttpLimits) -> Server {
        self.app = self.app.limits(limits);
        self
    }

    /// Sets which proxies stand in front and are believed. Default: none.
    pub fn proxies(mut self, proxies: Proxies) -> Server {
        self.app = self.app.proxies(proxies);
        self
    }

    /// Binds the address, without accepting anything yet. Port 0 takes any free port.
    ///
    /// # Errors
    /// Those of the system: the port is in use, the address is not one of this machine's, and so on.
    pub fn bind(mut self, address: SocketAddr) -> io::Result<Bound> {
        let socket = Socket::new(
            Domain::for_address(address),
            Type::STREAM,
            Some(Protocol::TCP),
        )?;
        socket.set_reuse_address(true)?;
        // Accepted sockets inherit the next two.
        socket.set_tcp_nodelay(true)?;
        #[cfg(target_os = "linux")]
        socket.set_tcp_notsent_lowat(self.limits.notsent_bytes_max)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        socket.set_nonblocking(true)?;
        let listener = TcpListener::from(socket);
        let address = listener.local_addr()?;
        let door = Arc::new(Door::new(self.shards, &self.limits));
        self.app.door = Arc::clone(&door);
        let endpoint = Endpoint {
            hub: Arc::new(Hub::new(self.shards)),
            closes: Arc::default(),
            meters: Arc::clone(&door.meters),
            door,
            status: Arc::new(Status::new(self.shards)),
        };
        Ok(Bound {
            server: self,
            listener,
            address,
            endpoint,
        })
    }
}

/// Connections that wait to be accepted; the kernel takes no more than `net.core.somaxconn`. A restart brings all
/// clients at once.
const BACKLOG: i32 = 65_535;

/// A server that has its address and can be run.
#[derive(Debug)]
pub struct Bound {
    server: Server,
    listener: TcpListener,
    address: SocketAddr,
    endpoint: Endpoint,
}

impl Bound {
    /// The address it listens on, with the real port.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// A handle for broadcasting from outside any channel, and for what is counted.
    pub fn endpoint(&self) -> Endpoint {
        self.endpoint.clone()
    }

    /// Serves until `shutdown` is ready, then closes every connection with 1012 and returns when all are gone, or
    /// at the deadline ([`ServerLimits::stop_timeout_ms`]). Blocks the thread; `shutdown` may use tokio's I/O and timers.
    ///
    /// # Errors
    /// If threads or their runtimes cannot be made. Nothing has been served then.
    pub fn run(self, shutdown: impl Future<Output = ()>) -> io::Result<Summary> {
        let Server {
            app,
            shards,
            limits,
        } = self.server;
        run(self.listener, self.endpoint, app, shards, limits, shutdown)
    }

    /// Serves on a thread of its own.
    pub fn start(self) -> Running {
        let (address, endpoint) = (self.address, self.endpoint());
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::spawn(move || {
            self.run(async {
                let _ = stopped.await;
            })
        });
        Running {
            address,
            endpoint,
            stop: Some(stop),
            thread: Some(thread),
        }
    }
}

/// A server on a thread of its own. Dropping it stops it.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    endpoint: Endpoint,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<io::Result<Summary>>>,
}

impl Running {
    /// The address it listens on.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// A handle for broadcasting from outside any channel.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Stops it as [`Bound::run`] does, and says how it ended.
    ///
    /// # Errors
    /// Those of [`Bound::run`].
    pub fn stop(mut self) -> io::Result<Summary> {
        self.end()
    }

    fn end(&mut self) -> io::Result<Summary> {
        drop(self.stop.take());
        match self.thread.take().map(std::thread::JoinHandle::join) {
            Some(Ok(result)) => result,
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            None => Ok(Summary { cut_off: 0 }),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = self.end();
        }
    }
}
