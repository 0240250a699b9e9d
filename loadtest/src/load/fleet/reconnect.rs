//! Clients that reconnect by themselves, as clients of phoenix.js do.
//!
//! A connection that ended or failed is opened again. A join that was refused or not answered is
//! sent again on the same connection. Connects and joins have a schedule each. The schedules have
//! no jitter, because phoenix.js has none: clients that a restart cuts off at once come back at
//! once.

use super::Fleet;
use super::connection::Stage;
use super::event::Event;
use super::reason::{Cause, Reason};
use super::reconnect_queue::{ReconnectQueue, Step};
use super::schedule::{
    FALLBACK_MS, JOIN_TIMEOUT_MS, UPGRADE_TIMEOUT_MS, reconnect_after_ms, rejoin_after_ms,
};
use crate::clock::{MILLISECOND_NS, now_ns};

impl Fleet {
    /// Makes the fleet's clients reconnect by themselves from now on.
    pub fn come_back(&mut self) {
        self.returning = Some(ReconnectQueue::new(self.connections.len()));
        self.connect_queue
            .unbound(UPGRADE_TIMEOUT_MS * MILLISECOND_NS);
    }

    /// Ends the reconnecting. Returns the queue with its counts.
    pub fn stop_coming_back(&mut self) -> Option<ReconnectQueue> {
        self.returning.take()
    }

    /// Returns the queue of reconnects, or `None` if clients do not reconnect by themselves.
    pub fn returning(&self) -> Option<&ReconnectQueue> {
        self.returning.as_ref()
    }

    pub(super) fn has_returned(&self, number: u32) -> bool {
        self.returning().is_some_and(|of| of.tries(number) > 0)
    }

    /// Takes the steps of reconnecting clients that are due.
    pub(super) fn return_due(&mut self, now: u64) {
        while let Some(returning) = &mut self.returning
            && let Some(due) = returning.due(now)
        {
            let client = &mut returning.clients[due.number as usize];
            match due.step {
                Step::Connect => {
                    (client.reconnects, client.tries) = (client.reconnects + 1, client.tries + 1);
                    returning.waiting -= 1;
                    returning.lateness.record(due.at_ns, now);
                    self.open(due.number);
                }
                Step::Join => {
                    client.rejoins += 1;
                    self.rejoin(due.number, now);
                }
                Step::GiveUpJoin => self.give_up_join(due.number),
            }
        }
    }

    /// Schedules the next try to connect, after a connection ended or failed.
    pub(super) fn try_again(&mut self, number: u32) {
        let Some(returning) = &mut self.returning else {
            return;
        };
        let client = &mut returning.clients[number as usize];
        client.turn += 1; // cancels the steps scheduled for the ended connection
        if client.away {
            return;
        }
        let after_ms = reconnect_after_ms(client.reconnects + 1);
        returning.waiting += 1;
        returning.schedule(number, Step::Connect, now_ns() + after_ms * MILLISECOND_NS);
    }

    /// Notes an end after which a client of phoenix.js does not reconnect.
    pub(super) fn stay_away(&mut self, number: u32) {
        if let Some(returning) = &mut self.returning {
            returning.clients[number as usize].away = true;
        }
    }

    /// Handles the answer to the upgrade of a reconnecting client.
    pub(super) fn upgraded_at(&mut self, number: u32, now: u64) {
        let Some(returning) = &mut self.returning else {
            return;
        };
        let client = &mut returning.clients[number as usize];
        (client.reconnects, client.rejoins) = (0, 0);
        let give_up_ns = now + JOIN_TIMEOUT_MS * MILLISECOND_NS;
        returning.schedule(number, Step::GiveUpJoin, give_up_ns);
        let opened_ns = self.connections[number as usize].opened_ns;
        let late = now.saturating_sub(opened_ns) > FALLBACK_MS * MILLISECOND_NS;
        returning.late_upgrades += u64::from(late);
        self.beat_from(number, now + self.settings.heartbeat_ns);
        self.events.push(Event::Upgraded(number));
    }

    /// Handles a refused join. A client that reconnects by itself keeps the connection.
    pub(super) fn join_refused(&mut self, number: u32, why: Reason) {
        if self.returning.is_none() {
            return self.refused(number, why);
        }
        self.join_again_later(number);
        self.events.push(Event::Refused(number, why));
    }

    /// Handles the crash of a channel. A client that reconnects by itself keeps the connection.
    pub(super) fn channel_crashed(&mut self, number: u32, why: Reason) {
        if self.returning.is_none() {
            return self.lost(number, why);
        }
        self.totals.joined_now -= 1;
        self.ledger.disconnect(number, &mut self.done);
        self.connect_queue.is_back_on_the_way();
        self.join_again_later(number);
        self.events.push(Event::Lost(number, why));
    }

    fn join_again_later(&mut self, number: u32) {
        self.connections[number as usize].stage = Stage::Unjoined;
        if let Some(returning) = &mut self.returning {
            let after_ms = rejoin_after_ms(returning.clients[number as usize].rejoins + 1);
            returning.schedule(number, Step::Join, now_ns() + after_ms * MILLISECOND_NS);
        }
    }

    fn rejoin(&mut self, number: u32, now: u64) {
        self.join(number);
        if let Some(returning) = &mut self.returning {
            let give_up_ns = now + JOIN_TIMEOUT_MS * MILLISECOND_NS;
            returning.schedule(number, Step::GiveUpJoin, give_up_ns);
        }
    }

    /// Gives up a join without an answer. Like phoenix.js, the client leaves the topic, so that a
    /// late answer leaves no channel behind.
    fn give_up_join(&mut self, number: u32) {
        self.leave(number);
        self.join_again_later(number);
        let words = format!("no reply to the join within {} s", JOIN_TIMEOUT_MS / 1_000);
        let why = Cause::JoinUnanswered.because(words);
        self.events.push(Event::Refused(number, why));
    }

    /// Notes a join: its timeout is cancelled, and the next rejoins start their schedule again.
    pub(super) fn has_joined(&mut self, number: u32) {
        if let Some(returning) = &mut self.returning {
            let client = &mut returning.clients[number as usize];
            (client.turn, client.rejoins) = (client.turn + 1, 0);
        }
    }
}
