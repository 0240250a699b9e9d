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
    /// Outlets that the fan-out gave up, and the reasons.
    pub failed: Vec<(u32, Failure)>,
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
        self.each[index] = Some(Outlet::new(class));
    }

    /// Removes an outlet, from the list of failed outlets too.
    pub fn close(&mut self, outlet: u32) {
        if let Some(place) = self.each.get_mut(outlet as usize) {
            *place = None;
        }
        self.failed.retain(|(failed, _)| *failed != outlet);
    }

    /// Gives back memory that a crowd has left.
    pub fn give_back(&mut self) {
        while self.each.pop_if(|last| last.is_none()).is_some() {}
        if is_mostly_spare(self.each.len(), self.each.capacity()) {
            self.each.shrink_to(kept(self.each.len()));
        }
        shrink_queue(&mut self.queued);
    }
}

/// Gives back memory that a long queue has left.
pub(crate) fn shrink_queue<T>(queue: &mut VecDeque<T>) {
    if is_mostly_spare(queue.len(), queue.capacity()) {
        queue.shrink_to(kept(queue.len()));
    }
}
