//! The drain: a server that ends closes its connections a few at a time, so that they do not all come back at once, and
//! serves each as ever until its own Close.

use std::cmp::Reverse;
use std::task::Context;

use super::Shard;
use super::clock::Stamp;
use super::connection::Connection;
use super::drain_plan::Draining;
use super::drain_plan::HTTP_GRACE_MS;
use super::drain_plan::SETTLE_MS_MAX;
use crate::websocket::CloseReason;

impl Shard {
    /// Begins to close all connections.
    pub(crate) fn drain(&mut self) {
        if self.draining.is_some() {
            return;
        }
        self.stops.send_replace(true);
        let window_ms = self.limits.drain.closing_window_ms();
        self.draining = Some(Draining::new(
            self.clock.now(),
            window_ms,
            self.closing_order(),
        ));
    }

    /// All connections by their ids, the first to be closed last. By the size of the largest room each is in, as a power
    /// of ten, and at random among those.
    fn closing_order(&self) -> Vec<u64> {
        let place = |(key, connection): (usize, &Connection)| {
            let members = self.fanout.largest_room(key as u32);
            (members.checked_ilog10(), fastrand::u32(..), connection.id)
        };
        let mut places: Vec<_> = self.connections.iter().map(place).collect();
        places.sort_unstable_by_key(|place| Reverse(*place));
        places.into_iter().map(|(_, _, id)| id).collect()
    }

    /// Closes those whose time has come and who have got what was due to them. Returns whether there were any.
    pub(crate) fn go_on_draining(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(draining) = &mut self.draining else {
            return false;
        };
        if draining.tick.poll_tick(cx).is_ready() {
            // Registers the timer for the next one.
            let _ = draining.tick.poll_tick(cx);
        }
        draining.fall_due(&self.clock);
        if draining.due.is_empty() {
            return false;
        }
        let mut due = std::mem::take(&mut draining.due);
        let keys = self.take_settled(&mut due);
        for &key in &keys {
            self.close(key, CloseReason::ServiceRestart);
        }
        if let Some(draining) = &mut self.draining {
            draining.due = due;
        }
        !keys.is_empty()
    }

    /// Takes those out of `due` for whom nothing is on its way that a Close would drop, or who have waited long enough.
    fn take_settled(&mut self, due: &mut Vec<(u64, Stamp)>) -> Vec<u32> {
        self.fanout.take_mail();
        let mut settled = Vec::new();
        due.retain(|&(id, since)| {
            let Some(key) = self.place_of(id) else {
                return false;
            };
            let waits = self.fanout.has_heard() || self.fanout.is_far_behind(key);
            let stays = waits && !self.clock.is_over(since, SETTLE_MS_MAX);
            if !stays {
                settled.push(key);
            }
            stays
        });
        settled
    }

    /// Cuts all there is.
    pub(crate) fn cut(&mut self) {
        self.drain();
        let keys: Vec<u32> = self.connections.iter().map(|(key, _)| key as u32).collect();
        for key in keys {
            self.cut_off(key, CloseReason::ServiceRestart);
        }
        self.is_cut = true;
    }

    /// Whether a drain is over: all connections are closed, and those in HTTP, which may be in the middle of an upgrade,
    /// have had their time.
    pub(crate) fn is_over(&mut self) -> bool {
        let Some(draining) = &self.draining else {
            return false;
        };
        let waited = self.is_cut || self.clock.is_over(draining.since, HTTP_GRACE_MS);
        if !self.connections.is_empty() || (self.http_connections > 0 && !waited) {
            return false;
        }
        for _ in 0..std::mem::take(&mut self.http_connections) {
            self.link.connection_gone();
        }
        true
    }
}
