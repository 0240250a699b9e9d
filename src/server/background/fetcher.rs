//! The thread of outgoing HTTP: a runtime of its own, which starts with the first task.

use std::future::Future;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::oneshot;

/// Most threads for the look-up of names, which the system's resolver blocks.
const RESOLVERS_MAX: usize = 4;

/// The thread of outgoing HTTP of a server.
#[derive(Debug, Default)]
pub(super) struct Fetcher(Mutex<FetcherState>);

#[derive(Debug, Default)]
enum FetcherState {
    /// Nobody has needed it yet.
    #[default]
    Unneeded,
    Started(FetchThread),
    /// The server has ended, or the system gave it no thread.
    Stopped,
}

#[derive(Debug)]
struct FetchThread {
    handle: Handle,
    /// Ends the thread when it is dropped.
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Fetcher {
    /// Runs a task on the thread, until it ends or the server does. Returns false if there is no
    /// thread.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let FetcherState::Unneeded = *state {
            *state = match FetchThread::start() {
                Ok(started) => FetcherState::Started(started),
                Err(error) => {
                    tracing::error!(%error, "cannot start the thread that fetches keys");
                    FetcherState::Stopped
                }
            };
        }
        let FetcherState::Started(started) = &*state else {
            return false;
        };
        started.handle.spawn(task);
        true
    }

    /// Ends the thread. Tasks are dropped where they wait.
    pub fn stop(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let state = std::mem::replace(&mut *state, FetcherState::Stopped);
        if let FetcherState::Started(FetchThread { stop, thread, .. }) = state {
            drop(stop);
            let _ = thread.join();
        }
    }
}

impl FetchThread {
    fn start() -> io::Result<FetchThread> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(RESOLVERS_MAX)
            .thread_name("background-names")
            .build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new().name("background-http".to_owned());
        let thread = thread.spawn(move || run(runtime, stopped))?;
        Ok(FetchThread {
            handle,
            stop,
            thread,
        })
    }
}

fn run(runtime: Runtime, stopped: oneshot::Receiver<()>) {
    let _ = runtime.block_on(stopped);
    // Without a wait for the resolver, which may hang for longer than anybody wants.
    runtime.shutdown_background();
}

impl Drop for Fetcher {
    fn drop(&mut self) {
        self.stop();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn fetcher_starts_with_its_first_task_and_drops_its_tasks_at_the_end() {
        let fetcher = Fetcher::default();
        let (tell, told) = mpsc::channel();
        let dropped = tell.clone();
        assert!(fetcher.spawn(async move { tell.send(()).unwrap() }));
        told.recv_timeout(LONG).unwrap();
        assert!(fetcher.spawn(async move {
            let _dropped = dropped;
            std::future::pending::<()>().await;
        }));
        fetcher.stop();
        let ended = told.recv_timeout(LONG);
        assert_eq!(ended, Err(mpsc::RecvTimeoutError::Disconnected));
        assert!(!fetcher.spawn(async {}));
    }
}
