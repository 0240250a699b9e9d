//! Bounds on the log kept for slow consumers, and giving up the members that fall off it.
//!
//! A topic's log is bounded in bytes, entries and age, and all logs of the shard together in bytes.
//! An entry beyond a bound falls off the log's old end, and the members that still need it fall off
//! with it.
//!
//! Only blocked members can fall off. A member that is offered every entry, or catches up as fast
//! as this shard lets it, keeps the entries that it needs. Backpressure on publishers bounds these
//! entries: what all logs keep over their bound counts as the shard's lag.
//!
//! Bytes and entries are checked when a lap ends, age by the sweep, and all logs together once a
//! flush. No bound is checked per delivery.

use std::collections::BinaryHeap;

use super::Fanout;
use super::age::Watched;
use super::high_water::HighWater;
use super::outlets::shrink_queue;
use super::sink::Failure;

/// The part of the bound (1/8) that is dropped when all logs together are over it, so that the next
/// drop is not due at once.
const RELIEF_PART: usize = 8;

impl Fanout {
    /// Drops outdated entries, and gives back memory that a burst has left. `now_ms` counts
    /// milliseconds from any start, and may wrap.
    ///
    /// The caller calls this at intervals. Outdated entries are found late by up to one interval
    /// and an eighth of the age that the retention allows. [`take_failed`](Fanout::take_failed)
    /// returns the connections whose members fell off.
    pub fn sweep(&mut self, now_ms: u32) {
        self.go_on_giving_up();
        let mut watched = std::mem::take(&mut self.kept.watched);
        watched.retain_mut(|w| self.look_after(w, now_ms));
        self.kept.watched = watched;
        self.kept.relief_above_bytes = self.settings.retention_total_bytes_max;
        self.relieve();
        self.give_back();
    }

    /// Takes the highest amounts, and starts them again at zero.
    pub fn take_high_water(&mut self) -> HighWater {
        std::mem::take(&mut self.kept.high_water)
    }

    /// Returns the weight of all logs' entries, with the memory for keeping them.
    pub fn retained_bytes(&self) -> usize {
        self.kept.weight.bytes()
    }

    /// Sweeps one room. Returns true if the room is still to be watched.
    fn look_after(&mut self, watched: &mut Watched, now_ms: u32) -> bool {
        let slot = watched.slot;
        let Some(room) = self.rooms.with_stamp(slot, watched.stamp) else {
            return false;
        };
        let (head, lags) = (room.log.head(), room.lagging > 0);
        watched.grow_older(now_ms, self.retention_of(slot).ms_max, head);
        let age_ms = if lags { watched.age_ms(now_ms) } else { 0 };
        self.kept.high_water.log_age_ms = self.kept.high_water.log_age_ms.max(age_ms);
        self.drop_before(slot, watched.outdated, Failure::Outdated);
        // Giving up the last member removes the room.
        if self.rooms.with_stamp(slot, watched.stamp).is_some() {
            self.trim(slot);
        }
        let Some(room) = self.rooms.with_stamp(slot, watched.stamp) else {
            return false;
        };
        room.log.give_back();
        shrink_queue(&mut room.laps);
        // Nothing but the sweep trims an idle topic.
        room.watched = room.lagging > 0 || room.log.len() > 0 || room.log.is_roomy();
        if !room.watched {
            room.lag.keeps_over(0);
        }
        room.watched
    }

    fn drop_before(&mut self, slot: u32, first: u64, failure: Failure) {
        let log = &self.rooms[slot].log;
        if log.first() >= first {
            return;
        }
        let to = first.min(self.floor(slot));
        self.kept.weight.take(self.rooms[slot].log.trim(to));
        self.give_up_fallen(slot, failure);
    }

