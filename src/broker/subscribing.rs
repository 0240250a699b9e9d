//! Subscribing and unsubscribing: where a cursor begins, and what still goes out when it ends.

use super::SubscriptionId;
use super::fanout::Fanout;
use super::outlet::{Flow, LISTENS, Subscription};
use super::room::{Events, Listener, Member};
use super::topic::MemberKind;

impl Fanout {
    /// Subscribes a connection: it gets what is published to `topic` from now on, but for the events in `intercept`,
    /// which are [heard](Fanout::take_heard).
    pub fn subscribe(
        &mut self,
        outlet: u32,
        id: SubscriptionId,
        topic: &str,
        intercept: &'static [&'static str],
    ) {
        let Some(class) = self.taking(outlet).map(|o| o.class) else {
            return;
        };
        // The listener first: whatever the cursor then meets was sealed with its event for the listener to see.
        if !intercept.is_empty() {
            self.join(topic, MemberKind::Listener);
        }
        let (slot, next) = self.join(topic, MemberKind::Wire(class));
        let room = &mut self.rooms[slot as usize];
        let member = Member {
            id,
            outlet,
            class,
            lagging: false,
            intercepts: !intercept.is_empty(),
            next,
        };
        if member.intercepts {
            let events = Events::Intercepted(intercept);
            let since = next;
            room.listeners.push(Listener {
                id,
                outlet,
                events,
                since,
            });
        }
        let place = room.members.len() as u32;
        room.members.push(member);
        room.circle.joined();
        self.members += 1;
        self.keep(
            outlet,
            Subscription {
                id,
                room: slot,
                member: place,
            },
        );
        if self.outlet(outlet).is_some_and(|o| o.flow != Flow::Open) {
            self.set_lagging(outlet, true);
        }
    }

    /// Lets a channel hear what is published to `topic` from now on.
    pub fn listen(&mut self, outlet: u32, id: SubscriptionId, topic: &str) {
        self.listen_for(outlet, id, topic, Events::All);
    }

    /// Lets a connection hear what is published to its socket id from now on.
    pub fn listen_as_socket_id(&mut self, outlet: u32, id: SubscriptionId, topic: &str) {
        self.listen_for(outlet, id, topic, Events::SocketId);
    }

    fn listen_for(&mut self, outlet: u32, id: SubscriptionId, topic: &str, events: Events) {
        if self.taking(outlet).is_none() {
            return;
        }
        let (slot, since) = self.join(topic, MemberKind::Listener);
        let room = &mut self.rooms[slot as usize];
        room.listeners.push(Listener {
            id,
            outlet,
            events,
            since,
        });
        self.keep(
            outlet,
            Subscription {
                id,
                room: slot,
                member: LISTENS,
            },
        );
    }

    /// Ends all that began under `id`. What was published until now still goes out, before whatever is sent next.
    pub fn unsubscribe(&mut self, outlet: u32, id: SubscriptionId) {
        self.take_mail();
        self.move_to_outbox(outlet, id);
        while let Some(at) = self.outlet(outlet).and_then(|o| {
            let subscriptions = o.subscriptions.as_slice();
            subscriptions.iter().position(|s| s.id == id)
        }) {
            self.remove_subscription(outlet, at);
        }
    }
}
