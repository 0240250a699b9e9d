//! The writes to one connection that is far behind, before its subscriptions may end.

use super::Fanout;
use super::RETIRED_ENTRIES_MAX;
use super::outlet::Flow;
use super::sink::{Budget, Sink};

/// Bytes that wait in the shard below which no connection is looked at: hardly 1,024 entries weigh
/// less.
const FEW_BYTES: usize = RETIRED_ENTRIES_MAX as usize * 16;

impl Fanout {
    /// Brings a connection whose socket takes bytes nearly up to date, as far as the budget goes,
    /// if it is over 1,024 entries behind. Call this before anything that may end subscriptions of
    /// the connection, because each entry that it lacks would become a frame of its outbox.
    ///
    /// False if the connection is still as far behind, and its socket takes bytes. It is catching
    /// up then: the next flushes go on with it.
    pub fn catch_up(&mut self, outlet: u32, sink: &mut impl Sink, budget: &mut Budget) -> bool {
        let waiting = self.hub.mailbox(self.shard).bytes() + self.passes.unsettled.bytes();
        let flow = self.outlet(outlet).map_or(Flow::Failed, |o| o.flow);
        if flow == Flow::Open && waiting < FEW_BYTES {
            return true;
        }
        self.catch_up_by_writes(outlet, sink, budget)
    }

    fn catch_up_by_writes(
        &mut self,
        outlet: u32,
        sink: &mut impl Sink,
        budget: &mut Budget,
    ) -> bool {
        self.take_mail();
        if !self.can_catch_up(outlet) {
            return true;
        }
        if budget.has_left() {
            match self.outlet(outlet).map(|o| o.flow) {
                Some(Flow::Open) => self.visit_all(outlet, sink, budget),
                _ => self.drain(outlet, sink, budget),
            }
        }
        let is_late = self.can_catch_up(outlet);
        if is_late {
            self.go_on_later(outlet);
        }
        !is_late
    }

    /// True if the connection is far behind, and its socket takes bytes.
    fn can_catch_up(&self, outlet: u32) -> bool {
        let takes = |flow| matches!(flow, Flow::Open | Flow::CatchingUp);
        self.outlet(outlet).is_some_and(|o| takes(o.flow)) && self.is_far_behind(outlet)
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
