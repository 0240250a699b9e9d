//! Joins that wait for their turn, since more come in a second than are to be answered. Their places were given in the
//! order in which they came, so they stand in one line, and one timer is enough.

use std::future::Future;
use std::task::Context;

use tokio::time::{Instant, sleep_until};

use super::Shard;
use super::join_queue::JOINS_PER_TURN;

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
