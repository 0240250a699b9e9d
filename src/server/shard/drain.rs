//! Graceful shutdown: a server that ends closes its connections a few at a time.
//!
//! The slow pace keeps clients from reconnecting all at once. Each connection is served as before
//! until its own Close.

use std::cmp::Reverse;
use std::task::Context;

use super::Shard;
use super::clock::Stamp;
use super::close::CLOSES_PER_TURN;
use super::connection::Connection;
use super::drain_plan::SETTLE_MS_MAX;
use crate::websocket::CloseReason;

impl Shard {
    /// Begins to close all connections.
    pub(crate) fn drain(&mut self) {
        if self.lifecycle.is_ending() {
            return;
        }
        let (now, order) = (self.timers.clock.now(), self.closing_order());
        let window_ms = self.services.limits.drain.closing_window_ms();
        self.lifecycle.drain(now, window_ms, order);
    }

    /// Returns the ids of all connections in the reverse order of their closing. Connections in
    /// small rooms are closed first. A connection's size is that of its largest room on this shard,
    /// as a power of ten. Connections of equal size are closed in random order.
    fn closing_order(&self) -> Vec<u64> {
        let place = |(key, connection): (u32, &Connection)| {
            let members = self.services.fanout.largest_room(key);
            (members.checked_ilog10(), fastrand::u32(..), connection.id)
        };
        let mut places: Vec<_> = self.connections.iter().map(place).collect();
        places.sort_unstable_by_key(|place| Reverse(*place));
        places.into_iter().map(|(_, _, id)| id).collect()
    }

    /// Closes the due connections that are settled (see [`take_settled`](Shard::take_settled)), as
    /// many as one turn may.
    /// True if a connection was closed.
    pub(crate) fn go_on_draining(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(draining) = self.lifecycle.draining() else {
            return false;
        };
        let mut due = draining.take_due(&self.timers.clock, cx);
        if due.is_empty() {
            return false;
        }
        let keys = self.take_settled(&mut due);
        for &key in &keys {
            self.close(key, CloseReason::ServiceRestart);
        }
        if let Some(draining) = self.lifecycle.draining() {
            draining.put_back(due);
        }
        !keys.is_empty()
    }

    /// Takes settled connections out of `due` and returns their places. A connection is settled if
    /// a Close would drop no entry on its way to the client and no broadcast waits for a channel
    /// that looks at it itself, or if the connection has been due for [`SETTLE_MS_MAX`].
    fn take_settled(&mut self, due: &mut Vec<(u64, Stamp)>) -> Vec<u32> {
        self.services.fanout.take_mail();
        let mut settled = Vec::new();
        due.retain(|&(id, since)| {
            if settled.len() == CLOSES_PER_TURN {
                return true;
            }
            let Some(key) = self.connections.place_of(id) else {
                return false;
            };
            let waits = self.services.fanout.has_heard() || self.services.fanout.is_far_behind(key);
            let stays = waits && !self.timers.clock.is_over(since, SETTLE_MS_MAX);
            if !stays {
                settled.push(key);
            }
            stays
        });
        settled
    }

    /// Ends a drain whose time is over: a client that was not closed yet is closed now, so that
    /// nobody is cut without a Close. Where all are closed, they are cut.
    ///
    /// After a standstill nobody is cut: a Close may have to be written still, and an answer to be
    /// read.
    pub(crate) fn close_rest(&mut self) {
        if self.connections.are_all_closing() && !self.timers.clock.makes_up() {
            return self.cut();
        }
        self.drain();
        if let Some(draining) = self.lifecycle.draining() {
            draining.hasten();
        }
    }

    /// Begins to cut all WebSockets, and ends the wait for connections in HTTP.
    pub(crate) fn cut(&mut self) {
        self.lifecycle.cut();
    }

    /// Cuts the next WebSockets of a shard that cuts all, as many as one turn may. True if more are
    /// left.
    pub(crate) fn go_on_cutting(&mut self) -> bool {
        let places = self.connections.places();
        let Some(next) = self.lifecycle.cut_next(places, CLOSES_PER_TURN) else {
            return false;
        };
        let ids: Vec<u64> = self.connections.at(next).map(|c| c.id).collect();
        for id in ids {
            // The low 32 bits of a name are the connection's place.
            self.cut_off(id as u32, CloseReason::ServiceRestart);
        }
        !self.connections.is_empty()
    }

    /// True if the shard may end: all WebSockets are closed, and no connection is in HTTP or the
    /// grace for HTTP is over. The grace is for connections in the middle of an upgrade. Counts the
    /// connections left in HTTP as gone.
    pub(crate) fn is_over(&mut self) -> bool {
        let clock = &self.timers.clock;
        if !self.connections.is_empty() || !self.lifecycle.may_end(clock, self.http_connections) {
            return false;
        }
        for _ in 0..std::mem::take(&mut self.http_connections) {
            self.services.link.connection_gone();
        }
        true
    }
}
