//! A shard's queue from other threads, and the wake-up of its sleeping owner.
//!
//! A shard that is awake takes its mail in every turn, so no thread wakes it. The first post to a
//! sleeping shard wakes the shard. Later posts only push their items, because each wake-up would
//! cost a system call.

use std::task::Waker;

use super::sync::Mutex;
use super::sync::atomic::{AtomicUsize, Ordering};
use super::sync::lock;

/// A queue from many threads to one, in the order of the posts.
#[derive(Debug)]
pub struct Mailbox<T> {
    queue: Mutex<Queue<T>>,
    bytes: AtomicUsize,
}

#[derive(Debug)]
struct Queue<T> {
    items: Vec<T>,
    bytes: usize,
    /// True if the owner will look at the queue before it sleeps, or has been woken already. Then
    /// no other thread needs to wake the owner.
    awake: bool,
    waker: Option<Waker>,
}

impl<T> Default for Mailbox<T> {
    fn default() -> Self {
        let queue = Queue {
            items: Vec::new(),
            bytes: 0,
            awake: true,
            waker: None,
        };
        Mailbox {
            queue: Mutex::new(queue),
            bytes: AtomicUsize::new(0),
        }
    }
}

impl<T> Mailbox<T> {
    /// Posts `item` of weight `bytes`, and wakes a sleeping owner. Returns the bytes now waiting.
    pub fn post(&self, item: T, bytes: usize) -> usize {
        let (waiting, waker) = self.put(item, bytes);
        if let Some(waker) = waker {
            waker.wake();
        }
        waiting
    }

    /// Like [`post`](Mailbox::post), but returns the waker of a sleeping owner instead of calling
    /// it. The caller may hold a lock, and the woken thread may at once want the same lock.
    #[must_use = "an owner that nobody wakes sleeps on"]
    pub(crate) fn put(&self, item: T, bytes: usize) -> (usize, Option<Waker>) {
        let mut queue = lock(&self.queue);
        queue.items.push(item);
        queue.bytes += bytes;
        let waiting = queue.bytes;
        self.bytes.store(waiting, Ordering::Relaxed);
        if queue.awake {
            return (waiting, None);
        }
        queue.awake = true;
        (waiting, queue.waker.clone())
    }

    /// Moves all posted items to the end of `into`, in order. Only the owner calls this.
    pub fn take(&self, into: &mut Vec<T>) {
        let mut queue = lock(&self.queue);
        queue.awake = true;
        queue.bytes = 0;
        self.bytes.store(0, Ordering::Relaxed);
        if into.is_empty() {
            std::mem::swap(into, &mut queue.items);
        } else {
            into.append(&mut queue.items);
        }
    }

    /// Marks the owner as asleep, to be woken by `waker`. False if an item was posted meanwhile;
    /// then the owner must not sleep. Only the owner calls this.
    #[must_use]
    pub fn sleep(&self, waker: &Waker) -> bool {
        let mut queue = lock(&self.queue);
        queue.awake = !queue.items.is_empty();
        let known = queue.waker.as_ref().is_some_and(|w| w.will_wake(waker));
        if !known {
            queue.waker = Some(waker.clone());
        }
        !queue.awake
    }

    /// Returns the bytes of all waiting items, as of a moment ago.
    pub fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }
}
