//! The writes to one connection that is far behind, before its subscriptions may end.

use super::Fanout;
use super::RETIRED_ENTRIES_MAX;
use super::outlet::Flow;
use super::sink::{Budget, Sink};

/// Bytes that wait in the shard below which no connection is looked at: hardly 1,024 entries weigh
/// less.
const FEW_BYTES: usize = RETIRED_ENTRIES_MAX as usize * 16;

impl Fanout {
    /// Writes to a connection whose socket takes bytes what it lacks, as far as the budget goes, if
    /// it is over 1,024 entries behind. Call this before anything that may end subscriptions of the
    /// connection, because each entry that it lacks would become a frame of its outbox.
    ///
    /// The connection may still be as far behind afterwards: blocked, catching up, or open where
    /// the budget was used.
    pub fn catch_up(&mut self, outlet: u32, sink: &mut impl Sink, budget: &mut Budget) {
        let waiting = self.hub.mailbox(self.shard).bytes() + self.passes.unsettled.bytes();
        let flow = self.outlet(outlet).map_or(Flow::Failed, |o| o.flow);
        let is_open_and_late = flow == Flow::Open && waiting >= FEW_BYTES;
        if is_open_and_late || flow == Flow::CatchingUp {
            self.write_to_late(outlet, sink, budget);
        }
    }

    fn write_to_late(&mut self, outlet: u32, sink: &mut impl Sink, budget: &mut Budget) {
        self.take_mail();
        if !budget.has_left() || !self.is_far_behind(outlet) {
            return;
        }
        match self.outlet(outlet).map(|o| o.flow) {
            Some(Flow::Open) => self.visit_all(outlet, sink, budget),
            Some(Flow::CatchingUp) => self.drain(outlet, sink, budget),
            _ => {}
        }
    }

    /// Writes to an open connection what each of its subscriptions lacks, as a pass does.
    fn visit_all(&mut self, outlet: u32, sink: &mut impl Sink, budget: &mut Budget) {
        for at in 0.. {
            let Some(o) = self.outlet(outlet).filter(|o| o.flow == Flow::Open) else {
                return;
            };
            let Some(subscription) = o.subscriptions.as_slice().get(at).copied() else {
                return;
            };
            if !budget.has_left() {
                return;
            }
            if !subscription.listens() {
                let (slot, member) = (subscription.room, subscription.member);
                self.visit(slot, member as usize, sink, budget);
            }
        }
    }
}
