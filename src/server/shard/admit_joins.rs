//! Joins that wait for their turn, since more come in a second than are to be answered. Their places were given in the
//! order in which they came, so they stand in one line, and one timer is enough.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::Context;
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use super::Shard;
use crate::broker::SubscriptionId;

/// Joins that are answered in one turn, so that a turn stays short.
const JOINS_PER_TURN: usize = 256;

/// Those of one shard.
#[derive(Default)]
pub(crate) struct HeldJoins {
    line: VecDeque<HeldJoin>,
    timer: Option<Pin<Box<Sleep>>>,
}

struct HeldJoin {
    at: Instant,
    connection: u64,
    channel: SubscriptionId,
    /// It is answered then, and not refused.
    in_time: bool,
}

impl HeldJoins {
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
    fn pop_due(&mut self, now: Instant) -> Option<HeldJoin> {
        self.line.pop_front_if(|first| first.at <= now)
    }
}

impl Shard {
    /// Answers the joins whose time has come. True if more of them are due in the next turn.
    pub(crate) fn answer_held_joins(&mut self, cx: &mut Context<'_>) -> bool {
        if self.held_joins.line.is_empty() {
            self.held_joins.timer = None;
            return false;
        }
        let now = Instant::now();
        for _ in 0..JOINS_PER_TURN {
            let Some(held) = self.held_joins.pop_due(now) else {
                break;
            };
            // A connection that has gone needs no answer any more.
            if let Some(key) = self.place_of(held.connection) {
                self.with_session(key, |session, host| {
                    session.answer_join(held.channel, held.in_time, host);
                });
            }
        }
        let Some(first) = self.held_joins.line.front().map(|first| first.at) else {
            self.held_joins.line.shrink_to_fit();
            return false;
        };
        let timer = &mut self.held_joins.timer;
        let timer = timer.get_or_insert_with(|| Box::pin(sleep_until(first)));
        if timer.deadline() != first {
            timer.as_mut().reset(first);
        }
        timer.as_mut().poll(cx).is_ready()
    }
}
