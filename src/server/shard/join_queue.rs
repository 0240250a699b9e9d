//! Joins over the rate, each with the moment of its answer.

use crate::broker::SubscriptionId;
use std::collections::VecDeque;
use std::pin::Pin;
use std::time::Duration;
use tokio::time::Instant;
use tokio::time::Sleep;

/// Joins that are answered in one turn, so that a turn stays short.
pub(crate) const JOINS_PER_TURN: usize = 256;

/// Those of one shard.
#[derive(Default)]
pub(crate) struct JoinQueue {
    pub(crate) line: VecDeque<HeldJoin>,
    pub(crate) timer: Option<Pin<Box<Sleep>>>,
}

pub(crate) struct HeldJoin {
    pub(crate) at: Instant,
    pub(crate) connection: u64,
    pub(crate) channel: SubscriptionId,
    /// It is answered then, and not refused.
    pub(crate) in_time: bool,
}

impl JoinQueue {
    /// Holds the join of `channel` on `connection`, for that time at least.
    pub fn hold(
        &mut self,
        connection: u64,
        channel: SubscriptionId,
        wait: Duration,
        in_time: bool,
    ) {
        let at = Instant::now() + wait;
        // Limits that were changed meanwhile could have put it before those that came before it.
        let last = self.line.back().map_or(at, |last| last.at);
        self.line.push_back(HeldJoin {
            at: at.max(last),
            connection,
            channel,
            in_time,
        });
    }

    /// The first, if its time has come.
    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<HeldJoin> {
        self.line.pop_front_if(|first| first.at <= now)
    }
}
