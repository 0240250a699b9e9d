//! Building a server: its settings, the listener that it binds, and the server that then runs.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::sync::oneshot;

use super::endpoint::Endpoint;
use super::node::Node;
use super::reload::Live;
#[cfg(feature = "auth")]
use super::run::BackgroundEnd;
use super::run::{Parts, Running, Summary, run};
use crate::channel::Router;
#[cfg(feature = "auth")]
use crate::credentials::TokenChecks;
use crate::server::admission::forwarded_for::Proxies;
#[cfg(feature = "auth")]
use crate::server::background::background_settings::BackgroundSettings;
use crate::server::http::admin_listener as admin;
use crate::server::http::admin_listener::Admin;
use crate::server::http::app::HttpApp;
use crate::server::http::operator_pages::{MetricsTo, Pages};
use crate::server::limits::values::ServerLimits;

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
    admin: Admin,
    rooms_top: usize,
    #[cfg(feature = "auth")]
    background: BackgroundSettings,
}

/// How many rooms the metrics name by default. Each name is a label's value, which a monitoring
/// system keeps a series for, so the number is low.
const ROOMS_TOP: usize = 10;

/// Highest number of shards. Each shard is a thread, and more threads than cores gain nothing. The
/// number of a shard has to fit into 16 bits.
const SHARDS_MAX: usize = 1_024;

impl Server {
    /// Returns a server of `router`, with a shard for each core that the process may use, 1,024 at
    /// most, and with default limits.
    pub fn new(router: Router) -> Server {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let cores = cores.min(SHARDS_MAX);
        Server {
            app: HttpApp::new(router),
            shards: cores,
            limits: ServerLimits::default(),
            admin: Admin::Nowhere,
            rooms_top: ROOMS_TOP,
            #[cfg(feature = "auth")]
            background: BackgroundSettings::default(),
        }
    }

    /// Sets the number of shards, each a thread with its own connections. Default: the number of
    /// cores that the process may use, 1,024 at most.
    ///
    /// # Panics
    /// If `count` is 0 or more than 1,024: a mistake in the program, reported at its start.
    pub fn shards(mut self, count: usize) -> Server {
        assert!(
            (1..=SHARDS_MAX).contains(&count),
            "a server has 1 to {SHARDS_MAX} shards, not {count}"
        );
        self.shards = count;
        self
    }

    /// Sets the limits.
    ///
    /// # Panics
    /// If the drain's deadline is over before its ready delay: no client would get its Close.
    pub fn limits(mut self, limits: ServerLimits) -> Server {
        limits.drain.check();
        self.limits = limits;
        self.app = self.app.limits(limits);
        self
    }

    /// Sets the trusted proxies in front of the server. Default: none.
    ///
    /// # Panics
    /// If PROXY headers are expected and no network is trusted: no header would be believed.
    pub fn proxies(mut self, proxies: Proxies) -> Server {
        assert!(
            !proxies.proxy_protocol || !proxies.trusted.is_empty(),
            "PROXY headers come from trusted networks, and none is trusted"
        );
        self.app = self.app.proxies(proxies);
        self
    }

    /// Serves `/metrics`, `/healthz` and `/readyz` at `address` too, which is bound together with
    /// the main address; port 0 takes any free port.
    ///
    /// Default: nowhere. Without an admin listener the main listener shows `/metrics` to this
    /// machine alone; with an admin listener it shows them to nobody.
    pub fn admin(mut self, address: SocketAddr) -> Server {
        self.admin = Admin::At(address);
        self
    }

    /// Like [`admin`](Server::admin), but on a listener that somebody else has bound, as service
    /// managers do.
    pub fn admin_on(mut self, listener: TcpListener) -> Server {
        self.admin = Admin::Given(listener);
        self
    }

    /// Sets how many of the largest rooms the metrics name, with their members and messages.
    /// Default 10; 0 names none.
    pub fn rooms_top(mut self, rooms: usize) -> Server {
        self.rooms_top = rooms;
        self
    }

