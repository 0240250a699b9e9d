//! Spare room: what bursts and crowds leave behind in a shard's own collections, given back by the sweep.
//!
//! Not at the moment it becomes spare: a busy topic empties its log after every pass, and should not have to allocate
//! again at each.

use super::fanout::Fanout;

/// Collections keep room for this many things whatever they hold.
pub(super) const KEPT: usize = 64;

/// Whether a collection has so much more room than it needs that moving what is in it is worth it.
pub(super) fn is_mostly_spare(len: usize, capacity: usize) -> bool {
    capacity > KEPT && len < capacity / 4
}

/// How much room such a collection keeps.
pub(super) fn kept(len: usize) -> usize {
    KEPT.max(len * 2)
}

impl Fanout {
    pub(super) fn give_back(&mut self) {
        self.scratch.give_back();
        while self.outlets.pop_if(|last| last.is_none()).is_some() {}
        if is_mostly_spare(self.outlets.len(), self.outlets.capacity()) {
            self.outlets.shrink_to(kept(self.outlets.len()));
        }
        if is_mostly_spare(self.heard.len(), self.heard.capacity()) {
            self.heard.shrink_to(kept(self.heard.len()));
        }
        for queue in [&mut self.active, &mut self.queued] {
            if is_mostly_spare(queue.len(), queue.capacity()) {
                queue.shrink_to(kept(queue.len()));
            }
        }
        if is_mostly_spare(self.watched.len(), self.watched.capacity()) {
            self.watched.shrink_to(kept(self.watched.len()));
        }
        if is_mostly_spare(self.rooms_by_name.len(), self.rooms_by_name.capacity()) {
            self.rooms_by_name.shrink_to(kept(self.rooms_by_name.len()));
        }
        if is_mostly_spare(self.rooms.len(), self.rooms.capacity()) {
            // Only slots behind the last living room can go: others know rooms by their slots.
            self.rooms.shrink_to_fit();
        }
    }
}
