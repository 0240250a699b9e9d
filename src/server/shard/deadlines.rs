//! The sweep: closes connections at their deadlines, drops old entries of logs, gives memory back.
//!
//! A round of the sweep takes as many turns as it needs: each looks at some connections. The other
//! steps are for the turn that begins a round.

use std::hint::black_box;
use std::task::Context;
use std::time::{Duration, Instant};

use super::Shard;
use super::close::CLOSES_PER_TURN;
use super::connection::{Connection, Stage};
use crate::credentials::unix_ms;
use crate::server::limits::limit::Limit;
use crate::server::log::sums::INTERVAL;
use crate::session::Expired;
use crate::websocket::CloseReason;

/// Sizes of allocations, in bytes. Together they use each of mimalloc's kinds of pages.
const STIRRED_BYTES: [usize; 6] = [1 << 9, 1 << 11, 1 << 13, 1 << 15, 1 << 17, 1 << 20];

/// Time without a turn after which a shard counts as standing still. An idle shard turns once a
/// second.
const STANDS_STILL: Duration = Duration::from_millis(1_500);

/// Allocates and frees memory of several sizes. The binary's allocator, mimalloc, gives freed
/// memory back to the system only when it is called for another allocation. Without such calls, a
/// shard that falls idle after a storm would keep the memory of the handshakes.
fn stir_allocator() {
    for bytes in STIRRED_BYTES {
        drop(black_box(Vec::<u8>::with_capacity(bytes)));
    }
}

/// The consequence of a deadline that has passed.
enum Due {
    Close(CloseReason),
    /// The Close frame is held back no longer, because all connections end.
    SendClose(CloseReason),
    CutOff(CloseReason),
    /// The moment of the client's token has come.
    Token,
    /// The key of the client's token is gone, so the token ends now.
    Key,
}

impl Shard {
    /// Takes this turn's part of the sweep if one is due, and closes what it found overdue. If none
    /// is due, has the shard woken for the next. True if another turn has to follow at once.
    pub(crate) fn sweep(&mut self, cx: &mut Context<'_>) -> bool {
        // Those of the last part are closed first, so that there are never many.
        if !self.connections.overdue.is_empty() || !self.timers.sweep.is_due(cx) {
            return false;
        }
        let begun = Instant::now();
        self.timers.wall_ms = unix_ms();
        if self.timers.sweep.is_new() {
            self.begin_round();
        }
        self.look_at_some();
        let work_left = self.close_failed() | self.close_overdue();
        self.timers.sweep.looked_in(begun.elapsed());
        // Sets the timer.
        work_left | self.timers.sweep.is_due(cx)
    }

    /// Sees to the logs and the memory of the shard.
    fn begin_round(&mut self) {
        self.services.fanout.sweep(self.timers.clock.now().as_ms());
        self.services.link.admission.sums.tell_unsaid(INTERVAL);
        stir_allocator();
        self.connections.give_back();
        self.spare_paused();
        self.note_high_water();
        // A round looks at the credentials of all connections if revocations came since the last
        // that did. A connection that opens meanwhile has looked itself.
        let number = self.services.link.admission.revocations.number();
        self.timers.judges_revocations = number != self.timers.revocations_seen;
        self.timers.revocations_seen = number;
        let changes = self.timers.reloads + self.services.app.key_removals();
        self.timers.judges_keys = changes != self.timers.key_changes_seen;
        self.timers.key_changes_seen = changes;
    }

    /// Finds connections whose deadline has passed, among those of this turn.
    fn look_at_some(&mut self) {
        let places = self.timers.sweep.next_places(self.connections.places());
        let mut nearest = std::mem::take(&mut self.timers.sweep.nearest);
        let mut overdue = std::mem::take(&mut self.connections.overdue);
        for connection in self.connections.at(places) {
            self.look_at(connection, &mut nearest);
            if self.due(connection).is_some() {
                overdue.push(connection.id);
            }
        }
        self.connections.overdue = overdue;
        match self.timers.sweep.is_whole() {
            true => self.note_deadlines(&nearest),
            false => self.timers.sweep.nearest = nearest,
        }
    }

    /// Closes connections whose deadline had passed when the sweep looked at them, and has still,
    /// as many as one turn may. True if another turn has to follow at once: more are left, or
    /// something was sent, which the next turn writes.
    pub(crate) fn close_overdue(&mut self) -> bool {
        let mut has_sent = false;
        for _ in 0..CLOSES_PER_TURN {
            let Some(name) = self.connections.overdue.pop() else {
                return has_sent;
            };
            let key = name as u32;
            let connection = self.connections.get(key).filter(|c| c.id == name);
            if let Some(due) = connection.and_then(|connection| self.due(connection)) {
                has_sent |= matches!(due, Due::Token);
                self.end(key, due);
            }
        }
        has_sent || !self.connections.overdue.is_empty()
    }

    fn end(&mut self, key: u32, due: Due) {
        match due {
            Due::Close(reason) if self.bites(reason) => self.close(key, reason),
            Due::Close(reason) => self.is_overdue(key, reason),
            Due::SendClose(reason) => self.send_close(key, reason),
            Due::CutOff(reason) => self.cut_off(key, reason),
            Due::Token => self.expire_token(key),
            Due::Key => {
                if let Some(connection) = self.connections.get_mut(key) {
                    connection.session.end_token_now();
                }
            }
        }
    }

    /// Sees to the token of a connection whose moment has come.
    fn expire_token(&mut self, key: u32) {
        let Some((session, mut host)) = self.session_and_host(key) else {
            return;
        };
        match session.expire(&mut host) {
            Expired::Stays => {}
            Expired::Close => self.close(key, CloseReason::TokenExpired),
        }
    }

