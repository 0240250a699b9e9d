//! The rules of a room as plain data: who may join, which events may be pushed, and who gets them.

use strum::{EnumDiscriminants, IntoStaticStr, VariantArray};

use crate::Retention;
use crate::channel::{Rate, TopicRates};

/// A room without code, to be served by a [`DeclaredRoom`](super::declared::DeclaredRoom).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "engine"), non_exhaustive)]
pub struct RoomRules {
    /// The topics of the room: a whole name, or `prefix*` for all topics that begin with `prefix`
    /// (see [`UserSocket::channel`](crate::channel::UserSocket::channel)).
    pub topic: String,
    /// Whether clients may join.
    pub join: JoinRule,
    /// Most members of each topic. Default: any number. One more join is refused with
    /// `{"reason": "room full"}`.
    /// `Some(0)` refuses all.
    pub members_max: Option<u32>,
    /// The events that members may push; the first rule that fits an event counts. An event that no
    /// rule fits is answered with the error `unknown event "…"`.
    pub events: Vec<EventRule>,
    /// How much log each topic keeps for members that are behind. Default: the server's limits
    /// `retention_bytes`, `retention_messages` and `retention_time_ms`
    /// ([`Limit::RetentionBytes`](crate::Limit::RetentionBytes) and the two after it).
    pub retention: Option<Retention>,
    /// How much all members of one topic may push together. Default: any amount. A push over a rate
    /// is not relayed, and is answered with the error `too many messages in this room` or `too many
    /// bytes in this room`.
    pub rates: TopicRates,
}

/// Whether clients may join.
#[derive(Clone, Debug, PartialEq, Eq, EnumDiscriminants)]
#[strum_discriminants(
    name(JoinWord),
    vis(pub(crate)),
    derive(IntoStaticStr, VariantArray),
    strum(serialize_all = "lowercase"),
    doc = "A [`JoinRule`] without its reason."
)]
#[cfg_attr(not(feature = "engine"), non_exhaustive)]
pub enum JoinRule {
    /// Clients may join.
    Allow,
    /// Clients are refused with this reason. If a reload brings this rule, members of the room stay
    /// and still get its broadcasts. Their pushes are answered with the reason as an error.
    Deny(String),
    /// Clients with credentials may join: their token is good, or the app gave them credentials.
    ///
    /// By this rule and the two below a client without credentials is refused with the code
    /// `token_missing`, or `token_expired` if its token was genuine and is over. A client with
    /// credentials that do not fit is refused with `forbidden`. A member ends when its token is
    /// over (`lobbyd:token_expired`, then `phx_error`), or when a newer one does not let it in
    /// (`lobbyd:token_forbidden`, then `phx_close`). If a reload brings one of these rules, members
    /// stay until then, and a push of a member that it does not let in is answered with the error
    /// `forbidden`.
    Known,
    /// A client may join the topic that has its subject behind the prefix: with `user:*`, the
    /// subject `u17` may join `user:u17`.
    Own,
    /// Clients whose credentials grant `join` for the topic may join.
    Granted,
}

/// Who may push an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "lowercase")]
#[cfg_attr(not(feature = "engine"), non_exhaustive)]
pub enum PushRule {
    /// All members.
    Members,
    /// Members whose credentials grant `push`, or `push:EVENT`, for the topic.
    Granted,
    /// No client. The event comes from the app alone.
    Nobody,
}

/// An event that members may push.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "engine"), non_exhaustive)]
pub struct EventRule {
    /// The events that the rule is for.
    pub event: EventName,
    /// Who may push it. Default all members. A push that may not be is answered with the error
    /// `forbidden`.
    pub push: PushRule,
    /// The part of the payload that is relayed.
    pub relay: Relay,
    /// Whether the sender gets the event too. Default true.
    pub echo: bool,
    /// Whether each push is answered with `ok`. Default false.
    pub acknowledge: bool,
    /// Longest payload, in bytes. Default: as long as a message may be. A longer payload is
    /// answered with the error `payload too large`.
    pub bytes_max: Option<usize>,
    /// How often each member may push the event. Default: as often as a connection may send. A push
    /// over the rate is answered with the error `too many messages`.
    pub rate: Option<Rate>,
}

/// The events that a rule is for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "engine"), non_exhaustive)]
pub enum EventName {
    /// The event of this name. [`DeclaredRoom::new`](super::declared::DeclaredRoom::new) panics if
    /// the name is [reserved](is_reserved).
    Named(String),
    /// All events that are not [reserved](is_reserved).
    Any,
}

