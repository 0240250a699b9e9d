//! The bytes that one room has outstanding on one shard: its part of the shard's lag.

use super::sync::atomic::{AtomicUsize, Ordering};

/// What one room has outstanding on one shard, in bytes: its mail, its entries that not every
/// writable member was offered, and its broadcasts that channels have still to be handed.
/// Publishers add under the lock of the topic, and the shard takes out.
#[derive(Debug, Default)]
pub(crate) struct RoomLag {
    outstanding: AtomicUsize,
    /// What the room's log keeps over its bound, while all logs are over theirs: members that catch
    /// up need it.
    kept_over: AtomicUsize,
}

impl RoomLag {
    pub fn add(&self, bytes: usize) {
        self.outstanding.fetch_add(bytes, Ordering::Relaxed);
    }

    pub fn take(&self, bytes: usize) {
        self.outstanding.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Shows what the room's log keeps over its bound. 0 while all logs are within theirs.
    pub fn keeps_over(&self, bytes: usize) {
        self.kept_over.store(bytes, Ordering::Relaxed);
    }

    /// Returns the bytes outstanding. 0 if a bug has taken out more than there were.
    pub fn bytes(&self) -> usize {
        let bytes = self.outstanding.load(Ordering::Relaxed);
        let kept_over = self.kept_over.load(Ordering::Relaxed);
        ((bytes as isize).max(0) as usize).max(kept_over)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lag_of_a_room_is_not_below_zero() {
        let lag = RoomLag::default();
        lag.add(5);
        lag.take(7);
        assert_eq!(lag.bytes(), 0);
        lag.keeps_over(3);
        assert_eq!(lag.bytes(), 3);
    }
}
