//! What tasks of the shard's own thread have for it, in one queue without a lock.

use crate::broker::SubscriptionId;
use crate::channel::Lost;
use crate::channel::Resume;
use crate::server::http::serve::Outcome;
use std::cell::RefCell;
use std::task::Waker;

/// What a task on the shard's own thread has for it.
pub(crate) enum Event {
    /// A connection speaks HTTP no more.
    HttpEnded(Outcome),
    /// What a callback waited for is there.
    Resumed {
        connection: u64,
        channel: SubscriptionId,
        result: Result<Resume, Lost>,
    },
}

/// The queue of those events. Of one thread, so it needs no lock.
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
