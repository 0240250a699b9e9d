//! A room by rules: a channel written with nothing but the public channel API.

use std::sync::atomic::{AtomicU64, Ordering};

use super::push_grants::PushGrants;
use super::rate::PushRates;
use super::rules::{EventName, EventRule, JoinRule, PushRule, Relay, RoomRules, is_reserved};
use crate::channel::TopicRates;
use crate::credentials::Credentials;
use crate::{
    Channel, Handled, IntoPayload, Join, Object, Payload, PayloadBuf, PushRefusal, Socket, reason,
};

/// Fields that a relay takes out of a payload in one pass. Rules rarely name more fields, and the
/// found values fit on the stack.
const FIELDS_A_PASS: usize = 8;

/// The channel of a room by [rules](RoomRules). It is mounted at the rules' own topic by
/// [`declare`](super::declare).
#[derive(Debug)]
pub struct DeclaredRoom {
    rules: RoomRules,
    /// Tells this room's rules from those before a reload.
    id: u64,
}

impl DeclaredRoom {
    /// Makes the channel of a room with these rules.
    ///
    /// # Panics
    /// If a rule is for an event that is [reserved](super::rules::is_reserved): relayed, it would
    /// end other members' channels or answer their pushes. If a rule can never be the first that
    /// fits, because a rule before it is for the same event or for any. If `join` is
    /// [`JoinRule::Own`] and the topic does not end with a star.
    pub fn new(rules: RoomRules) -> DeclaredRoom {
        for (at, rule) in rules.events.iter().enumerate() {
            let event = rule.event.as_str();
            let before = &rules.events[..at];
            let is_covered = before.iter().any(|earlier| earlier.covers(rule));
            assert!(
                !is_covered,
                "a rule before the one for {event:?} fits first"
            );
            let is_reserved = matches!(&rule.event, EventName::Named(name) if is_reserved(name));
            let (topic, event) = (&rules.topic, rule.event.as_str());
            assert!(
                !is_reserved,
                "the room {topic:?} has a rule for the reserved event {event:?}"
            );
        }
        assert!(
            rules.join != JoinRule::Own || rules.topic.ends_with('*'),
            "the room {:?} is everybody's own, and its topic does not end with a star",
            rules.topic
        );
        static ROOMS: AtomicU64 = AtomicU64::new(0);
        let id = ROOMS.fetch_add(1, Ordering::Relaxed);
        DeclaredRoom { rules, id }
    }
}

impl Channel for DeclaredRoom {
    fn join(&self, topic: &str, _params: Payload<'_>, socket: &mut Socket<'_>) -> Join {
        if let Some(refusal) = self.rules.refused(topic, socket) {
            return refusal;
        }
        let mut accept = Join::accept();
        if let Some(count) = self.rules.members_max {
            accept = accept.members_max(count);
        }
        if let Some(retention) = self.rules.retention {
            accept = accept.retention(retention);
        }
        accept.into()
    }

    fn allows(&self, topic: &str, credentials: Option<&Credentials>) -> bool {
        self.rules.admits(topic, credentials) != Some(false)
    }

    fn handle_in(&self, event: &str, payload: Payload<'_>, socket: &mut Socket<'_>) -> Handled {
        // Only a member that joined before a reload brought this rule can push here.
        if let JoinRule::Deny(why) = &self.rules.join {
            return Refused(PushRefusal::Denied, why.clone()).told(socket);
        }
        if !self.is_member(socket) {
            return Refused(PushRefusal::Forbidden, String::new()).told(socket);
        }
        let events = &self.rules.events;
        let Some(at) = events.iter().position(|rule| rule.is_for(event)) else {
            let why = format!("unknown event {event:?}");
            return Refused(PushRefusal::UnknownEvent, why).told(socket);
        };
        let allowed = self.may_push(at, event, socket);
        let relayed = allowed.and_then(|()| {
            let rates = &self.rules.rates;
            events[at].relayed(at, event, payload, rates, socket)
        });
        match relayed {
            Ok(()) if events[at].acknowledge => Handled::ok(()),
            Ok(()) => Handled::no_reply(),
            Err(refused) => refused.told(socket),
        }
    }
}

