//! The queue of the background threads: bounded, and closed at the end of the server.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::job_stats::{JobKind, JobStats};

/// What a background thread runs. A job never waits for another one.
pub(super) struct PoolJob {
    pub kind: JobKind,
    pub run: Box<dyn FnOnce() + Send>,
}

/// Jobs that wait, in the order in which they came.
#[derive(Default)]
pub(super) struct JobQueue {
    state: Mutex<QueueState>,
    came: Condvar,
}

#[derive(Default)]
struct QueueState {
    waiting: VecDeque<PoolJob>,
    is_closed: bool,
}

impl JobQueue {
    /// Adds a job unless as many as `bites_above` wait already. Returns the number that waited
    /// before, and gives the job back if it was not taken.
    pub fn push(&self, job: PoolJob, bites_above: u64) -> (u64, Result<(), PoolJob>) {
        let mut state = self.lock();
        let waited = state.waiting.len() as u64;
        if state.is_closed || waited >= bites_above {
            return (waited, Err(job));
        }
        state.waiting.push_back(job);
        drop(state);
        self.came.notify_one();
        (waited, Ok(()))
    }

    /// Returns the next job, for which the thread waits. `None` once the queue is closed.
    pub fn pop(&self) -> Option<PoolJob> {
        let mut state = self.lock();
        loop {
            if state.is_closed {
                return None;
            }
            if let Some(job) = state.waiting.pop_front() {
                return Some(job);
            }
            state = self
                .came
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Closes the queue. Jobs that wait are dropped, which their askers notice.
    pub fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        self.came.notify_all();
        // Without the lock: a job that is dropped may run code of its asker.
        drop(waiting);
    }

    /// Returns the number of jobs that wait.
    pub fn waiting(&self) -> usize {
        self.lock().waiting.len()
    }

    fn lock(&self) -> MutexGuard<'_, QueueState> {
        // No job runs and none is dropped under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs the jobs of the queue until it is closed. A panic in a job costs that job alone.
pub(super) fn run_jobs(queue: &JobQueue, stats: &JobStats) {
    while let Some(PoolJob { kind, run }) = queue.pop() {
        let begun = Instant::now();
        if std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).is_err() {
            tracing::error!(job = kind.name(), "a job on a background thread panicked");
        }
        stats.note(kind, begun.elapsed());
    }
}