    /// Sets the number of background threads, which check signatures of tokens beside the shards.
    /// Default: as many as cores that the process may use, 4 at most. They start when the first
    /// token needs one.
    ///
    /// # Panics
    /// If `count` is 0 or more than 1,024.
    #[cfg(feature = "auth")]
    pub fn background_threads(mut self, count: usize) -> Server {
        assert!(
            (1..=SHARDS_MAX).contains(&count),
            "a server has 1 to {SHARDS_MAX} background threads, not {count}"
        );
        self.background.pool.threads = count;
        self
    }

    /// Sets by how much the background threads stand back behind the shards on a busy machine, as
    /// `nice` does: 0 to 19, default 10. On Linux alone.
    ///
    /// # Panics
    /// If `nice` is more than 19.
    #[cfg(feature = "auth")]
    pub fn background_nice(mut self, nice: u8) -> Server {
        assert!(nice <= 19, "a thread is nice by 0 to 19, not by {nice}");
        self.background.pool.nice = nice;
        self
    }

    /// Sets for how long the server starts at most while an issuer has had no keys from its URL, in
    /// milliseconds: `/readyz` is not ready meanwhile. Default 30,000.
    #[cfg(feature = "auth")]
    pub fn jwks_wait_ms(mut self, wait_ms: u64) -> Server {
        self.background.jwks_wait_ms = wait_ms;
        self
    }

    /// Has the background of this server do the dear part of these checks, fetch the keys of their
    /// issuers, and count their verdicts. May be called for several, each of one server alone.
    /// Without it checks are made on the thread that asks, and no keys are fetched. The
    /// checks of a mount (`UserSocket::tokens`) need no such call.
    #[cfg(feature = "auth")]
    pub fn tokens(mut self, checks: TokenChecks) -> Server {
        self.background.tokens.push(checks);
        self
    }

    /// Binds `address`, without accepting any connection yet. Port 0 takes any free port.
    ///
    /// # Errors
    /// Errors of the system, such as a port in use or an address of another machine. If
    /// the address of [`admin`](Server::admin) cannot be bound, the error begins with "admin
    /// listener" and that address.
    pub fn bind(self, address: SocketAddr) -> io::Result<Bound> {
        let socket = Socket::new(
            Domain::for_address(address),
            Type::STREAM,
            Some(Protocol::TCP),
        )?;
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        self.listen_on(socket.into())
    }

    /// Takes over a listener that somebody else bound, such as systemd or the process before this
    /// one. Several processes may accept from one listener. Options that the server needs are set
    /// on the listener; its backlog is left as it is.
    ///
    /// # Errors
    /// `InvalidInput` if the socket does not listen; otherwise errors of the system, those
    /// of the admin listener included.
    pub fn listen_on(mut self, listener: TcpListener) -> io::Result<Bound> {
        let socket = SockRef::from(&listener);
        if !socket.is_listener()? {
            let error = "the socket does not listen for connections";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, error));
        }
        // Accepted sockets inherit no-delay and the low-water mark.
        socket.set_tcp_nodelay(true)?;
        #[cfg(target_os = "linux")]
        socket.set_tcp_notsent_lowat(self.limits.notsent_bytes_max)?;
        socket.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let node = Arc::new(Node::new(self.shards, &self.limits));
        #[cfg(feature = "auth")]
        {
            node.background.set_up(&self.background);
            node.background.serve_all(self.app.router());
        }
        self.app.admission = Arc::clone(&node.admission);
        let admin = std::mem::replace(&mut self.admin, Admin::Nowhere).bind()?;
        let admin_address = admin.as_ref().map(TcpListener::local_addr).transpose()?;
        let pages = Pages {
            node: Arc::clone(&node),
            metrics: match admin {
                Some(_) => MetricsTo::Nobody,
                None => MetricsTo::Loopback,
            },
            rooms_top: self.rooms_top,
        };
        let live = Arc::new(Live::new(self.app.pages(pages), self.limits));
        Ok(Bound {
            rooms_top: self.rooms_top,
            shards: self.shards,
            listener,
            address,
            admin,
            admin_address,
            #[cfg(feature = "auth")]
            background: BackgroundEnd(Arc::clone(&node)),
            node,
            live,
        })
    }
}

