//! Running: one thread per shard, the acceptor on the caller's, and the end of both.

use std::future::Future;
use std::io;
use std::net::TcpListener;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::runtime::{Builder, LocalOptions, LocalRuntime};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::acceptor::accept;
use super::endpoint::Endpoint;
use super::inbox::{Command, ShardLink};
use super::limits::ServerLimits;
use super::listen::Summary;
use super::shard::Shard;
use super::{HttpApp, Phase};

/// How long a shard may take to cut what it has, once told to: one turn.
const CUT_GRACE: Duration = Duration::from_secs(1);

/// How long a stop takes without a word about it: clients that are well answer their Close sooner.
const FIRST_MOMENT: Duration = Duration::from_millis(500);

pub(super) fn run(
    listener: TcpListener,
    endpoint: Endpoint,
    app: HttpApp,
    shards: usize,
    limits: ServerLimits,
    shutdown: impl Future<Output = ()>,
) -> io::Result<Summary> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let app = Arc::new(app);
    let (over, mut ended) = mpsc::unbounded_channel();
    let mut links = Vec::new();
    let mut threads = Vec::new();
    for number in 0..u16::try_from(shards).unwrap_or(u16::MAX) {
        let link = Arc::new(ShardLink::new(number, &endpoint));
        threads.push(start_shard(
            Arc::clone(&link),
            Arc::clone(&app),
            limits,
            over.clone(),
        )?);
        links.push(link);
    }
    drop(over);
    let all_ended = runtime.block_on(async {
        #[expect(deprecated, reason = "the other constructor is unsafe, for the sake of types that lie about their descriptor; TcpListener owns its own")]
        let listener = AsyncFd::with_interest(listener, Interest::READABLE)?;
        endpoint.status.enter(Phase::Admitting);
        until(shutdown, accept(&listener, &links, &endpoint.door)).await;
        endpoint.status.enter(Phase::Draining);
        drop(listener);
        for link in &links {
            link.inbox.post(Command::Stop, 1);
        }
        let deadline = Duration::from_millis(limits.stop_timeout_ms);
        let moment = FIRST_MOMENT.min(deadline);
        let mut all = pin!(async { while ended.recv().await.is_some() {} });
        if timeout(moment, all.as_mut()).await.is_ok() {
            return io::Result::Ok(true);
        }
        let rest = deadline - moment;
        let left = connections(&links);
        if left > 0 && !rest.is_zero() {
            let plural = if left == 1 { "" } else { "s" };
            tracing::info!("waiting for {left} connection{plural} to close, at most {rest:?}");
        }
        if timeout(rest, all.as_mut()).await.is_ok() {
            return Ok(true);
        }
        for link in &links {
            link.inbox.post(Command::Cut, 1);
        }
        Ok(timeout(CUT_GRACE, all).await.is_ok())
    })?;
    let mut cut_off = 0;
    for (link, thread) in links.iter().zip(threads) {
        cut_off += link.cut_off.load(Ordering::Relaxed);
        if all_ended || thread.is_finished() {
            let _ = thread.join();
        } else {
            // A callback hangs in it. Nobody can wait for that; what it has ends with the process.
            cut_off += link.connections.load(Ordering::Relaxed);
        }
    }
    Ok(Summary { cut_off })
}

/// How many connections there are, in HTTP or as WebSockets.
fn connections(links: &[Arc<ShardLink>]) -> usize {
    let each = links.iter();
    each.map(|link| link.connections.load(Ordering::Relaxed))
        .sum()
}

/// Runs `work`, which never ends, until `end` does.
async fn until(end: impl Future<Output = ()>, work: impl Future<Output = ()>) {
    let (mut end, mut work) = (std::pin::pin!(end), std::pin::pin!(work));
    std::future::poll_fn(|cx| {
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