    /// Returns what is due for the token of a connection.
    fn token_due(&self, connection: &Connection) -> Option<Due> {
        let session = &connection.session;
        if session.is_due(self.timers.wall_ms) {
            return Some(Due::Token);
        }
        let revocations = &self.services.link.admission.revocations;
        let is_revoked = self.timers.judges_revocations
            && session.any_credentials(|known| revocations.revoke(known, self.timers.wall_ms));
        if is_revoked {
            return Some(Due::Close(CloseReason::TokenRevoked));
        }
        let wall_ms = self.timers.wall_ms;
        let lost_key = |known| connection.socket.has_lost_key(known, wall_ms);
        let has_lost_key =
            self.timers.judges_keys && session.credentials().is_some_and(|known| lost_key(known));
        has_lost_key.then_some(Due::Key)
    }

    /// Counts the waits of all paused publishers from now on while some shard stands still. They
    /// wait for that shard, and would be closed for its standstill.
    fn spare_paused(&mut self) {
        let status = &self.services.link.status;
        if !self.connections.has_paused() {
            self.timers.spared_paused = None;
        } else if !status.every_shard_turned_within(STANDS_STILL) {
            self.timers.spared_paused = Some(self.timers.clock.now());
        }
    }

    /// Counts the passed deadline that `reason` names. True if that deadline closes the connection.
    fn bites(&self, reason: CloseReason) -> bool {
        match reason {
            CloseReason::IdleTimeout => self.services.exceeded(Limit::IdleTime),
            CloseReason::PartialTimeout => self.services.exceeded(Limit::PartialTime),
            // A pause or a throttle began because its limit bit, so its end is not judged again.
            _ => true,
        }
    }

    /// Notes that a passed deadline was counted, if its limit is only observed. The deadline counts
    /// again after it has been restarted.
    fn is_overdue(&mut self, key: u32, reason: CloseReason) {
        if let Some(connection) = self.connections.get_mut(key) {
            match reason {
                CloseReason::PartialTimeout => connection.partial.is_counted = true,
                _ => connection.idle.is_counted = true,
            }
        }
    }

    /// True if a passed deadline is still to be counted, or closes the connection.
    fn is_news(&self, limit: Limit, has_counted: bool) -> bool {
        !has_counted || !self.services.limits.observe.contains(limit)
    }

    fn due(&self, connection: &Connection) -> Option<Due> {
        if connection.is_read()
            && let Some(due) = self.token_due(connection)
        {
            return Some(due);
        }
        let idle_timeout_ms = connection.socket.limits().idle_timeout_ms;
        match &connection.stage {
            Stage::Closing(closing) if closing.held_until_ns.is_some() => {
                let is_ending = self.lifecycle.is_ending();
                is_ending.then_some(Due::SendClose(closing.reason))
            }
            Stage::Ended => None,
            Stage::Closing(closing) => self
                .timers
                .clock
                .is_over(closing.since, self.services.limits.closing_timeout_ms)
                .then_some(Due::CutOff(closing.reason)),
            Stage::Paused { since } => {
                let wait_ms = self.services.limits.wait_ms(Limit::LagBytes);
                let is_over = |since| self.timers.clock.is_over(since, wait_ms);
                let is_over = is_over(*since) && self.timers.spared_paused.is_none_or(is_over);
                is_over.then_some(Due::Close(CloseReason::Overloaded))
            }
            Stage::Throttled { .. } => {
                let time_max = self.services.limits.over_ms();
                let is_over = |since| self.timers.clock.is_over(since, time_max);
                let is_over = connection.pace.is_over(is_over);
                if is_over {
                    return Some(Due::Close(CloseReason::RateExceeded));
                }
                self.hangs(connection)
            }
            Stage::Open | Stage::Held
                if self
                    .timers
                    .clock
                    .is_over(connection.idle.since, idle_timeout_ms)
                    && self.is_news(Limit::IdleTime, connection.idle.is_counted)
                    && !connection.is_to_be_heard() =>
            {
                Some(Due::Close(CloseReason::IdleTimeout))
            }
            Stage::Open | Stage::Held => self.hangs(connection),
        }
    }

    /// Looks at the incomplete message of a connection. While bytes are here, unread, the rest of
    /// the message may be among them: the next read looks at it then.
    fn hangs(&self, connection: &Connection) -> Option<Due> {
        let hangs = self.is_partial_late(connection) && !connection.has_unread();
        hangs.then_some(Due::Close(CloseReason::PartialTimeout))
    }

    /// True if the incomplete message of a connection has taken too long, and that is still to be
    /// counted.
    fn is_partial_late(&self, connection: &Connection) -> bool {
        let ms_max = connection.partial_ms_max(&self.timers.clock, &self.services.limits);
        connection.reader.is_partial()
            && self.is_news(Limit::PartialTime, connection.partial.is_counted)
            && self.timers.clock.is_over(connection.partial.since, ms_max)
    }

    /// Looks at the message of a connection that a read has left incomplete. The client is late if
    /// the read took all that it had sent, or took little of the message and much besides.
    pub(crate) fn look_at_partial(&mut self, key: u32, has_much_besides: bool) {
        let Some(connection) = self.connections.get(key).filter(|c| c.is_read()) else {
            return;
        };
        let is_late = self.is_partial_late(connection);
        if is_late && (has_much_besides || !connection.has_unread()) {
            self.end(key, Due::Close(CloseReason::PartialTimeout));
        }
    }
}

#[cfg(all(test, feature = "engine"))]
mod tests;
