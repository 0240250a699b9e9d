//! Running: one thread per shard, the acceptor on the caller's, and the end of both.

use std::future::Future;
use std::io;
use std::net::TcpListener;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::runtime::{Builder, LocalOptions, LocalRuntime};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::HttpApp;
use super::acceptor::accept;
use super::inbox::{Command, ShardLink};
use super::listen::{ServerLimits, Summary};
use super::shard::Shard;
use crate::broker::Hub;

pub(super) fn run(
    listener: TcpListener,
    hub: Arc<Hub>,
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
        let link = Arc::new(ShardLink::new(number, Arc::clone(&hub)));
        threads.push(start_shard(
            Arc::clone(&link),
            Arc::clone(&app),
            limits,
            over.clone(),
        )?);
        links.push(link);
    }
    drop(over);
    runtime.block_on(async {
        #[expect(deprecated, reason = "the other constructor is unsafe, for the sake of types that lie about their descriptor; TcpListener owns its own")]
        let listener = AsyncFd::with_interest(listener, Interest::READABLE)?;
        until(shutdown, accept(&listener, &links)).await;
        drop(listener);
        for link in &links {
            link.inbox.post(Command::Stop, 1);
        }
        let deadline = Duration::from_millis(limits.stop_timeout_ms);
        let all = async { while ended.recv().await.is_some() {} };
        let _ = timeout(deadline, all).await;
        io::Result::Ok(())
    })?;
    let left = |link: &Arc<ShardLink>| link.connections.load(Ordering::Relaxed);
    let cut_off = links.iter().map(left).sum();
    if cut_off == 0 {
        threads.into_iter().for_each(|thread| drop(thread.join()));
    }
    Ok(Summary { cut_off })
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
