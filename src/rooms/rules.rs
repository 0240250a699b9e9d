//! What a room is by rules, as plain data: who may join, what may be pushed, and who gets it.

use strum::{EnumDiscriminants, IntoStaticStr, VariantArray};

use crate::Retention;

/// A room without code, to be served by a [`DeclaredRoom`](super::declared::DeclaredRoom).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "engine"), non_exhaustive)]
pub struct RoomRules {
    /// The topics it is for: a whole name, or `prefix*` for all that begin with `prefix`
    /// (see [`UserSocket::channel`](crate::channel::UserSocket::channel)).
    pub topic: String,
    /// Whether clients may join.
    pub join: JoinRule,
    /// Members that each of its topics may have. Default: any number. The next gets `{"reason":
    /// "room full"}`.
    pub members_max: Option<u32>,
    /// What members may push; the first that fits an event counts. An event that none fits is
    /// answered with the error `unknown event "…"`.
    pub events: Vec<EventRule>,
    /// What each of its topics keeps for members that are behind. Default: as
    /// [`FanoutSettings`](crate::broker::FanoutSettings) say.
    pub retention: Option<Retention>,
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
    /// They may.
    Allow,
    /// They may not, for this reason, which they are told. Members that are in when a reload brings
    /// this rule stay and go on hearing; what they push is answered with the reason as an error.
    Deny(String),
}

/// An event that members may push.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "engine"), non_exhaustive)]
pub struct EventRule {
    /// Which events it is for.
    pub event: EventName,
    /// What is relayed.
    pub relay: Relay,
    /// Whether the sender gets it too. Default true.
    pub echo: bool,
    /// Whether each push is answered with `ok`. Default false.
    pub acknowledge: bool,
    /// Longest payload, in bytes. Default: as long as a message may be. A longer one is answered
    /// with the error `payload too large`.
    pub bytes_max: Option<usize>,
    /// How often each member may push it. Default: as often as a connection may send. Beyond it a
    /// push is answered with the error `too many messages`.
    pub rate: Option<Rate>,
}

/// Which events a rule is for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "engine"), non_exhaustive)]
pub enum EventName {
    /// The one of this name. None that [`is_reserved`].
    Named(String),
    /// All but those that are [reserved](is_reserved).
    Any,
}

/// What of a push is relayed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "engine"), non_exhaustive)]
pub enum Relay {
    /// The payload to the byte: a JSON object, or binary, which members of protocol version 1 do
    /// not get. Another JSON value is answered with the error `… needs an object`.
    All,
    /// A new object of these fields, in this order, each of which there must be. A payload without
    /// one, or one of bytes, is answered with the error `… needs an object with a …`.
    Fields(Vec<String>),
}

/// How often something may be done: so many times a second in the long run, so many at once after a
/// pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "engine"), non_exhaustive)]
pub struct Rate {
    /// In the long run. At least 1; 0 counts as 1.
    pub per_second: u32,
    /// At once. At least 1; 0 counts as 1. None: as many as in a second.
    pub burst: Option<u32>,
}

impl EventName {
    /// The name; `*` for any.
    pub fn as_str(&self) -> &str {
        match self {
            EventName::Named(name) => name,
            EventName::Any => "*",
        }
    }
}

impl RoomRules {
    /// A room of `topic` that everybody may join and where nothing may be pushed.
    pub fn open(topic: impl Into<String>) -> RoomRules {
        RoomRules {
            topic: topic.into(),
            join: JoinRule::Allow,
            members_max: None,
            events: Vec::new(),
            retention: None,
        }
    }

    /// A room of `topic` that nobody may join, for `reason`.
    pub fn closed(topic: impl Into<String>, reason: impl Into<String>) -> RoomRules {
        RoomRules {
            join: JoinRule::Deny(reason.into()),
            ..RoomRules::open(topic)
        }
    }
}

impl EventRule {
    /// A rule for `event` with the defaults: the payload is relayed as it is, to all, and nothing
    /// is answered.
    pub fn relaying(event: EventName) -> EventRule {
        EventRule {
            event,
            relay: Relay::All,
            echo: true,
            acknowledge: false,
            bytes_max: None,
            rate: None,
        }
    }

    pub(super) fn is_for(&self, event: &str) -> bool {
        match &self.event {
            EventName::Named(name) => name == event,
            EventName::Any => !is_reserved(event),
        }
    }
}

/// Whether `event` means something to every client of Phoenix by itself: relayed, it would end
/// other members' channels (`phx_close`, `phx_error`) or answer their pushes (`phx_reply`,
/// `chan_reply_…`).
pub fn is_reserved(event: &str) -> bool {
    event.starts_with("phx_") || event.starts_with("chan_reply_")
}
