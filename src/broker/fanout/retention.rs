//! Retention: how much log is kept for members that are behind, and who is given up when that is too much.
//!
//! A topic's log is bounded in bytes, entries and age, and all logs of the shard together in bytes. What passes a bound
//! falls off a log's old end, and with it the members that still needed it. Only blocked ones can: who is offered
//! everything, or catches up as fast as this shard lets it, keeps what it needs, and is bounded by slowing publishers.
//! Bytes and entries are looked at when a lap ends, age by the sweep, never per delivery.

use std::collections::{BinaryHeap, VecDeque};

use super::Fanout;
use super::age::Watched;
use super::high_water::HighWater;
use super::outlet::Flow;
use super::room::Member;
use super::settings::Retention;
use super::sink::Failure;

/// What is dropped when all logs together are over their bound, as a part of it: some, so that it is not done again at
/// once.
const RELIEF_PART: usize = 8;

impl Fanout {
    /// Looks at what has grown old, and gives back memory that a burst has left. `now_ms` counts milliseconds, from
    /// anything, and may wrap. To be called now and then: deadlines come that much late. Members that fall off are told
    /// by [`take_failed`](Fanout::take_failed).
    pub fn sweep(&mut self, now_ms: u32) {
        let mut watched = std::mem::take(&mut self.kept.watched);
        watched.retain_mut(|w| self.look_after(w, now_ms));
        self.kept.watched = watched;
        self.kept.relief_above_bytes = self.settings.retention_total_bytes_max;
        self.relieve();
        self.give_back();
    }

    /// The highest marks since they were last taken.
    pub fn high_water(&self) -> &HighWater {
        &self.kept.high_water
    }

    /// Takes the highest marks; they begin anew.
    pub fn take_high_water(&mut self) -> HighWater {
        std::mem::take(&mut self.kept.high_water)
    }

    /// What the logs hold, with what it takes to keep it.
    pub fn retained_bytes(&self) -> usize {
        self.kept.bytes
    }

    /// Puts a room on the list of those the sweep looks at.
    pub(crate) fn watch(&mut self, slot: u32) {
        let room = &mut self.rooms[slot];
        if !std::mem::replace(&mut room.watched, true) {
            self.kept.watched.push(Watched {
                slot,
                stamp: room.stamp,
                marks: VecDeque::new(),
                outdated: 0,
            });
        }
    }

    /// True if the room is still to be watched.
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
        // Either may give up the last member, and the room goes with it.
        if self.rooms.with_stamp(slot, watched.stamp).is_some() {
            self.trim(slot);
        }
        let Some(room) = self.rooms.with_stamp(slot, watched.stamp) else {
            return false;
        };
        room.log.give_back();
        // An idle topic is trimmed by nobody else.
        room.watched = room.lagging > 0 || room.log.len() > 0 || room.log.is_roomy();
        room.watched
    }

    fn retention_of(&self, slot: u32) -> Retention {
        let own = self.rooms[slot].retention.as_deref();
        own.copied().unwrap_or_else(|| self.settings.retention())
    }

    /// Drops what nobody needs. What only blocked members need is kept up to the retention; who falls off is given up.
    pub(crate) fn trim(&mut self, slot: u32) {
        let room = &mut self.rooms[slot];
        self.kept.bytes -= room.log.trim(room.needed());
        if room.lagging > 0 {
            self.kept.high_water.rise_to(&room.log, self.kept.bytes);
            let retention = self.retention_of(slot);
            if retention.is_exceeded_by(&self.rooms[slot].log) {
                self.trim_to_retention(slot);
            }
        }
    }

    fn trim_to_retention(&mut self, slot: u32) {
        let (floor, retention) = (self.floor(slot), self.retention_of(slot));
        let log = &mut self.rooms[slot].log;
        while retention.is_exceeded_by(log) && log.first() < floor {
            self.kept.bytes -= log.trim(log.first() + 1);
        }
        self.give_up_fallen(slot, Failure::FellBehind);
    }

    fn drop_before(&mut self, slot: u32, first: u64, failure: Failure) {
        let log = &self.rooms[slot].log;
        if log.first() >= first {
            return;
        }
        let to = first.min(self.floor(slot));
        self.kept.bytes -= self.rooms[slot].log.trim(to);
        self.give_up_fallen(slot, failure);
    }

    /// The oldest entry that somebody else than a blocked member needs.
    fn floor(&self, slot: u32) -> u64 {
        let room = &self.rooms[slot];
        let is_blocked = |m: &Member| {
            self.outlet(m.outlet)
                .is_some_and(|o| o.flow == Flow::Blocked)
        };
        let catching_up = room.members.iter().filter(|m| m.lagging && !is_blocked(m));
        catching_up.map(|m| m.next).fold(room.settled, u64::min)
    }

    /// Sees to it that all logs together stay within their bound, as far as blocked members keep them above it: the
    /// heaviest log loses the older half of what only those need, until enough is gone. So a topic that is flooded
    /// costs its own readers their place, and not those of the small ones beside it.
    pub(crate) fn relieve(&mut self) {
        if self.kept.bytes <= self.kept.relief_above_bytes {
            return;
        }
        let bytes_max = self.settings.retention_total_bytes_max;
        let part = bytes_max / RELIEF_PART;
        let mut heaviest: BinaryHeap<(usize, u32, u32)> = self.droppable().collect();
        while self.kept.bytes > bytes_max - part
            && let Some((_, slot, stamp)) = heaviest.pop()
        {
            let left = self.drop_half(slot, stamp);
            heaviest.extend(left.map(|bytes| (bytes, slot, stamp)));
        }
        // If that was not enough, it is for those who can take bytes: looked at again when it is much more, or by the sweep.
        self.kept.relief_above_bytes = bytes_max.max(self.kept.bytes.saturating_add(part));
    }

    /// The rooms whose logs hold something for blocked members alone: its weight, slot and stamp.
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

    /// Drops the older half of what only blocked members need. Returns the weight of the other half, if there is one.
    fn drop_half(&mut self, slot: u32, stamp: u32) -> Option<usize> {
        self.rooms.with_stamp(slot, stamp)?;
        // Some may have been given up since, for another room's sake.
        self.trim(slot);
        self.rooms.with_stamp(slot, stamp)?;
        let (floor, half) = (self.floor(slot), self.droppable_of(slot) / 2);
        let log = &mut self.rooms[slot].log;
        let mut dropped = 0;
        while log.first() < floor && dropped <= half {
            dropped += log.trim(log.first() + 1);
        }
        self.kept.bytes -= dropped;
        self.give_up_fallen(slot, Failure::CrowdedOut);
        self.rooms.with_stamp(slot, stamp)?;
        Some(self.droppable_of(slot)).filter(|bytes| *bytes > 0)
    }
}
