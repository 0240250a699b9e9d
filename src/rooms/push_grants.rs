//! What a member's credentials grant in a room: a bit for each rule of it, looked up once.

use std::sync::Arc;

use super::rules::{EventName, EventRule, PushRule, RoomRules};
use crate::channel::Socket;
use crate::credentials::{Credentials, Operation};

/// Rules that have a bit. What a member may push by one behind them is looked up each time.
const BITS: usize = u64::BITS as usize - 1;

/// The bit of the room itself: whether the member may be there, where that is granted.
const JOIN_BIT: u64 = 1 << BITS;

/// What the credentials of one member grant in one room, made at the first push that asks.
#[derive(Clone, Debug)]
pub(super) struct PushGrants {
    /// The credentials and the room that the bits are of. With others they are made anew.
    of: Option<Arc<Credentials>>,
    room: u64,
    bits: u64,
}

/// The bits with what they do not hold.
pub(super) struct PushCheck<'a> {
    bits: u64,
    events: &'a [EventRule],
    topic: &'a str,
    credentials: Option<&'a Credentials>,
}

impl PushGrants {
    /// Returns what the member that `socket` belongs to may push by `rules`.
    pub fn of<'a>(socket: &'a mut Socket<'_>, rules: &'a RoomRules, room: u64) -> PushCheck<'a> {
        let kept = socket.assigns::<PushGrants>();
        let kept = kept.filter(|kept| kept.room == room && same(&kept.of, socket.credentials()));
        let bits = match kept {
            Some(kept) => kept.bits,
            None => {
                let of = socket.credentials().cloned();
                let bits = bits_of(rules, socket.topic(), of.as_deref());
                socket.assign(PushGrants { of, room, bits });
                bits
            }
        };
        PushCheck {
            bits,
            events: &rules.events,
            topic: socket.topic(),
            credentials: socket.credentials().map(|known| &**known),
        }
    }
}

impl PushCheck<'_> {
    /// True if the member may be in the room.
    pub fn is_member(&self) -> bool {
        self.bits & JOIN_BIT != 0
    }

    /// True if the member may push `event` by the rule at `at`.
    pub fn allow(&self, at: usize, event: &str) -> bool {
        let is_kept = at < BITS && self.events[at].event != EventName::Any;
        match is_kept {
            true => self.bits & (1 << at) != 0,
            // A rule for all events is granted for some of them, by their names.
            false => is_granted(self.topic, event, self.credentials),
        }
    }
}

fn same(kept: &Option<Arc<Credentials>>, now: Option<&Arc<Credentials>>) -> bool {
    match (kept, now) {
        (Some(kept), Some(now)) => Arc::ptr_eq(kept, now),
        (None, None) => true,
        _ => false,
    }
}

fn bits_of(rules: &RoomRules, topic: &str, credentials: Option<&Credentials>) -> u64 {
    let may_join = rules.admits(topic, credentials) != Some(false);
    let mut bits = if may_join { JOIN_BIT } else { 0 };
    for (at, rule) in rules.events.iter().enumerate().take(BITS) {
        if let (PushRule::Granted, EventName::Named(event)) = (rule.push, &rule.event) {
            bits |= u64::from(is_granted(topic, event, credentials)) << at;
        }
    }
    bits
}

fn is_granted(topic: &str, event: &str, credentials: Option<&Credentials>) -> bool {
    credentials.is_some_and(|known| known.grants.allow(topic, Operation::Push(event)))
}
