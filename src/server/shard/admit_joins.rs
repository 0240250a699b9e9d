//! Answering joins over the rate when their time has come.
//!
//! They got their places in the order in which they came, so they stand in one line, and one timer
//! is enough.

use std::task::Context;

use tokio::time::Instant;

use super::Shard;
use super::join_queue::JOINS_PER_TURN;

impl Shard {
    /// Answers the joins whose time has come. True if more of them are due in the next turn.
    pub(crate) fn answer_held_joins(&mut self, cx: &mut Context<'_>) -> bool {
        if self.services.joins.is_empty() {
            return false;
        }
        let now = Instant::now();
        for _ in 0..JOINS_PER_TURN {
            let Some(held) = self.services.joins.pop_due(now) else {
                break;
            };
            // A connection that has gone needs no answer any more.
            let key = self.connections.place_of(held.connection);
            if let Some((session, mut host)) = key.and_then(|key| self.session_and_host(key)) {
                session.answer_join(held.channel, held.in_time, &mut host);
            }
        }
        self.services.joins.next_is_due(cx)
    }
}