/// The part of a push's payload that is relayed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "engine"), non_exhaustive)]
pub enum Relay {
    /// The whole payload, byte for byte: a JSON object, or binary data. Members of protocol version
    /// 1 do not get binary data. A JSON value other than an object is answered with the error
    /// `… needs an object`.
    All,
    /// A new object of these fields, in this order. Binary data, or JSON that lacks one of the
    /// fields, is answered with the error `… needs an object with a …`.
    Fields(Vec<String>),
}

impl EventName {
    /// Returns the name; `*` for [`EventName::Any`].
    pub fn as_str(&self) -> &str {
        match self {
            EventName::Named(name) => name,
            EventName::Any => "*",
        }
    }
}

impl RoomRules {
    /// True if this room's topics have all topics of `other` among them.
    pub(crate) fn covers(&self, other: &RoomRules) -> bool {
        match self.topic.strip_suffix('*') {
            Some(prefix) => other.topic.starts_with(prefix),
            None => self.topic == other.topic,
        }
    }

    /// A room of `topic` that everybody may join and where nothing may be pushed.
    pub fn open(topic: impl Into<String>) -> RoomRules {
        RoomRules {
            topic: topic.into(),
            join: JoinRule::Allow,
            members_max: None,
            events: Vec::new(),
            retention: None,
            rates: TopicRates::default(),
        }
    }

    /// Returns a room of `topic` that nobody may join, for `reason`.
    pub fn closed(topic: impl Into<String>, reason: impl Into<String>) -> RoomRules {
        RoomRules {
            join: JoinRule::Deny(reason.into()),
            ..RoomRules::open(topic)
        }
    }
}

impl EventRule {
    /// Returns a rule for `event` with the defaults: the whole payload is relayed to all members,
    /// and the push is not answered.
    pub fn relaying(event: EventName) -> EventRule {
        EventRule {
            event,
            push: PushRule::Members,
            relay: Relay::All,
            echo: true,
            acknowledge: false,
            bytes_max: None,
            rate: None,
        }
    }

    /// Sets who may push the event.
    #[must_use]
    pub fn pushed_by(self, push: PushRule) -> EventRule {
        EventRule { push, ..self }
    }

    /// True if this rule fits every event that `other` fits.
    pub(crate) fn covers(&self, other: &EventRule) -> bool {
        self.event == EventName::Any || self.event == other.event
    }

    pub(super) fn is_for(&self, event: &str) -> bool {
        match &self.event {
            EventName::Named(name) => name == event,
            EventName::Any => !is_reserved(event),
        }
    }
}

/// True if `event` has a meaning of its own to every client of Phoenix, or is lobbyd's own
/// (`lobbyd:…`). If such an event were relayed, it would end other members' channels (`phx_close`,
/// `phx_error`), answer their pushes (`phx_reply`, `chan_reply_…`), or speak for the server.
pub fn is_reserved(event: &str) -> bool {
    ["phx_", "chan_reply_", "lobbyd:"]
        .iter()
        .any(|prefix| event.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::UserSocket;
    use crate::rooms::{DeclaredRoom, declare};

    #[test]
    fn rule_for_a_reserved_event_is_refused_when_the_room_is_made() {
        for event in ["phx_close", "chan_reply_1", "lobbyd:gap"] {
            let mut rules = RoomRules::open("room:a");
            let event = EventName::Named(event.to_owned());
            rules.events = vec![EventRule::relaying(event)];
            assert!(std::panic::catch_unwind(|| DeclaredRoom::new(rules)).is_err());
        }
    }

    #[test]
    fn rule_or_room_behind_one_that_fits_first_is_refused() {
        let named = |name: &str| EventRule::relaying(EventName::Named(name.to_owned()));
        let any = || EventRule::relaying(EventName::Any);
        let room = |events| {
            let mut rules = RoomRules::open("room:a");
            rules.events = events;
            rules
        };
        let refused =
            |events| std::panic::catch_unwind(|| DeclaredRoom::new(room(events))).is_err();
        assert!(!refused(vec![named("a"), named("b"), any()]));
        assert!(refused(vec![any(), named("a")]));
        assert!(refused(vec![named("a"), named("a")]));
        let rooms = |topics: [&str; 2]| {
            let rooms = topics.map(RoomRules::open);
            std::panic::catch_unwind(|| declare(UserSocket::new(), rooms)).is_err()
        };
        assert!(!rooms(["room:a", "room:*"]));
        assert!(rooms(["room:*", "room:a"]));
        assert!(rooms(["room:a", "room:a"]));
        assert!(!rooms(["room:a*", "room:*"]));
    }
}
