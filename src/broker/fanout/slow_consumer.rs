//! Giving up a slow consumer that fell off its topic's log, or a connection that failed.
//!
//! A connection that was given up gets nothing more, and its owner gets the reason. Bytes and
//! entries of a log are checked where the log is trimmed: when a lap ends, and by the sweep. They
//! are never checked per delivery.

use super::Fanout;
use super::outlet::Flow;
use super::room::Member;
use super::settings::Retention;
use super::sink::Failure;

impl Fanout {
    /// Drops entries that no member needs. A blocked member that falls off the retention is given
    /// up.
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
        let failure = match log.bytes() > retention.bytes_max {
            true => Failure::LogTooLarge,
            false => Failure::LogTooLong,
        };
        while retention.is_exceeded_by(log) && log.first() < floor {
            self.kept.bytes -= log.trim(log.first() + 1);
        }
        self.give_up_fallen(slot, failure);
    }

    /// Gives up the members that fell off the log's old end.
    pub(crate) fn give_up_fallen(&mut self, slot: u32, failure: Failure) {
        let room = &self.rooms[slot];
        let first = room.log.first();
        let fell = |m: &&Member| m.lagging && m.next < first;
        let fallen: Vec<u32> = room.members.iter().filter(fell).map(|m| m.outlet).collect();
        for outlet in fallen {
            self.give_up(outlet, failure);
        }
    }

    /// Gives a connection up: the connection gets nothing more, and its owner gets the reason.
    pub(crate) fn give_up(&mut self, outlet: u32, failure: Failure) {
        if self.outlet(outlet).is_some_and(|o| o.flow != Flow::Failed) {
            self.outlets.failed.push((outlet, failure));
            self.fail(outlet);
        }
    }

    /// Ends all subscriptions of a connection, and drops its frames. The rest of a half-written
    /// frame stays: a Close may follow it.
    pub(crate) fn fail(&mut self, outlet: u32) {
        if let Some(o) = self.outlet_mut(outlet) {
            o.flow = Flow::Failed;
            o.drop_outbox();
        }
        self.remove_subscriptions(outlet);
    }

    /// Returns the sequence of the oldest entry that any member without a blocked socket needs.
    pub(crate) fn floor(&self, slot: u32) -> u64 {
        let room = &self.rooms[slot];
        let is_blocked = |m: &Member| {
            self.outlet(m.outlet)
                .is_some_and(|o| o.flow == Flow::Blocked)
        };
        let catching_up = room.members.iter().filter(|m| m.lagging && !is_blocked(m));
        catching_up.map(|m| m.next).fold(room.settled, u64::min)
    }

    pub(crate) fn retention_of(&self, slot: u32) -> Retention {
        let own = self.rooms[slot].retention.as_deref();
        own.copied().unwrap_or_else(|| self.settings.retention())
    }
}
