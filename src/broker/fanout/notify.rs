//! Reports to the owner of a connection: the outbox has room again, or all frames are out.
//!
//! The owner of thousands of connections that wait looks at those alone that the fan-out reports.
//! A connection with a report due is never open while frames of its own wait: it is catching up.
//! So the common way of a write, which leaves a connection open, looks at no report.

use super::Fanout;
use super::outlet::{Awaited, Flow};

impl Fanout {
    /// Reports the connection, once, when its outbox weighs at most 64 KiB.
    pub fn notify_of_room(&mut self, outlet: u32) {
        self.notify_of(outlet, Awaited::Room);
    }

    /// Reports the connection, once, when it [is drained](Fanout::is_drained).
    pub fn notify_when_drained(&mut self, outlet: u32) {
        self.notify_of(outlet, Awaited::Drained);
    }

    fn notify_of(&mut self, outlet: u32, awaited: Awaited) {
        let Some(o) = self.outlet_mut(outlet) else {
            return;
        };
        o.awaited = awaited;
        if !o.has_awaited() && o.flow == Flow::Open {
            o.flow = Flow::CatchingUp;
            self.set_lagging(outlet, true);
            self.queue(outlet);
        }
        self.notify(outlet);
    }

    /// Reports the connection if the change for which its owner waits has come.
    pub(crate) fn notify(&mut self, outlet: u32) {
        self.outlets.looks.count();
        if let Some(o) = self.outlets.get_mut(outlet)
            && o.has_awaited()
        {
            o.awaited = Awaited::Nothing;
            self.outlets.notified.push_back(outlet);
        }
    }

    /// Takes the connection that has been reported for longest. `None` if no change has come.
    pub fn take_notified(&mut self) -> Option<u32> {
        self.outlets.notified.pop_front()
    }

    /// True if [`take_notified`](Fanout::take_notified) would return a connection.
    pub fn has_notified(&self) -> bool {
        !self.outlets.notified.is_empty()
    }
}
