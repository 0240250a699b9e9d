//! Running a server: one thread per shard, the acceptor on the caller's thread, and the end of all.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::runtime::{Builder, LocalOptions, LocalRuntime};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};

use super::endpoint::Endpoint;
use super::node::Node;
use super::reload::Live;
use super::shard::Shard;
use crate::server::accept::acceptor::{Gate, accept};
use crate::server::accept::arrivals::Arrivals;
use crate::server::accept::open_files::warn_of_few_descriptors;
use crate::server::http::app::HttpApp;
use crate::server::limits::values::{Drain, ServerLimits};
use crate::server::log::log_writer::last_words;
use crate::server::node::status::Phase;
use crate::server::node::turn_time::STEPS_BETWEEN_LOOKS;
use crate::server::shard::link::{Command, ShardLink};

/// How long a shard may take to cut all its connections, once it is ordered to. Those that are left
/// then end with the process.
const CUT_GRACE: Duration = Duration::from_secs(1);

/// Longest time for a Close that is sent when the drain's deadline is over, where
/// [`ServerLimits::closing_timeout_ms`] is longer. A service manager waits only so long.
const LATE_CLOSE_TIME_MAX: Duration = Duration::from_secs(5);

/// How often a drain logs how many connections are left.
const REPORT_EVERY: Duration = Duration::from_secs(2);

/// The parts that a bound server runs with.
pub(super) struct Parts {
    pub listener: TcpListener,
    pub shards: usize,
    pub node: Arc<Node>,
    /// The only strong reference: when [`run`] returns, the router is dropped, and the app's
    /// channels with it.
    pub live: Arc<Live>,
    #[cfg(feature = "auth")]
    pub background: BackgroundEnd,
}

/// Ends the background of a server when it is dropped: at the end of the run, or of what was bound
/// and never ran. An app may keep the node for longer, by an endpoint.
#[cfg(feature = "auth")]
#[derive(Debug)]
pub(super) struct BackgroundEnd(pub Arc<Node>);

#[cfg(feature = "auth")]
impl Drop for BackgroundEnd {
    fn drop(&mut self) {
        self.0.background.stop();
    }
}

pub(super) fn run(
    parts: Parts,
    start_admin: impl FnOnce(&Arc<Node>) -> io::Result<()>,
    shutdown: impl Future<Output = ()>,
    cut: impl Future<Output = ()>,
) -> io::Result<Summary> {
    let Parts {
        listener,
        shards,
        node,
        live,
        #[cfg(feature = "auth")]
            background: _background,
    } = parts;
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build_local(LocalOptions::default())?;
    let mut shards = ShardThreads::start(shards, &node, &live)?;
    warn_of_few_descriptors(&node.admission);
    let all_ended = runtime.block_on(async {
        start_admin(&node)?;
        #[expect(deprecated, reason = "the other constructor is unsafe, for the sake of types that lie about their descriptor; TcpListener owns its own")]
        let listener = AsyncFd::with_interest(listener, Interest::READABLE)?;
        let proxies = live.serving().app.proxies.clone();
        let mut gate = Gate::new(Arc::clone(&node), Arrivals::new(proxies));
        node.status.enter(Phase::Admitting);
        tokio::select! {
            biased;
            () = shutdown => {}
            () = accept(&listener, &shards.links, &mut gate) => {}
        }
        node.status.enter(Phase::Draining);
        let limits = live.serving().limits;
        let deadline = Duration::from_millis(limits.drain.deadline_ms);
        let mut cut = pin!(cut);
        let is_late = tokio::select! {
            biased;
            () = drain(listener, &mut shards, &mut gate, &limits.drain) => return io::Result::Ok(true),
            cut = timeout(deadline, &mut cut) => cut.is_err(),
        };
        if is_late {
            gate.hand_over_all(&shards.links);
            shards.tell(|| Command::CloseRest);
            let time = Duration::from_millis(limits.closing_timeout_ms);
            tokio::select! {
                biased;
                () = shards.all_gone() => return Ok(true),
                _ = timeout(time.min(LATE_CLOSE_TIME_MAX), cut) => {}
            }
        }
        shards.tell(|| Command::Cut);
        Ok(timeout(CUT_GRACE, shards.all_gone()).await.is_ok())
    })?;
    node.admission.sums.tell_unsaid(Duration::ZERO);
    Ok(shards.join(all_ended))
}

/// Goes on accepting for as long as load balancers take to notice that the server is not ready any
/// more. Then has all shards drain, and waits for them.
async fn drain(
    listener: AsyncFd<TcpListener>,
    shards: &mut ShardThreads,
    gate: &mut Gate,
    times: &Drain,
) {
    let ready_delay = Duration::from_millis(times.ready_delay_ms);
    if !ready_delay.is_zero() {
        tracing::info!("not ready any more; still accepting for {ready_delay:?}");
    }
    tokio::select! {
        biased;
        () = sleep(ready_delay) => {}
        () = accept(&listener, &shards.links, gate) => {}
    }
    drop(listener);
    gate.hand_over_all(&shards.links);
    shards.tell(|| Command::Drain);
    let pace = match Duration::from_millis(times.closing_window_ms()) {
        Duration::ZERO => "at once".to_owned(),
        window => format!("over at most {window:?}"),
    };
    tracing::info!(
        connections = shards.connections(),
        "accepting no more; closing connections {pace}"
    );
    while timeout(REPORT_EVERY, shards.all_gone()).await.is_err() {
        tracing::info!(
            connections = shards.connections(),
            "waiting for connections to close"
        );
    }
}

