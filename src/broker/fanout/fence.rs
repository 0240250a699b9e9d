//! Fences: up to which place in a log entries go out before a frame of the connection's own.

use super::Fanout;
use super::log::is_left_out;
use super::outlet::{Fence, Flow, Outlet, Subscription};
use super::room::Room;
use crate::broker::topics::entry::Class;
use crate::broker::topics::position::SubscriptionId;

impl Fanout {
    /// Returns the fence for a frame that is sent now behind subscription `id`. `None` if `id` is
    /// no member.
    pub(crate) fn fence(&self, outlet: u32, id: SubscriptionId) -> Option<Fence> {
        let subscriptions = self.outlet(outlet)?.subscriptions.as_slice();
        let member = |s: &&Subscription| s.id == id && !s.listens();
        let subscription = subscriptions.iter().find(member)?;
        let before = self.rooms[subscription.room].log.head();
        Some(Fence { id, before })
    }

    /// Turns the entries that subscription `id` lacks into frames of the connection's own, each in
    /// its place among the frames the connection has. The subscription is about to end, and its log
    /// may end with it.
    pub(crate) fn move_to_outbox(&mut self, outlet: u32, id: SubscriptionId) {
        let Some(o) = self.outlets.get_mut(outlet) else {
            return;
        };
        let mut subscriptions = o.subscriptions.as_slice().iter();
        let Some(&subscription) = subscriptions.find(|s| s.id == id && !s.listens()) else {
            return;
        };
        let room = &mut self.rooms[subscription.room];
        let head = room.log.head();
        let mut next = room.members[subscription.member as usize].next;
        if next >= head || o.flow == Flow::Failed {
            return;
        }
        let intercept = room.intercepts(id);
        let outbox = o.direct.as_mut().map(|d| std::mem::take(&mut d.outbox));
        for mut fenced in outbox.into_iter().flatten() {
            if let Some(fence) = fenced.fence.filter(|fence| fence.id == id) {
                next = own_frames(room, o, id, intercept, next, fence.before.min(head));
                fenced.fence = None;
            }
            o.requeue(fenced);
        }
        own_frames(room, o, id, intercept, next, head);
        room.members[subscription.member as usize].next = head;
        self.queue(outlet);
    }
}

fn own_frames(
    room: &Room,
    o: &mut Outlet,
    id: SubscriptionId,
    intercept: &[&str],
    from: u64,
    to: u64,
) -> u64 {
    let class: Class = o.class;
    for sequence in from..to {
        let entry = room.log.entry(sequence);
        let wanted = entry.filter(|entry| !is_left_out(entry, id, intercept));
        if let Some(frame) = wanted.and_then(|entry| entry.frame(class)) {
            o.push(frame.clone(), None);
        }
    }
    from.max(to)
}
