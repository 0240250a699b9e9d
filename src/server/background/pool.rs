//! The background threads: what takes longer than a shard may wait, at a low priority.

use std::fmt;
use std::io;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use super::job_queue::{JobQueue, PoolJob, run_jobs};
use super::job_stats::{JobKind, JobStats};
use crate::server::limits::limit::{Limit, LimitSet};
use crate::server::limits::meters::LimitMeters;
use crate::server::limits::values::ServerLimits;

/// Most threads, if nothing is said. A storm of tokens is checked by as many cores.
const THREADS_MAX: usize = 4;

/// The threads of a server's background: how many, and how nice.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PoolSettings {
    /// `background.threads`: as many as cores, 4 at most, if nothing is said.
    pub threads: usize,
    /// `background.nice`, 10 if nothing is said: by how much the threads stand back behind the
    /// shards, 0 to 19. On Linux alone.
    pub nice: u8,
}

impl Default for PoolSettings {
    fn default() -> PoolSettings {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        PoolSettings {
            threads: cores.min(THREADS_MAX),
            nice: 10,
        }
    }
}

/// The background threads of a server. They start with the first job, and end with
/// [`stop`](Pool::stop). A shard never waits for one: a job is taken or refused at once.
pub(crate) struct Pool {
    settings: Mutex<PoolSettings>,
    queue: Arc<JobQueue>,
    stats: Arc<JobStats>,
    threads: Mutex<Threads>,
    meters: Arc<LimitMeters>,
    limit: Mutex<JobLimit>,
}

#[derive(Debug)]
enum Threads {
    /// Nobody has needed any yet.
    Unneeded,
    Started(Vec<JoinHandle<()>>),
    /// The server has ended, or the system gave it no thread.
    Stopped,
}

/// `limits.token_checks`: how many jobs may wait.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JobLimit {
    pub observe: LimitSet,
    pub max: u64,
}

impl From<&ServerLimits> for JobLimit {
    fn from(limits: &ServerLimits) -> JobLimit {
        JobLimit {
            observe: limits.observe,
            max: limits.max(Limit::TokenChecks),
        }
    }
}

/// Why a job is not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotRun {
    /// As many jobs wait as may wait.
    Full,
    /// The server ends, or has no threads.
    Stopped,
}

/// The answer of a job. Ready with `None` if the job panicked, or the server ended before it.
pub(crate) type JobAnswer<T> = oneshot::Receiver<T>;

impl Pool {
    pub fn new(limit: JobLimit, meters: Arc<LimitMeters>) -> Pool {
        Pool {
            settings: Mutex::default(),
            queue: Arc::default(),
            stats: Arc::default(),
            threads: Mutex::new(Threads::Unneeded),
            meters,
            limit: Mutex::new(limit),
        }
    }

    /// Runs a job on one of the threads. Its answer can be awaited in any runtime.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "for TLS, whose handshakes are jobs too")
    )]
    pub fn ask<T: Send + 'static>(
        &self,
        kind: JobKind,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<JobAnswer<T>, NotRun> {
        let (teller, answer) = oneshot::channel();
        let run = move || {
            // Whoever asked may have gone meanwhile.
            if !teller.is_closed() {
                let _ = teller.send(job());
            }
        };
        self.run(kind, Box::new(run)).map(|()| answer)
    }

    /// Runs a job that answers nobody. A job that is not run is dropped.
    pub fn run(&self, kind: JobKind, run: Box<dyn FnOnce() + Send>) -> Result<(), NotRun> {
        self.start()?;
        let JobLimit { observe, max } = *lock(&self.limit);
        let bound = observe.bites_above(Limit::TokenChecks, max);
        let (waited, pushed) = self.queue.push(PoolJob { kind, run }, bound);
        self.meters
            .judge(observe, Limit::TokenChecks, waited + 1, max);
        // The job is dropped here, outside every lock.
        pushed.map_err(|_| match waited >= bound {
            true => NotRun::Full,
            false => NotRun::Stopped,
        })
    }

    /// Sets how many threads there are and how nice, for a pool that has not started.
    pub fn set_up(&self, settings: PoolSettings) {
        *lock(&self.settings) = settings;
    }

    /// Sets how many jobs may wait from now on.
    pub fn set_limit(&self, limit: JobLimit) {
        *lock(&self.limit) = limit;
    }

    /// Returns the number of jobs that wait. `None` if no thread was ever needed.
    pub fn waiting(&self) -> Option<usize> {
        let unneeded = matches!(*lock(&self.threads), Threads::Unneeded);
        (!unneeded).then(|| self.queue.waiting())
    }

    pub fn stats(&self) -> &JobStats {
        &self.stats
    }

    /// Ends the threads, after the jobs that they are at. Jobs that wait are dropped.
    pub fn stop(&self) {
        let threads = std::mem::replace(&mut *lock(&self.threads), Threads::Stopped);
        self.queue.close();
        let Threads::Started(threads) = threads else {
            return;
        };
        let own = std::thread::current().id();
        for thread in threads {
            // The last owner of a pool may be one of its jobs.
            if thread.thread().id() != own {
                let _ = thread.join();
            }
        }
    }

    /// Starts the threads if none was needed yet.
    fn start(&self) -> Result<(), NotRun> {
        let mut threads = lock(&self.threads);
        match &*threads {
            Threads::Started(_) => return Ok(()),
            Threads::Stopped => return Err(NotRun::Stopped),
            Threads::Unneeded => {}
        }
        let PoolSettings {
            threads: count,
            nice,
        } = *lock(&self.settings);
        let started: Vec<_> = (0..count.max(1))
            .map_while(|number| {
                let thread = self.start_thread(number, nice);
                let failed = |error: &io::Error| {
                    tracing::error!(%error, "cannot start a background thread");
                };
                thread.inspect_err(failed).ok()
            })
            .collect();
        // Without a thread the pool is as one that was stopped, so that no stranger causes the line
        // again.
        let is_started = !started.is_empty();
        *threads = match is_started {
            true => Threads::Started(started),
            false => Threads::Stopped,
        };
        if is_started {
            Ok(())
        } else {
            Err(NotRun::Stopped)
        }
    }

    fn start_thread(&self, number: usize, nice: u8) -> io::Result<JoinHandle<()>> {
        let (queue, stats) = (Arc::clone(&self.queue), Arc::clone(&self.stats));
        let name = format!("background-{number}");
        std::thread::Builder::new().name(name).spawn(move || {
            stand_back(nice);
            run_jobs(&queue, &stats);
        })
    }
}

/// Has the calling thread run behind the others. Elsewhere than on Linux the call would be for the
/// whole process.
fn stand_back(nice: u8) {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, nice.into()) {
        tracing::warn!(%error, nice, "a background thread keeps its priority");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = nice;
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.stop();
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("settings", &self.settings)
            .field("waiting", &self.waiting())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
