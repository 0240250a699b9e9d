//! Joins over the rate, each with the moment of its answer.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::Context;
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use crate::broker::SubscriptionId;

/// Most held joins that are answered in one turn, so that a turn stays short.
pub(crate) const JOINS_PER_TURN: usize = 256;

/// The held joins of one shard.
#[derive(Default)]
pub(crate) struct JoinQueue {
    /// Held joins in the order in which they came. After a change of limits a join may be due
    /// before the join in front of it. Such a join still waits for the join in front.
    line: VecDeque<HeldJoin>,
    timer: Option<Pin<Box<Sleep>>>,
}

pub(crate) struct HeldJoin {
    at: Instant,
    pub connection: u64,
    pub channel: SubscriptionId,
    /// True if the join is answered at its moment, false if it is refused then.
    pub in_time: bool,
}

impl HeldJoin {
    /// Returns the join of `channel` on `connection`, held for `wait` at least.
    pub fn new(connection: u64, channel: SubscriptionId, wait: Duration, in_time: bool) -> Self {
        HeldJoin {
            at: Instant::now() + wait,
            connection,
            channel,
            in_time,
        }
    }
}

impl JoinQueue {
    pub fn is_empty(&self) -> bool {
        self.line.is_empty()
    }

    /// Holds a join over the rate until its moment.
    pub fn hold(&mut self, join: HeldJoin) {
        self.line.push_back(join);
    }

    /// Takes the first join, if it is due at `now`.
    pub fn pop_due(&mut self, now: Instant) -> Option<HeldJoin> {
        self.line.pop_front_if(|first| first.at <= now)
    }

    /// Has the shard woken for the first join. True if that join is due now.
    pub fn next_is_due(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(first) = self.line.front().map(|first| first.at) else {
            self.line.shrink_to_fit();
            self.timer = None;
            return false;
        };
        let timer = &mut self.timer;
        let timer = timer.get_or_insert_with(|| Box::pin(sleep_until(first)));
        if timer.deadline() != first {
            timer.as_mut().reset(first);
        }
        timer.as_mut().poll(cx).is_ready()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::{Fanout, FanoutSettings, Hub};
    use std::sync::Arc;

    #[test]
    fn held_joins_are_answered_in_the_order_in_which_they_came() {
        let hub = Arc::new(Hub::new(1));
        let mut fanout = Fanout::new(0, hub, FanoutSettings::default());
        let mut queue = JoinQueue::default();
        let minute = Duration::from_secs(60);
        let first = HeldJoin::new(1, fanout.new_id(), minute, true);
        let second = HeldJoin::new(2, fanout.new_id(), Duration::ZERO, false);
        queue.line.extend([first, second]);
        let now = Instant::now();
        assert!(
            queue.pop_due(now).is_none(),
            "the second waits for the first"
        );
        let later = now + Duration::from_secs(61);
        let due = std::iter::from_fn(|| queue.pop_due(later));
        let due: Vec<_> = due.map(|join| (join.connection, join.in_time)).collect();
        assert_eq!(due, [(1, true), (2, false)]);
        assert!(queue.is_empty());
    }
}
