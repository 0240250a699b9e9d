//! Running: one thread per shard, the acceptor on the caller's, and the end of both.

use std::future::{Future, poll_fn};
use std::io;
use std::net::TcpListener;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::runtime::{Builder, LocalOptions, LocalRuntime};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use super::endpoint::Endpoint;
use super::node::Node;
use super::reload::Live;
use super::shard::Shard;
use crate::server::accept::acceptor::accept;
use crate::server::accept::open_files::warn_of_few_descriptors;
use crate::server::http::app::HttpApp;
use crate::server::limits::values::Drain;
use crate::server::limits::values::ServerLimits;
use crate::server::node::status::Phase;
use crate::server::shard::link::{Command, ShardLink};
use std::net::SocketAddr;
use tokio::sync::oneshot;

/// How long a shard may take to cut what it has, once told to: one turn.
const CUT_GRACE: Duration = Duration::from_secs(1);

/// How often a drain says how many connections are left.
const REPORT_EVERY: Duration = Duration::from_secs(2);

/// What a server that is bound runs with.
pub(super) struct Parts {
    pub listener: TcpListener,
    pub shards: usize,
    pub node: Arc<Node>,
    /// The one strong reference: with the end of [`run`] what was served goes.
    pub live: Arc<Live>,
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
    } = parts;
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build_local(LocalOptions::default())?;
    let (over, mut ended) = mpsc::unbounded_channel();
    let numbers = 0..u16::try_from(shards).unwrap_or(u16::MAX);
    let links: Vec<_> = numbers
        .map(|number| Arc::new(ShardLink::new(number, &node)))
        .collect();
    let serving = live.reach(&links);
    let mut threads = Vec::new();
    for link in &links {
        threads.push(start_shard(
            Arc::clone(link),
            Arc::clone(&serving.app),
            serving.limits,
            over.clone(),
        )?);
    }
    // A reload is to let go of it.
    drop(serving);
    drop(over);
    warn_of_few_descriptors(&node.admission);
    let all_ended = runtime.block_on(async {
        start_admin(&node)?;
        #[expect(deprecated, reason = "the other constructor is unsafe, for the sake of types that lie about their descriptor; TcpListener owns its own")]
        let listener = AsyncFd::with_interest(listener, Interest::READABLE)?;
        node.status.enter(Phase::Admitting);
        until(shutdown, accept(&listener, &links, &node.admission)).await;
        node.status.enter(Phase::Draining);
        let drain_times = live.serving().limits.drain;
        let drain = async {
            let ready_delay = Duration::from_millis(drain_times.ready_delay_ms);
            if !ready_delay.is_zero() {
                tracing::info!("not ready any more; still accepting for {ready_delay:?}");
            }
            until(sleep(ready_delay), accept(&listener, &links, &node.admission)).await;
            drop(listener);
            tell(&links, || Command::Drain);
            report(&links, &drain_times, all_gone(&mut ended)).await;
        };
        let deadline = Duration::from_millis(drain_times.deadline_ms);
        if ends_before(timeout(deadline, cut), drain).await {
            return io::Result::Ok(true);
        }
        tell(&links, || Command::Cut);
        Ok(timeout(CUT_GRACE, all_gone(&mut ended)).await.is_ok())
    })?;
    let (mut cut_off, mut cut_told) = (0, 0);
    for (link, thread) in links.iter().zip(threads) {
        cut_off += link.cut_off.load(Ordering::Relaxed);
        cut_told += link.cut_told.load(Ordering::Relaxed);
        if all_ended || thread.is_finished() {
            let _ = thread.join();
        } else {
            // A callback hangs in it. Nobody can wait for that; what it has ends with the process.
            cut_off += link.connections.load(Ordering::Relaxed);
        }
    }
    if cut_told > 0 {
        tracing::info!(
            connections = cut_told,
            "cut after their Close had gone to the kernel, without waiting for their clients' answer"
        );
    }
    Ok(Summary { cut_off })
}

fn tell(links: &[Arc<ShardLink>], command: impl Fn() -> Command) {
    for link in links {
        link.inbox.post(command(), 1);
    }
}

