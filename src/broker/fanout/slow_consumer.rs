//! Giving up a slow consumer that fell off its topic's log, or a connection that failed.
//!
//! A connection that was given up gets nothing more, and its owner gets the reason. Bytes and
//! entries of a log are checked where the log is trimmed: when a lap ends, and by the sweep. They
//! are never checked per delivery.
//!
//! A partition can cost all readers of a large room their places at once, so the members that fell
//! are looked for a slice at a time. Until one is found it only holds its place: it is blocked, and
//! is given up before it could get a frame.

use super::Fanout;
use super::outlet::{Flow, Outlet, Subscription};
use super::outlets::Failed;
use super::retained::RoomToSearch;
use super::room::Fall;
use super::settings::Retention;
use super::sink::Failure;

/// Most members that are looked at in one flush because some of their room fell off its log.
const FALL_LOOKS: usize = 1_024;

impl Fanout {
    /// Drops entries that no member needs. A blocked member that falls off the retention is given
    /// up.
    pub(crate) fn trim(&mut self, slot: u32) {
        let room = &mut self.rooms[slot];
        self.kept.weight.take(room.log.trim(room.needed()));
        if room.lagging > 0 {
            self.kept
                .high_water
                .rise_to(&room.log, self.kept.weight.bytes());
            let retention = self.retention_of(slot);
            if retention.is_exceeded_by(&self.rooms[slot].log) {
                self.trim_to_retention(slot);
            }
        }
    }

    fn trim_to_retention(&mut self, slot: u32) {
        let (floor, retention) = (self.floor(slot), self.retention_of(slot));
        let log = &mut self.rooms[slot].log;
        let failure = match log.bytes() > retention.bytes_max {
            true => Failure::LogTooLarge,
            false => Failure::LogTooLong,
        };
        while retention.is_exceeded_by(log) && log.first() < floor {
            self.kept.weight.take(log.trim(log.first() + 1));
        }
        self.give_up_fallen(slot, failure);
    }

    /// Gives up the members that fell off the log's old end: now those among the members that may
    /// still be looked at, and the others from flush to flush.
    pub(crate) fn give_up_fallen(&mut self, slot: u32, failure: Failure) {
        let room = &mut self.rooms[slot];
        if room.lagging == 0 {
            return;
        }
        let again = room.fall.is_some();
        room.fall = Some(Fall { failure, again });
        if !again {
            self.kept.falls.push_back(RoomToSearch {
                slot,
                stamp: room.stamp,
                left: room.members.len(),
            });
        }
        self.look_for_fallen();
    }

    /// Lets some members be looked at, and gives up those among them that fell.
    #[inline]
    pub(crate) fn go_on_giving_up(&mut self) {
        self.kept.fall_looks = FALL_LOOKS;
        if !self.kept.falls.is_empty() {
            self.look_for_fallen();
        }
    }

    #[cold]
    fn look_for_fallen(&mut self) {
        while self.kept.fall_looks > 0
            && let Some(mut search) = self.kept.falls.pop_front()
        {
            let RoomToSearch { slot, stamp, left } = search;
            let Some(room) = self.rooms.with_stamp(slot, stamp) else {
                continue;
            };
            let Some(fall) = room.fall else {
                continue;
            };
            let (first, len) = (room.log.first(), room.members.len());
            let to = left.min(len);
            let from = to.saturating_sub(self.kept.fall_looks);
            self.kept.fall_looks -= to - from;
            search.left = from;
            if from == 0 {
                let (goes_on, again) = (fall.again && len > 0, false);
                search.left = if goes_on { len } else { 0 };
                room.fall = goes_on.then_some(Fall { again, ..fall });
            }
            let mut gone = std::mem::take(&mut self.scratch.fallen);
            let fallen = room.members[from..to]
                .iter()
                .filter(|m| m.lagging && m.next < first);
            gone.extend(fallen.map(|m| m.outlet));
            self.outlets.looks.add(to - from);
            for outlet in gone.drain(..) {
                self.mark_failed(outlet, fall.failure);
            }
            self.scratch.fallen = gone;
            if search.left > 0 {
                self.kept.falls.push_front(search);
            }
        }
    }

    /// Gives up a connection that fell off some log and was not found yet, before anything else
    /// happens to it.
    pub(crate) fn give_up_if_fallen(&mut self, outlet: u32) {
        if self.kept.falls.is_empty() {
            return;
        }
        let subscriptions = self.outlet(outlet).map(|o| o.subscriptions.as_slice());
        let failure = |s: &Subscription| {
            let room = &self.rooms[s.room];
            let member = room.members.get(s.member as usize)?;
            let fell = member.lagging && member.next < room.log.first();
            room.fall.filter(|_| fell).map(|fall| fall.failure)
        };
        if let Some(failure) = subscriptions.unwrap_or_default().iter().find_map(failure) {
            self.mark_failed(outlet, failure);
        }
    }

    /// Gives a connection up: the connection gets nothing more, and its owner gets the reason. The
    /// rest of a half-written frame stays: a Close may follow it.
    pub(crate) fn give_up(&mut self, outlet: u32, failure: Failure) {
        if self.mark_failed(outlet, failure) {
            self.remove_subscriptions(outlet);
        }
    }

