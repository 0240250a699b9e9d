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
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_local;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use super::app::HttpApp;
use super::operator_pages::{MetricsTo, Pages};
use super::pending::Pending;
use super::serve::serve as serve_connection;
use crate::channel::Router;
use crate::server::limits::limit::Limit;
use crate::server::limits::values::ServerLimits;
use crate::server::limits::wait_clock::WaitClock;
use crate::server::node::{Node, open_files_max};

/// Most connections served at a time. For each further connection, the one that has waited longest
/// without a request is cut.
const CONNECTIONS_MAX: usize = 32;

/// Least time that a connection has to send its request while others wait to be accepted. Its
/// request is in its next packet.
const ROOM_GRACE: Duration = Duration::from_millis(100);

/// How often to look, while as many as may are served, whether one can be cut.
const ROOM_CHECK: Duration = Duration::from_millis(10);

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
    let mut time = WaitClock::begin(Instant::now());
    loop {
        let Ok((stream, peer)) = listener.accept().await else {
            sleep(EXHAUSTED_PAUSE).await;
            continue;
        };
        let place = place_among(&places, &pending, &mut time).await;
        let app = Arc::clone(&app);
        let entry = pending.enter();
        spawn_local(async move {
            serve_connection(stream, peer, app, entry, future::pending()).await;
            drop(place);
        });
    }
}

/// Waits for a place, and makes one if all are taken. Each look is a turn of this thread, so that a
/// standstill cuts nobody whose request came meanwhile.
async fn place_among(
    places: &Arc<Semaphore>,
    pending: &Pending,
    time: &mut WaitClock,
) -> OwnedSemaphorePermit {
    loop {
        time.look(Instant::now());
        pending.begin_turn(*time);
        if places.available_permits() == 0 {
            pending.cut_overdue(ROOM_GRACE);
        }
        let place = Arc::clone(places).acquire_owned();
        if let Ok(Ok(place)) = timeout(ROOM_CHECK, place).await {
            return place;
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn connection_that_has_just_come_is_not_cut_for_the_next_one() {
        let places = Arc::new(Semaphore::new(1));
        let taken = Arc::clone(&places).acquire_owned().await;
        let pending = Rc::new(Pending::new(Arc::default()));
        let (entry, came) = (pending.enter(), Instant::now());
        let mut time = WaitClock::begin(came);
        let ends_when_cut = async {
            let _ = entry.is_cut.await;
            drop(taken);
            came.elapsed()
        };
        let next = place_among(&places, &pending, &mut time);
        let (cut_after, _place) = tokio::join!(ends_when_cut, next);
        assert!(cut_after >= ROOM_GRACE, "{cut_after:?}");
    }
}