/// Waits until all shards have ended.
async fn all_gone(ended: &mut mpsc::UnboundedReceiver<()>) {
    while ended.recv().await.is_some() {}
}

/// Waits for `end`, and says now and then how far it is.
async fn report(links: &[Arc<ShardLink>], drain: &Drain, end: impl Future<Output = ()>) {
    let connections = || -> usize {
        let each = links.iter();
        each.map(|link| link.connections.load(Ordering::Relaxed))
            .sum()
    };
    let (count, window) = (connections(), drain.closing_window_ms());
    let pace = match Duration::from_millis(window) {
        Duration::ZERO => "at once".to_owned(),
        window => format!("over at most {window:?}"),
    };
    tracing::info!(
        connections = count,
        "accepting no more; closing connections {pace}"
    );
    let mut end = pin!(end);
    while timeout(REPORT_EVERY, end.as_mut()).await.is_err() {
        tracing::info!(
            connections = connections(),
            "waiting for connections to close"
        );
    }
}

/// Runs `work` until it ends, or `end` does; true if it was the work.
async fn ends_before(end: impl Future, work: impl Future<Output = ()>) -> bool {
    let (mut end, mut work) = (pin!(end), pin!(work));
    poll_fn(|cx| match work.as_mut().poll(cx) {
        Poll::Ready(()) => Poll::Ready(true),
        Poll::Pending => end.as_mut().poll(cx).map(|_| false),
    })
    .await
}

/// Runs `work`, which never ends, until `end` does.
async fn until(end: impl Future<Output = ()>, work: impl Future<Output = ()>) {
    let (mut end, mut work) = (pin!(end), pin!(work));
    poll_fn(|cx| {
        let ended = end.as_mut().poll(cx);
        let _ = work.as_mut().poll(cx);
        ended
    })
    .await;
}

fn start_shard(
    link: Arc<ShardLink>,
    app: Arc<HttpApp>,
    limits: ServerLimits,
    over: mpsc::UnboundedSender<()>,
) -> io::Result<JoinHandle<()>> {
    let runtime = || {
        Builder::new_current_thread()
            .enable_all()
            .build_local(LocalOptions::default())
    };
    let (made, is_made) = std::sync::mpsc::channel();
    let name = format!("shard-{}", link.number);
    let thread = std::thread::Builder::new().name(name).spawn(move || {
        // A local runtime cannot be sent, so its thread makes it, and says whether it could.
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

/// A panic of a channel's callback ends that channel. A panic that comes up to here is one of ours: a shard that
/// went silent would leave its clients hanging, so the process ends and says so.
fn run_shard(
    runtime: &LocalRuntime,
    link: Arc<ShardLink>,
    app: Arc<HttpApp>,
    limits: ServerLimits,
) {
    let number = link.number;
    let run = || {
        runtime.block_on(async {
            // The turn has its own budget; tokio's would cut it short in the middle.
            tokio::task::unconstrained(Shard::new(link, app, limits)).await;
        });
    };
    if catch_unwind(AssertUnwindSafe(run)).is_err() {
        eprintln!(
            "lobbyd: shard {number} has failed, which is a bug; please report the panic above"
        );
        std::process::abort();
    }
}

/// How a server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// WebSockets that were cut off: their clients did not take the Close frame within
    /// [`ServerLimits::closing_timeout_ms`] or before the drain's own deadline. 0 when all were told. Connections that
    /// hang in HTTP do not count, they lose nothing.
    pub cut_off: usize,
}

/// A server on a thread of its own. Dropping it stops it.
#[derive(Debug)]
pub struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) endpoint: Endpoint,
    pub(crate) stop: Option<oneshot::Sender<()>>,
    pub(crate) thread: Option<std::thread::JoinHandle<io::Result<Summary>>>,
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

    /// Stops it as [`Bound::run`](super::builder::Bound::run) does, and says how it ended.
    ///
    /// # Errors
    /// Those of [`Bound::run`](super::builder::Bound::run).
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