    /// Gives a connection up, but leaves its subscriptions to [`take_failed`](Fanout::take_failed).
    /// A partition can cost thousands of readers their places in one lap, and the owner takes them
    /// a few at a time. True if the connection was not given up before.
    fn mark_failed(&mut self, outlet: u32, failure: Failure) -> bool {
        let Some(o) = self.outlet_mut(outlet).filter(|o| o.flow != Flow::Failed) else {
            return false;
        };
        o.flow = Flow::Failed;
        o.drop_outbox();
        let opened = o.opened;
        self.outlets.failed.push_back(Failed {
            outlet,
            opened,
            failure,
        });
        true
    }

    /// Gives up a connection that would miss an entry which its log does not hold, or that would
    /// get one twice. Only a bug leads here, and it must not skip anything silently.
    #[cold]
    pub(crate) fn close_gap(&mut self, outlet: u32) {
        self.gaps += 1;
        self.give_up(outlet, Failure::FellBehind);
    }

    /// Returns the sequence of the oldest entry that any member without a blocked socket needs.
    pub(crate) fn floor(&self, slot: u32) -> u64 {
        let room = &self.rooms[slot];
        let catching_up = |o: &&Outlet| o.flow == Flow::CatchingUp;
        if room.lagging == 0 {
            return room.settled;
        }
        // Whoever catches up is queued. In a partition that is hardly anybody, and the room is
        // large.
        if self.outlets.queued.len() < room.members.len() {
            let queued = self.outlets.queued.iter().filter_map(|n| self.outlet(*n));
            let subscriptions = queued
                .filter(catching_up)
                .flat_map(|o| o.subscriptions.as_slice())
                .filter(|s| s.room == slot && !s.listens());
            let next = subscriptions.map(|s| room.members[s.member as usize].next);
            return next.fold(room.settled, u64::min);
        }
        let lagging = room.members.iter().filter(|m| m.lagging);
        let next = lagging.filter(|m| self.outlet(m.outlet).is_some_and(|o| catching_up(&o)));
        next.map(|m| m.next).fold(room.settled, u64::min)
    }

    pub(crate) fn retention_of(&self, slot: u32) -> Retention {
        let own = self.rooms[slot].retention.as_deref();
        own.copied().unwrap_or_else(|| self.settings.retention())
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;

    use bytes::Bytes;

    use super::*;
    use crate::broker::fanout::balance::BrokenInvariants;
    use crate::broker::fanout::settings::FanoutSettings;
    use crate::broker::fanout::sink::{Budget, Sink};
    use crate::broker::fanout::subscribe::Terms;
    use crate::broker::topics::entry::{Class, Draft};
    use crate::broker::topics::hub::Hub;
    use crate::broker::topics::parcel::{Parcel, RoomKey};

    /// Sockets that take every byte.
    struct Taking;

    impl Sink for Taking {
        fn write(&mut self, _outlet: u32, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }

        fn write_vectored(&mut self, _: u32, pieces: &[io::IoSlice<'_>]) -> io::Result<usize> {
            Ok(pieces.iter().map(|piece| piece.len()).sum())
        }
    }

    /// Returns a fan-out with one member in the room at slot 0, and the room's key.
    fn with_a_member() -> (Fanout, RoomKey) {
        let mut fanout = Fanout::new(0, Arc::new(Hub::new(1)), FanoutSettings::default());
        fanout.open(0, Class::V2);
        let id = fanout.new_id();
        assert!(fanout.subscribe_on(0, id, "room", &Terms::default(), None));
        let stamp = fanout.rooms[0].stamp;
        (fanout, RoomKey { slot: 0, stamp })
    }

    fn post(fanout: &mut Fanout, room: RoomKey, sequence: u64) {
        let mut draft = Draft::default();
        draft.seal(Class::V2, Some(Bytes::from_static(b"entry")));
        let entry = Arc::new(draft.into_entry(None));
        let parcel = Parcel {
            room,
            sequence,
            entry,
        };
        fanout.hub.mailbox(0).post(parcel, 1);
        fanout.take_mail();
    }

    fn is_closed_and_counted(fanout: &mut Fanout) {
        assert_eq!(fanout.take_failed(), Some((0, Failure::FellBehind)));
        let broken = BrokenInvariants {
            gaps: 1,
            ..BrokenInvariants::default()
        };
        assert_eq!(fanout.broken_invariants(), broken);
        assert_eq!((fanout.members_len(), fanout.retained_bytes()), (0, 0));
    }

    #[test]
    fn entry_missing_in_a_topics_order_closes_its_members() {
        let (mut fanout, room) = with_a_member();
        post(&mut fanout, room, 1);
        post(&mut fanout, room, 3);
        is_closed_and_counted(&mut fanout);
    }

    #[test]
    fn cursor_in_front_of_its_log_closes_its_member_in_a_pass_and_in_a_drain() {
        for has_own_frame in [false, true] {
            let (mut fanout, room) = with_a_member();
            post(&mut fanout, room, 1);
            post(&mut fanout, room, 2);
            let weight = fanout.rooms[0].log.trim(2);
            fanout.kept.weight.take(weight);
            if has_own_frame {
                fanout.send(0, Bytes::from_static(b"reply"), None);
            }
            fanout.flush(&mut Taking, Budget::default());
            is_closed_and_counted(&mut fanout);
        }
    }
}
