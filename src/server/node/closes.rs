//! How many WebSockets have ended since the server's start, by the reason of their end.
//!
//! Each WebSocket counts once, when its end is decided.

use std::sync::atomic::{AtomicU64, Ordering};

use strum::EnumCount;

use crate::server::limits::counters::{Counters, Counts, kind};
use crate::websocket::{CloseKind, CloseReason, Overrun};

kind!(CloseKind);
kind!(Overrun);

/// The counts of all shards together. A close is rare work, so a shard needs no counts of its own.
#[derive(Debug, Default)]
pub(crate) struct Closes {
    by_reason: Counters<CloseKind, { CloseKind::COUNT }>,
    by_overrun: Counters<Overrun, { Overrun::COUNT }>,
    cut: AtomicU64,
}

/// A snapshot: how many WebSockets had ended since the server's start, by the reason of their end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CloseCounts {
    by_reason: Counts<CloseKind, { CloseKind::COUNT }>,
    by_overrun: Counts<Overrun, { Overrun::COUNT }>,
    cut: u64,
}

impl Closes {
    pub fn count(&self, reason: CloseReason) {
        self.by_reason.count(reason.kind());
        if let CloseReason::SlowConsumer(overrun) = reason {
            self.by_overrun.count(overrun);
        }
    }

    /// Counts a WebSocket that did not take its Close in time. It was counted by its reason before.
    pub fn count_cut(&self) {
        self.cut.fetch_add(1, Ordering::Relaxed);
    }

    pub fn counts(&self) -> CloseCounts {
        CloseCounts {
            by_reason: self.by_reason.read(),
            by_overrun: self.by_overrun.read(),
            cut: self.cut.load(Ordering::Relaxed),
        }
    }
}

impl CloseCounts {
    /// Returns the number of WebSockets that ended for the reason with this name, such as
    /// `slow_consumer`; 0 if there is no such reason. [`by_reason`](Self::by_reason) has all names.
    pub fn of(&self, name: &str) -> u64 {
        self.by_reason.named(name)
    }

    /// Returns every reason's name with its count.
    pub fn by_reason(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.by_reason.by_name()
    }

    /// Returns the number of slow consumers that overran the bound `overrun`.
    pub fn slow_by(&self, overrun: Overrun) -> u64 {
        self.by_overrun.of(overrun)
    }

    /// Returns the [name](Overrun::name) of every bound that a slow consumer may overrun, with its
    /// count. The sum is the number of all slow consumers.
    pub fn by_overrun(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.by_overrun.by_name()
    }

    /// Returns the number of WebSockets that were cut because they did not take their Close in
    /// time. Their clients saw 1006. Each is also counted by its reason.
    pub fn cut(&self) -> u64 {
        self.cut
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantArray;

    use super::*;

    #[test]
    fn close_is_counted_by_reason_and_a_slow_consumer_by_overrun_too() {
        let closes = Closes::default();
        closes.count(CloseReason::PeerGone);
        for &overrun in Overrun::VARIANTS {
            closes.count(CloseReason::SlowConsumer(overrun));
        }
        closes.count(CloseReason::SlowConsumer(Overrun::Age));
        let counts = closes.counts();
        assert_eq!((counts.of("peer_gone"), counts.of("slow_consumer")), (1, 5));
        assert_eq!(counts.by_reason().map(|(_, count)| count).sum::<u64>(), 6);
        let slow: Vec<_> = counts.by_overrun().collect();
        assert_eq!(
            slow,
            [("topic_log", 1), ("age", 2), ("all_logs", 1), ("outbox", 1)]
        );
        assert_eq!(counts.slow_by(Overrun::Age), 2);
        assert_eq!(counts.of("no_such_reason"), 0);
    }
}
