//! WebSockets that ended, counted by reason since the start.
//!
//! Each counts once, when its end is decided.

use std::sync::atomic::{AtomicU64, Ordering};

use strum::EnumCount;

use crate::server::limits::counters::{Counters, Counts, kind};
use crate::websocket::{CloseKind, CloseReason, Overrun};

kind!(CloseKind);
kind!(Overrun);

/// The counts of all shards together. A close is no hot path, so a shard needs no counts of its
/// own.
#[derive(Debug, Default)]
pub(crate) struct Closes {
    by_reason: Counters<CloseKind, { CloseKind::COUNT }>,
    by_overrun: Counters<Overrun, { Overrun::COUNT }>,
    cut: AtomicU64,
}

/// How many WebSockets ended for each reason, since the start.
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

    /// A WebSocket that was counted did not take its Close in time.
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
    /// WebSockets that ended for the reason of that [name](CloseReason::name); 0 if there is no
    /// such reason.
    pub fn of(&self, name: &str) -> u64 {
        self.by_reason.named(name)
    }

    /// Every reason's name with its count.
    pub fn by_reason(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.by_reason.by_name()
    }

    /// Slow consumers that overran that bound.
    pub fn slow_by(&self, overrun: Overrun) -> u64 {
        self.by_overrun.of(overrun)
    }

    /// Every bound that slow consumers overran, by [name](Overrun::name), with its count. Together
    /// they are all slow consumers.
    pub fn by_overrun(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.by_overrun.by_name()
    }

    /// Of all WebSockets that ended, those that were cut off because they did not take their Close
    /// in time. Their clients saw 1006.
    pub fn cut(&self) -> u64 {
        self.cut
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantArray;

    use super::*;

    #[test]
    fn close_counts_once_by_its_name_and_a_slow_one_by_what_it_overran_too() {
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
