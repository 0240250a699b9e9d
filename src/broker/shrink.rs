//! Spare room that bursts and crowds leave in a shard's collections; the sweep gives it back.
//!
//! The room is not given back when it becomes spare: a busy topic empties its log after every pass,
//! and would have to allocate again each time.

/// Collections keep room for this many items, however few they hold.
pub(crate) const KEPT: usize = 64;

/// Whether a collection has so much more room than it needs that moving its items is worth it.
pub(crate) fn is_mostly_spare(len: usize, capacity: usize) -> bool {
    capacity > KEPT && len < capacity / 4
}

/// How much room a collection of `len` items keeps when it shrinks.
pub(crate) fn kept(len: usize) -> usize {
    KEPT.max(len * 2)
}