    /// Brings all logs together back under their bound, as far as that needs no entry of a member
    /// whose socket takes bytes. The heaviest log loses the older half of the entries that only
    /// blocked members need, until enough is dropped. So a flooded topic costs its own readers
    /// their membership, and spares the readers of small topics.
    pub(crate) fn relieve(&mut self) {
        if self.kept.weight.bytes() <= self.kept.relief_above_bytes {
            return;
        }
        let bytes_max = self.settings.retention_total_bytes_max;
        let part = bytes_max / RELIEF_PART;
        let mut heaviest: BinaryHeap<(usize, u32, u32)> = self.droppable().collect();
        while self.kept.weight.bytes() > bytes_max - part
            && let Some((_, slot, stamp)) = heaviest.pop()
        {
            let left = self.drop_half(slot, stamp);
            heaviest.extend(left.map(|bytes| (bytes, slot, stamp)));
        }
        // Entries that are left above the bound are needed by members whose sockets take bytes. The
        // logs are checked again when they have grown by another eighth of the bound, or at the
        // sweep.
        self.kept.relief_above_bytes = bytes_max.max(self.kept.weight.bytes().saturating_add(part));
    }

    /// Drops what no member needs any more, where logs are over their bound and no member is
    /// catching up. The end of a pass would drop it, but publishers may wait for it, and so no pass
    /// comes.
    pub(crate) fn trim_after_catching_up(&mut self) {
        if self.kept.weight.bytes() <= self.settings.retention_total_bytes_max {
            return;
        }
        let watched = std::mem::take(&mut self.kept.watched);
        for room in &watched {
            if self.rooms.with_stamp(room.slot, room.stamp).is_some() {
                self.trim(room.slot);
            }
        }
        let newly_watched = std::mem::replace(&mut self.kept.watched, watched);
        self.kept.watched.extend(newly_watched);
    }

    /// Shows publishers the bytes that are still to be offered or handed on. What the logs keep
    /// over their bound counts as well: members that catch up need it, and no retention drops it.
    pub(crate) fn show_lag(&mut self) {
        let waiting = self.passes.unsettled.bytes() + self.heard.weight().bytes();
        let bound = self.settings.retention_total_bytes_max;
        let over = self.kept.weight.bytes().saturating_sub(bound);
        let shards = self.hub.shards();
        shards.set_unsettled_bytes(self.shard, waiting.max(over));
        if over > 0 || self.kept.shows_over {
            self.show_rooms_over(over > 0);
        }
    }

    #[cold]
    fn show_rooms_over(&mut self, are_over: bool) {
        self.kept.shows_over = are_over;
        for watched in &self.kept.watched {
            if let Some(room) = self
                .rooms
                .get(watched.slot)
                .filter(|r| r.stamp == watched.stamp)
            {
                let bound = self.retention_of(watched.slot).bytes_max;
                let over = room.log.weight().saturating_sub(bound);
                room.lag.keeps_over(if are_over { over } else { 0 });
            }
        }
    }

    /// Returns the rooms whose logs hold entries for blocked members alone: each with the weight of
    /// these entries, slot and stamp.
    fn droppable(&self) -> impl Iterator<Item = (usize, u32, u32)> {
        self.kept.watched.iter().filter_map(|w| {
            let room = self.rooms.get(w.slot)?;
            let is_it = room.stamp == w.stamp && room.lagging > 0;
            let bytes = if is_it { self.droppable_of(w.slot) } else { 0 };
            (bytes > 0).then_some((bytes, w.slot, w.stamp))
        })
    }

    fn droppable_of(&self, slot: u32) -> usize {
        let log = &self.rooms[slot].log;
        log.weight_between(log.first(), self.floor(slot))
    }

    /// Drops the older half of the entries that only blocked members need. Returns the weight of
    /// the other half. `None` if no such entries are left, or the room is gone.
    fn drop_half(&mut self, slot: u32, stamp: u32) -> Option<usize> {
        self.rooms.with_stamp(slot, stamp)?;
        // Members may have been given up meanwhile, because of another room.
        self.trim(slot);
        self.rooms.with_stamp(slot, stamp)?;
        let (floor, half) = (self.floor(slot), self.droppable_of(slot) / 2);
        let log = &mut self.rooms[slot].log;
        let mut dropped = 0;
        while log.first() < floor && dropped <= half {
            dropped += log.trim(log.first() + 1);
        }
        self.kept.weight.take(dropped);
        self.give_up_fallen(slot, Failure::CrowdedOut);
        self.rooms.with_stamp(slot, stamp)?;
        Some(self.droppable_of(slot)).filter(|bytes| *bytes > 0)
    }
}
