//! Giving up a slow consumer: it gets nothing more, and its owner gets the reason.

use super::Fanout;
use super::outlet::Flow;
use super::room::Member;
use super::sink::Failure;

impl Fanout {
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

    /// Gives a connection up: it gets nothing more, and its owner gets the reason.
    pub(crate) fn give_up(&mut self, outlet: u32, failure: Failure) {
        if self.outlet(outlet).is_some_and(|o| o.flow != Flow::Failed) {
            self.fail(outlet);
            self.outlets.failed.push((outlet, failure));
        }
    }

    /// Ends all a connection has. The rest of a half-written frame stays: a Close may follow it.
    pub(crate) fn fail(&mut self, outlet: u32) {
        self.remove_subscriptions(outlet);
        if let Some(o) = self.outlet_mut(outlet) {
            o.flow = Flow::Failed;
            o.drop_outbox();
        }
    }
}
