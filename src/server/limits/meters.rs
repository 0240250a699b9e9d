//! How near each limit is, and how often each limit was reached.

use super::counters::{Counters, Kind};
use super::limit::{Limit, LimitSet};
use super::peak::Peak;

const LIMITS: usize = Limit::ALL.len();

impl Kind for Limit {
    const ALL: &'static [Limit] = Limit::ALL;

    fn place(self) -> usize {
        self as usize
    }

    fn word(self) -> &'static str {
        self.name()
    }
}

/// The meters of a running server: how often each limit bit or would have bitten, and how near it
/// was. All shards share the meters, so nothing in them is written per delivery.
#[derive(Debug, Default)]
pub struct LimitMeters {
    bitten: Counters<Limit, LIMITS>,
    observed: Counters<Limit, LIMITS>,
    /// Peaks in thousandths of the limit.
    nearest: [Peak; LIMITS],
}

impl LimitMeters {
    /// Notes that `used` of `max` is in use, and counts if that is over `max`. True if the limit
    /// bites.
    pub fn judge(&self, observe: LimitSet, limit: Limit, used: u64, max: u64) -> bool {
        self.note(observe, limit, used, max);
        if used <= max {
            return false;
        }
        let bites = used > observe.bites_above(limit, max);
        self.count(limit, bites);
        bites
    }

    /// Counts that `limit` was exceeded. True if the limit bites, false if it is only observed.
    pub fn exceeded(&self, observe: LimitSet, limit: Limit) -> bool {
        let bites = !observe.contains(limit);
        self.count(limit, bites);
        bites
    }

    fn count(&self, limit: Limit, bites: bool) {
        let counts = if bites { &self.bitten } else { &self.observed };
        counts.count(limit);
    }

    /// Notes that `used` of `max` is in use. This is done with every read, and costs a load and two
    /// multiplications; for a new peak of this window also a division and a store. If the limit
    /// bites, a value over it counts as equal to it, because what is over it waits or is refused,
    /// and is not in use.
    pub fn note(&self, observe: LimitSet, limit: Limit, used: u64, max: u64) {
        let bites = !observe.contains(limit);
        let used = if bites { used.min(max) } else { used };
        let nearest = &self.nearest[limit as usize];
        let (used, max) = (used.saturating_mul(1000), max.max(1));
        let is_nearer = |permille: u64| used >= permille.saturating_add(1).saturating_mul(max);
        if is_nearer(nearest.of_window()) {
            nearest.note(used / max);
        }
    }

    /// Begins a new window of time. One thread calls this about every 30 seconds.
    pub fn next_window(&self) {
        self.nearest.iter().for_each(Peak::next_window);
    }

    /// Returns how often `limit` bit since the server's start. An observed limit that protects
    /// memory bites at 16 times its value.
    pub fn bitten(&self, limit: Limit) -> u64 {
        self.bitten.of(limit)
    }

    /// Returns how often `limit` would have bitten since the server's start, while it was only
    /// observed.
    pub fn observed(&self, limit: Limit) -> u64 {
        self.observed.of(limit)
    }

    /// Returns how near `limit` was in this window of time and the one before: 1 is at the limit.
    /// Only an observed limit has values over 1.
    pub fn nearest(&self, limit: Limit) -> f64 {
        self.nearest[limit as usize].read() as f64 / 1000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limit_bites_above_its_value_and_one_that_is_observed_only_counts() {
        let meters = LimitMeters::default();
        let observe = LimitSet::default().with(Limit::MessageBytes);
        assert!(!meters.judge(observe, Limit::Connections, 10, 10));
        assert!(meters.judge(observe, Limit::Connections, 11, 10));
        assert!(!meters.judge(observe, Limit::MessageBytes, 30, 20));
        assert_eq!(
            (
                meters.bitten(Limit::Connections),
                meters.observed(Limit::Connections)
            ),
            (1, 0)
        );
        assert_eq!(
            (
                meters.bitten(Limit::MessageBytes),
                meters.observed(Limit::MessageBytes)
            ),
            (0, 1)
        );
        assert_eq!(meters.nearest(Limit::MessageBytes), 1.5);
        assert_eq!(meters.nearest(Limit::Connections), 1.0);
    }

    #[test]
    fn observed_limit_bites_at_16_times_its_value_for_memory_and_else_never() {
        let meters = LimitMeters::default();
        let observe = LimitSet::default()
            .with(Limit::MessageBytes)
            .with(Limit::JoinsPerSecond);
        assert!(!meters.judge(observe, Limit::MessageBytes, 320, 20));
        assert!(meters.judge(observe, Limit::MessageBytes, 321, 20));
        assert!(!meters.judge(observe, Limit::JoinsPerSecond, u64::MAX / 2000, 20));
        let (bitten, observed) = (
            meters.bitten(Limit::MessageBytes),
            meters.observed(Limit::MessageBytes),
        );
        assert_eq!((bitten, observed), (1, 1));
    }

    #[test]
    fn nearness_to_a_limit_is_the_highest_of_all_that_was_noted() {
        let meters = LimitMeters::default();
        let observe = LimitSet::default().with(Limit::Connections);
        let mut highest = 0;
        for used in [
            0, 2, 1, 3, 2, 999, 1_000, 1_001, 1_000, 2_997, 2_996, 2_999, 6_000,
        ] {
            meters.note(observe, Limit::Connections, used, 3_000);
            highest = u64::max(highest, used);
            let permille = (highest / 3) as f64;
            assert_eq!(meters.nearest(Limit::Connections), permille / 1000.0);
        }
        (0..2).for_each(|_| meters.note(observe, Limit::Connections, u64::MAX, 1));
        assert!(meters.nearest(Limit::Connections) > 1e15);
    }

    #[test]
    fn nearness_to_a_limit_is_forgotten_after_two_windows() {
        let meters = LimitMeters::default();
        meters.note(LimitSet::default(), Limit::Connections, 5, 10);
        meters.next_window();
        assert_eq!(meters.nearest(Limit::Connections), 0.5);
        meters.next_window();
        assert_eq!(meters.nearest(Limit::Connections), 0.0);
    }
}
