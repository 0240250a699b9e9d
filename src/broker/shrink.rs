//! Spare room that bursts and crowds leave in a shard's collections; the sweep gives it back.
//!
//! Room is not given back as soon as it is spare: a busy topic empties its log after every pass,
//! and would have to allocate again each time.

/// Items for which a collection keeps room, however few it holds.
pub(crate) const KEPT: usize = 64;

/// True if a collection has far more room than it needs, so that moving its items is worth the
/// cost.
pub(crate) fn is_mostly_spare(len: usize, capacity: usize) -> bool {
    capacity > KEPT && len < capacity / 4
}

/// Returns how much room a collection of `len` items keeps when it shrinks.
pub(crate) fn kept(len: usize) -> usize {
    KEPT.max(len * 2)
}