/// Connections that may wait to be accepted, because a restart brings all clients at once. The
/// kernel takes no more than `net.core.somaxconn`.
const BACKLOG: i32 = 65_535;

/// A server that has its address and can be run.
#[derive(Debug)]
pub struct Bound {
    shards: usize,
    rooms_top: usize,
    listener: TcpListener,
    address: SocketAddr,
    admin: Option<TcpListener>,
    admin_address: Option<SocketAddr>,
    node: Arc<Node>,
    live: Arc<Live>,
    #[cfg(feature = "auth")]
    background: BackgroundEnd,
}

impl Bound {
    /// Returns the address of the main listener, with the real port.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Returns the address of the admin listener, with the real port. `None` without an admin
    /// listener.
    pub fn admin_addr(&self) -> Option<SocketAddr> {
        self.admin_address
    }

    /// Returns a handle for broadcasts from outside any channel, and for the server's counts.
    pub fn endpoint(&self) -> Endpoint {
        Endpoint::new(&self.node, &self.live)
    }

    /// Serves until `shutdown` is ready. Then goes on accepting for a while if so set, closes every
    /// connection with 1012, a few at a time, and returns when all are gone. At the deadline all
    /// remaining connections are cut, and the call returns within a second (all times:
    /// [`ServerLimits::drain`]). Blocks the thread; `shutdown` may use tokio's I/O and timers.
    ///
    /// # Errors
    /// If threads or their runtimes cannot be made, or a runtime cannot watch a listener.
    /// Nothing has been served then.
    ///
    /// # Panics
    /// If it is called inside a tokio runtime; [`start`](Bound::start) can be called there.
    pub fn run(self, shutdown: impl Future<Output = ()>) -> io::Result<Summary> {
        self.run_until(shutdown, std::future::pending())
    }

    /// Like [`run`](Bound::run), but a second future can shorten the end: `cut` is polled once
    /// `shutdown` is ready. When `cut` is ready too, all remaining connections are cut at once.
    ///
    /// # Errors
    /// The errors of [`run`](Bound::run).
    ///
    /// # Panics
    /// As [`run`](Bound::run) does.
    pub fn run_until(
        self,
        shutdown: impl Future<Output = ()>,
        cut: impl Future<Output = ()>,
    ) -> io::Result<Summary> {
        let (admin, rooms_top) = (self.admin, self.rooms_top);
        let start_admin = |node: &Arc<Node>| admin::start(admin, node, rooms_top);
        let parts = Parts {
            listener: self.listener,
            shards: self.shards,
            node: self.node,
            live: self.live,
            #[cfg(feature = "auth")]
            background: self.background,
        };
        run(parts, start_admin, shutdown, cut)
    }

    /// Serves as [`run`](Bound::run) does, but on a thread of its own, and returns a handle.
    /// [`Running::stop`] ends the run and returns its errors.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::limits::values::Drain;
    use crate::server::reload::Reload;

    fn late() -> ServerLimits {
        ServerLimits::default().with_drain(Drain::default().with_ready_delay_ms(30_000))
    }

    #[test]
    fn drain_that_ends_before_it_begins_and_headers_of_nobody_are_refused() {
        let refused = |set: fn(Server) -> Server| {
            std::panic::catch_unwind(move || set(Server::new(Router::new()))).is_err()
        };
        assert!(refused(|server| server.limits(late())));
        assert!(std::panic::catch_unwind(|| Reload::new(Router::new()).limits(late())).is_err());
        assert!(refused(|server| server.proxies(Proxies {
            proxy_protocol: true,
            ..Proxies::default()
        })));
    }

    #[test]
    fn number_of_shards_out_of_range_is_refused_when_it_is_set() {
        for count in [0, SHARDS_MAX + 1, usize::MAX] {
            let set = || Server::new(Router::new()).shards(count);
            let panic = std::panic::catch_unwind(set).unwrap_err();
            let text = panic.downcast_ref::<String>().unwrap();
            assert!(text.contains(&format!("not {count}")), "{text}");
        }
        for count in [1, SHARDS_MAX] {
            assert_eq!(Server::new(Router::new()).shards(count).shards, count);
        }
    }
}
