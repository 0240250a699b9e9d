//! The outlets of one shard's connections, the queue of outlets to drain, and the failed outlets.

use std::collections::VecDeque;

use super::outlet::Outlet;
use super::sink::Failure;
use crate::broker::shrink::{is_mostly_spare, kept};
use crate::broker::topics::entry::Class;

/// Outlets by the caller's numbers, which are small and may be reused.
#[derive(Debug, Default)]
pub(crate) struct Outlets {
    each: Vec<Option<Outlet>>,
    /// Outlets that have frames of their own, or are catching up.
    pub queued: VecDeque<u32>,
    /// Outlets that the fan-out gave up, in order.
    pub failed: VecDeque<Failed>,
    /// Outlets whose owner waited for a change that has come.
    pub notified: VecDeque<u32>,
    /// Number of connections opened since the start; it wraps.
    opened: u32,
    /// Looks at entries of lists.
    pub looks: Looks,
}

/// An outlet that the fan-out gave up, and the reason.
#[derive(Debug)]
pub(crate) struct Failed {
    pub outlet: u32,
    /// The connection's [`Outlet::opened`].
    pub opened: u32,
    pub failure: Failure,
}

/// Number of looks at entries of lists: listeners, broadcasts for them, members that may have
/// fallen off a log, and outlets that were given up or wait. The tests compare it between scenes,
/// so that work follows what changed and never how many there are. Nothing is counted without the
/// feature `engine`.
#[derive(Debug, Default)]
pub(crate) struct Looks(#[cfg(feature = "engine")] std::cell::Cell<u64>);

impl Looks {
    pub fn count(&self) {
        self.add(1);
    }

    pub fn add(&self, count: usize) {
        #[cfg(feature = "engine")]
        self.0.set(self.0.get() + count as u64);
        #[cfg(not(feature = "engine"))]
        let _ = count;
    }

    #[cfg(feature = "engine")]
    pub fn read(&self) -> u64 {
        self.0.get()
    }
}

impl Outlets {
    pub fn get(&self, outlet: u32) -> Option<&Outlet> {
        self.each.get(outlet as usize)?.as_ref()
    }

    pub fn get_mut(&mut self, outlet: u32) -> Option<&mut Outlet> {
        self.each.get_mut(outlet as usize)?.as_mut()
    }

    pub fn open(&mut self, outlet: u32, class: Class) {
        let index = outlet as usize;
        if self.each.len() <= index {
            self.each.resize_with(index + 1, || None);
        }
        self.opened = self.opened.wrapping_add(1);
        self.each[index] = Some(Outlet::new(class, self.opened));
    }

    /// True if the connection `opened` still has this outlet.
    pub fn is_same(&self, outlet: u32, opened: u32) -> bool {
        self.get(outlet).is_some_and(|o| o.opened == opened)
    }

    /// Removes an outlet. Entries of lists that name it are skipped when they are taken, because a
    /// search would take longer the longer the lists are.
    pub fn close(&mut self, outlet: u32) {
        if let Some(place) = self.each.get_mut(outlet as usize) {
            *place = None;
        }
    }

    /// Gives back memory that a crowd has left.
    pub fn give_back(&mut self) {
        while self.each.pop_if(|last| last.is_none()).is_some() {}
        if is_mostly_spare(self.each.len(), self.each.capacity()) {
            self.each.shrink_to(kept(self.each.len()));
        }
        shrink_queue(&mut self.queued);
        shrink_queue(&mut self.failed);
        shrink_queue(&mut self.notified);
    }
}

/// Gives back memory that a long queue has left.
pub(crate) fn shrink_queue<T>(queue: &mut VecDeque<T>) {
    if is_mostly_spare(queue.len(), queue.capacity()) {
        queue.shrink_to(kept(queue.len()));
    }
}
