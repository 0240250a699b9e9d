//! Spare room: what bursts and crowds leave behind in a shard's own collections, given back by the sweep.
//!
//! Not at the moment it becomes spare: a busy topic empties its log after every pass, and should not have to allocate
//! again at each.

/// Collections keep room for this many things whatever they hold.
pub(crate) const KEPT: usize = 64;

/// Whether a collection has so much more room than it needs that moving what is in it is worth it.
pub(crate) fn is_mostly_spare(len: usize, capacity: usize) -> bool {
    capacity > KEPT && len < capacity / 4
}

/// How much room such a collection keeps.
pub(crate) fn kept(len: usize) -> usize {
    KEPT.max(len * 2)
}