/// The threads of all shards.
struct ShardThreads {
    links: Vec<Arc<ShardLink>>,
    threads: Vec<JoinHandle<()>>,
    /// Closed once all threads have ended.
    ended: mpsc::UnboundedReceiver<()>,
}

impl ShardThreads {
    fn start(count: usize, node: &Node, live: &Live) -> io::Result<ShardThreads> {
        let (over, ended) = mpsc::unbounded_channel();
        let numbers = 0..u16::try_from(count).unwrap_or(u16::MAX);
        let links: Vec<_> = numbers
            .map(|number| Arc::new(ShardLink::new(number, node)))
            .collect();
        // `serving` is dropped at the end of this function. A reload could not free the old router
        // while this thread held it.
        let serving = live.reach(&links);
        let start = |link| {
            let app = Arc::clone(&serving.app);
            start_shard(Arc::clone(link), app, serving.limits, over.clone())
        };
        let threads = links.iter().map(start).collect::<io::Result<_>>()?;
        Ok(ShardThreads {
            links,
            threads,
            ended,
        })
    }

    fn tell(&self, command: impl Fn() -> Command) {
        for link in &self.links {
            link.inbox.post(command(), 1);
        }
    }

    fn connections(&self) -> usize {
        let each = self.links.iter();
        each.map(|link| link.connections.load(Ordering::Relaxed))
            .sum()
    }

    /// Waits until all shards have ended.
    async fn all_gone(&mut self) {
        while self.ended.recv().await.is_some() {}
    }

    /// Joins the threads, and counts the connections that they cut. Without `all_ended`, threads
    /// that hang are left alone.
    fn join(self, all_ended: bool) -> Summary {
        let (mut cut_off, mut cut_told) = (0, 0);
        for (link, thread) in self.links.iter().zip(self.threads) {
            cut_off += link.cut_off.load(Ordering::Relaxed);
            cut_told += link.cut_told.load(Ordering::Relaxed);
            if all_ended || thread.is_finished() {
                let _ = thread.join();
            } else {
                // A callback hangs in this thread, and nobody can wait for it. Its connections end
                // with the process.
                cut_off += link.connections.load(Ordering::Relaxed);
            }
        }
        if cut_told > 0 {
            tracing::info!(
                connections = cut_told,
                "clients were sent their Close and did not end in time; their connections were cut"
            );
        }
        Summary { cut_off }
    }
}

fn start_shard(
    link: Arc<ShardLink>,
    app: Arc<HttpApp>,
    limits: ServerLimits,
    over: mpsc::UnboundedSender<()>,
) -> io::Result<JoinHandle<()>> {
    let (at_sleep, at_waking) = (
        Arc::clone(&link.stats.turn_time),
        Arc::clone(&link.stats.turn_time),
    );
    let runtime = || {
        Builder::new_current_thread()
            .enable_all()
            .event_interval(STEPS_BETWEEN_LOOKS)
            .on_thread_park(move || at_sleep.sleeps())
            .on_thread_unpark(move || at_waking.wakes())
            .build_local(LocalOptions::default())
    };
    let (made, is_made) = std::sync::mpsc::channel();
    let name = format!("shard-{}", link.number);
    let thread = std::thread::Builder::new().name(name).spawn(move || {
        // A local runtime cannot be sent to another thread. So its own thread makes it, and reports
        // whether that worked.
        match runtime() {
            Ok(runtime) => {
                let _ = made.send(Ok(()));
                run_shard(&runtime, link, app, limits);
            }
            Err(error) => {
                let _ = made.send(Err(error));
            }
        }
        drop(over);
    })?;
    is_made.recv().map_err(io::Error::other)??;
    Ok(thread)
}

/// Runs a shard on its thread. A panic of a channel's callback ends that channel, so a panic that
/// gets here is a bug of lobbyd. A silent shard would leave its clients hanging, so the process
/// then ends with a message.
fn run_shard(
    runtime: &LocalRuntime,
    link: Arc<ShardLink>,
    app: Arc<HttpApp>,
    limits: ServerLimits,
) {
    let number = link.number;
    link.stats.turn_time.wakes();
    let run = || {
        runtime.block_on(async {
            // The turn has its own budget; tokio's budget would cut it short in the middle.
            tokio::task::unconstrained(Shard::new(link, app, limits)).await;
        });
    };
    if catch_unwind(AssertUnwindSafe(run)).is_err() {
        last_words(&format!(
            "lobbyd: shard {number} has failed, which is a bug; please report the panic above"
        ));
        std::process::abort();
    }
}

/// The outcome of a server's run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// WebSockets that were cut off: their clients did not take the Close frame within
    /// [`ServerLimits::closing_timeout_ms`], before the drain's own deadline, or before the `cut`
    /// of [`Bound::run_until`](super::builder::Bound::run_until). 0 if every client got its Close.
    /// Connections that hang in HTTP do not count, because they lose nothing. Of a shard that
    /// hangs, all connections count.
    pub cut_off: usize,
}

/// A server on a thread of its own. Dropping this handle stops the server and waits for its end, as
/// [`stop`](Running::stop) does. If the dropping thread is panicking, the server stops as well, but
/// the drop does not wait.
#[derive(Debug)]
pub struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) endpoint: Endpoint,
    pub(crate) stop: Option<oneshot::Sender<()>>,
    pub(crate) thread: Option<std::thread::JoinHandle<io::Result<Summary>>>,
}

impl Running {
    /// Returns the address of the main listener.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Returns a handle for broadcasts from outside any channel.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Stops the server as [`Bound::run`](super::builder::Bound::run) does, and returns the outcome
    /// of its run.
    ///
    /// # Errors
    /// The errors of [`Bound::run`](super::builder::Bound::run).
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
