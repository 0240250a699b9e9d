//! The listener for operators: health, readiness and metrics on an address of their own.
//!
//! The accepting thread serves it, so it answers while shards are busy, hang or drain. This file
//! also notes each second that the process runs, and begins a new time window for the peaks of the
//! metrics every 30 s.

use std::future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::sync::Semaphore;
use tokio::task::spawn_local;
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::app::HttpApp;
use super::operator_pages::{MetricsTo, Pages};
use super::pending::Pending;
use super::serve::serve as serve_connection;
use crate::channel::Router;
use crate::server::limits::limit::Limit;
use crate::server::limits::values::ServerLimits;
use crate::server::node::{Node, open_files_max};

/// Most connections served at a time. For each further connection, the one that has waited longest
/// without a request is cut.
const CONNECTIONS_MAX: usize = 32;

/// The part of the limit of open files that they may take at most: half of the quarter that is left
/// for operators, so that the rest is enough for a reload and for the metrics.
const PART_OF_OPEN_FILES: u64 = 8;

/// Returns limits for clients that scrape or probe, which are near and quick. Between two scrapes a
/// connection is kept as long as on the main listener; it is cut where places are few.
fn limits() -> ServerLimits {
    ServerLimits::default()
        .with_max(Limit::HeadTime, 5_000)
        .with_max(Limit::HeadBytes, 16 << 10)
        .with_http_lifetime_ms(60_000)
        .with_closing_timeout_ms(1_000)
        .with_connect_timeout_ms(1_000)
}

/// How long to wait when the process is out of descriptors.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);

/// The shortest time for which a peak is shown; the longest is twice that.
const WINDOW: Duration = Duration::from_secs(30);

/// How often it is noted that the process runs.
const RUNS_EVERY: Duration = Duration::from_secs(1);

/// The address of the admin listener.
#[derive(Debug)]
pub(crate) enum Admin {
    Nowhere,
    At(SocketAddr),
    /// A listener that somebody else has bound.
    Given(TcpListener),
}

impl Admin {
    /// Returns the listener, which is bound here if it is not bound yet. `None` for `Nowhere`.
    pub fn bind(self) -> io::Result<Option<TcpListener>> {
        let listener = match self {
            Admin::Nowhere => return Ok(None),
            Admin::Given(listener) => listener,
            Admin::At(address) => listen(address)
                .map_err(|e| io::Error::new(e.kind(), format!("admin listener {address}: {e}")))?,
        };
        listener.set_nonblocking(true)?;
        Ok(Some(listener))
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let domain = Domain::for_address(address);
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(CONNECTIONS_MAX as i32)?;
    Ok(TcpListener::from(socket))
}

/// Begins to serve `listener`, to note that the process runs, and to begin the time windows of
/// peaks, in tasks of the present runtime, which is a local runtime. Without a listener it does the
/// other two alone.
///
/// # Errors
/// If the runtime cannot watch the listener.
pub(crate) fn start(
    listener: Option<TcpListener>,
    node: &Arc<Node>,
    rooms_top: usize,
) -> io::Result<()> {
    spawn_local(note_running(Arc::clone(node)));
    spawn_local(count_windows(Arc::clone(node)));
    let Some(listener) = listener else {
        return Ok(());
    };
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let pages = Pages {
        node: Arc::clone(node),
        metrics: MetricsTo::Everybody,
        rooms_top,
    };
    let router = Router::empty();
    let app = HttpApp::new(router).limits(limits()).pages(pages);
    spawn_local(serve(listener, Arc::new(app)));
    Ok(())
}

async fn serve(listener: tokio::net::TcpListener, app: Arc<HttpApp>) {
    let open_files = usize::try_from(open_files_max() / PART_OF_OPEN_FILES);
    let places = open_files.map_or(CONNECTIONS_MAX, |most| most.clamp(1, CONNECTIONS_MAX));
    let places = Arc::new(Semaphore::new(places));
    let pending = Rc::new(Pending::new(Arc::default()));
    loop {
        let Ok((stream, peer)) = listener.accept().await else {
            sleep(EXHAUSTED_PAUSE).await;
            continue;
        };
        if places.available_permits() == 0 {
            pending.cut_longest();
        }
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let app = Arc::clone(&app);
        let entry = pending.enter();
        spawn_local(async move {
            serve_connection(stream, peer, app, entry, future::pending()).await;
            drop(place);
        });
    }
}

async fn note_running(node: Arc<Node>) {
    loop {
        node.status.runs();
        sleep(RUNS_EVERY).await;
    }
}

async fn count_windows(node: Arc<Node>) {
    let mut window = interval(WINDOW);
    window.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first tick is ready at once.
    window.tick().await;
    loop {
        window.tick().await;
        node.next_window();
    }
}