impl DeclaredRoom {
    /// Err if the client may not push `event` by the rule at `at`.
    fn may_push(&self, at: usize, event: &str, socket: &mut Socket<'_>) -> Result<(), Refused> {
        let allowed = match self.rules.events[at].push {
            PushRule::Members => true,
            PushRule::Granted => PushGrants::of(socket, &self.rules, self.id).allow(at, event),
            PushRule::Nobody => false,
        };
        match allowed {
            true => Ok(()),
            false => Err(Refused(PushRefusal::Forbidden, String::new())),
        }
    }

    /// True unless the client joined before a reload brought a rule that does not let it in.
    fn is_member(&self, socket: &mut Socket<'_>) -> bool {
        match self.rules.join {
            JoinRule::Allow | JoinRule::Deny(_) => true,
            JoinRule::Known => socket.credentials().is_some(),
            JoinRule::Own | JoinRule::Granted => {
                PushGrants::of(socket, &self.rules, self.id).is_member()
            }
        }
    }
}

/// A push that is refused, with the reason that goes to its sender: none for `Forbidden`, which
/// has always the same.
struct Refused(PushRefusal, String);

impl Refused {
    fn told(self, socket: &mut Socket<'_>) -> Handled {
        let Refused(refusal, why) = self;
        socket.count_refused(refusal);
        match refusal {
            PushRefusal::Forbidden => Handled::forbidden(),
            _ => Handled::error(reason(&why)),
        }
    }
}

impl EventRule {
    /// Relays a push of `event` by this rule, which is the `at`th of its room, at the `rates` of
    /// the room. Err if the push is refused.
    fn relayed(
        &self,
        at: usize,
        event: &str,
        payload: Payload<'_>,
        rates: &TopicRates,
        socket: &mut Socket<'_>,
    ) -> Result<(), Refused> {
        if self.bytes_max.is_some_and(|most| bytes_of(payload) > most) {
            return Err(Refused(PushRefusal::TooLarge, "payload too large".into()));
        }
        let relayed = self
            .relay
            .of(event, payload)
            .map_err(|why| Refused(PushRefusal::BadPayload, why))?;
        if let Some(rate) = self.rate
            && let from = socket.sent_since()
            && !PushRates::of(socket).admits(at, rate, from)
        {
            return Err(Refused(PushRefusal::TooMany, "too many messages".into()));
        }
        if !rates.are_open() {
            let charged = socket.charge_topic(rates, bytes_of(payload));
            charged.map_err(|refusal| Refused(refusal, why_over(refusal).into()))?;
        }
        if self.echo {
            socket.broadcast(event, relayed);
        } else {
            socket.broadcast_from(event, relayed);
        }
        Ok(())
    }
}

impl Relay {
    /// Returns the part of `payload` to relay. Err is the reason why the payload cannot be relayed.
    fn of(&self, event: &str, payload: Payload<'_>) -> Result<PayloadBuf, String> {
        match (self, payload) {
            (Relay::Fields(fields), payload) => fields_of(event, fields, payload),
            (Relay::All, Payload::Json(json)) if !json.is_object() => {
                Err(format!("{event} needs an object"))
            }
            (Relay::All, payload) => Ok(payload.to_buf()),
        }
    }
}

/// Returns an object of `fields`, with each value as the payload has it. Takes [`FIELDS_A_PASS`]
/// fields out in one pass over the payload, because a pass for each field would cost more.
fn fields_of(event: &str, fields: &[String], payload: Payload<'_>) -> Result<PayloadBuf, String> {
    let mut object = Object::new();
    for fields in fields.chunks(FIELDS_A_PASS) {
        let mut found = [None; FIELDS_A_PASS];
        payload.get_into(fields, &mut found);
        for (field, value) in fields.iter().zip(found) {
            let value = value.ok_or_else(|| lacks(event, field))?;
            object = object.put(field, value);
        }
    }
    Ok(object.into_payload())
}

fn lacks(event: &str, field: &str) -> String {
    let article = match field.starts_with(['a', 'e', 'i', 'o', 'u']) {
        true => "an",
        false => "a",
    };
    format!("{event} needs an object with {article} {field}")
}

/// Returns the reason that a member gets whose room is over a rate.
fn why_over(refusal: PushRefusal) -> &'static str {
    match refusal {
        PushRefusal::RoomBytes => "too many bytes in this room",
        _ => "too many messages in this room",
    }
}

fn bytes_of(payload: Payload<'_>) -> usize {
    match payload {
        Payload::Json(json) => json.as_raw().len(),
        Payload::Binary(data) => data.len(),
    }
}
