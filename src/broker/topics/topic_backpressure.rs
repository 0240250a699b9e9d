//! How much of a shard's lag one topic may have: when its publishers wait, and when they go on.
//!
//! The limit bounds the lag of a shard, which all rooms share. A room may have up to three times as
//! much of it as is free. So a room alone waits at three quarters of the limit. The more rooms lag,
//! the less each may have, and some of the limit stays free for rooms that do not lag. At the limit
//! nothing is free, so it is an upper bound however many rooms there are.

use super::shards::Shards;
use super::sync::lock;
use super::topic::Topic;

/// How many times the bytes that are free a room may have outstanding.
const TIMES_FREE: u64 = 3;

/// Returns the lag of a shard up to which no room has more than it may, if the limit is `max`.
pub(crate) fn lag_bytes_without_wait(max: u64) -> u64 {
    max - max / (TIMES_FREE + 1)
}

/// True if a room with `own` bytes outstanding has more than it may, on a shard that lags by `lag`.
fn is_over(own: u64, lag: u64, max: u64) -> bool {
    own > TIMES_FREE * max.saturating_sub(lag)
}

/// True if the publishers of a room that had more than it may go on. They wait until the room has
/// no more than is free, so that they do not stop and go with each read.
fn has_caught_up(own: u64, lag: u64, max: u64) -> bool {
    lag <= max / 2 || own <= max.saturating_sub(lag)
}

impl Topic {
    /// True if the topic has more outstanding than it may, on some shard. `max` is the limit of a
    /// shard's lag.
    pub fn lags(&self, shards: &Shards, max: u64) -> bool {
        self.any_shard(shards, |own, lag| is_over(own, lag, max))
    }

    /// True if clients that wait because the topic [lags](Topic::lags) may publish again.
    pub fn has_caught_up(&self, shards: &Shards, max: u64) -> bool {
        !self.any_shard(shards, |own, lag| !has_caught_up(own, lag, max))
    }

    /// True if `holds` for what the topic has outstanding and for the lag, on some shard that has
    /// members.
    fn any_shard(&self, shards: &Shards, holds: impl Fn(u64, u64) -> bool) -> bool {
        let state = lock(&self.state);
        state.interest.iter().any(|interest| {
            let own = interest.lag.bytes() as u64;
            holds(own, shards.lag_bytes(interest.shard) as u64)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: u64 = 1_000;

    #[test]
    fn room_alone_waits_above_three_quarters_and_goes_on_at_half_of_the_limit() {
        assert_eq!(lag_bytes_without_wait(MAX), 750);
        for (lag, waits) in [(0, false), (750, false), (751, true), (2_000, true)] {
            assert_eq!(is_over(lag, lag, MAX), waits, "{lag}");
        }
        assert!(has_caught_up(500, 500, MAX) && !has_caught_up(501, 501, MAX));
    }

    #[test]
    fn word_in_a_settled_room_passes_until_the_limit_has_nothing_free() {
        for rooms in 1..=100 {
            // The most that so many rooms may have, each as much as the others.
            let lag = (0..=MAX).rfind(|lag| !is_over(lag / rooms, *lag, MAX));
            let lag = lag.expect("no lag is not too much");
            assert!(lag < MAX, "{rooms}");
            assert!(
                !is_over(1, lag, MAX) && has_caught_up(1, lag, MAX),
                "{rooms}"
            );
        }
        assert!(is_over(1, MAX, MAX) && !has_caught_up(1, MAX, MAX));
    }

    #[test]
    fn room_that_is_settled_goes_on_while_others_lag() {
        assert!(has_caught_up(0, 5 * MAX, MAX));
        assert!(has_caught_up(100, 900, MAX) && !has_caught_up(101, 900, MAX));
    }
}
