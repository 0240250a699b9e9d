//! Reports of the tasks on a shard's own thread to the shard: one queue without a lock.

use std::cell::RefCell;
use std::task::Waker;

use crate::broker::SubscriptionId;
use crate::channel::{Lost, Resume};
use crate::server::http::serve::Outcome;

/// A report of a task to its shard.
pub(crate) enum Event {
    /// The HTTP task of a connection has ended.
    HttpEnded(Outcome),
    /// The job that a channel waits for has ended: the deferred future of one of its callbacks.
    Resumed {
        connection: u64,
        channel: SubscriptionId,
        result: Result<Resume, Lost>,
    },
}

/// The queue of events from tasks to their shard. Only the shard's thread uses the queue, so no
/// lock is needed.
#[derive(Default)]
pub(crate) struct Events {
    queue: RefCell<Vec<Event>>,
    waker: RefCell<Option<Waker>>,
}

impl Events {
    pub fn push(&self, event: Event) {
        self.queue.borrow_mut().push(event);
        if let Some(waker) = &*self.waker.borrow() {
            waker.wake_by_ref();
        }
    }

    pub fn take(&self) -> Vec<Event> {
        std::mem::take(&mut self.queue.borrow_mut())
    }

    pub fn wake_by(&self, waker: &Waker) {
        let mut known = self.waker.borrow_mut();
        if !known.as_ref().is_some_and(|w| w.will_wake(waker)) {
            *known = Some(waker.clone());
        }
    }
}
