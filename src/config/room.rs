//! A `[[room]]` as data, and the settings of its tables.

use std::sync::LazyLock;

use super::form::Word;
use super::number::bytes;
use super::number::counts;
use super::number::milliseconds;
use super::setting::{Setting, number, setting};
use crate::rooms::{EventName, EventRule, JoinRule, JoinWord, Rate, RoomRules};
use crate::server::ServerLimits;

/// A room as a file has it: its rules, of which the retention may be said in part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomConfig {
    /// Its rules. Their own retention is not used here.
    pub rules: RoomRules,
    /// What is kept of it for readers that are behind.
    pub retention: RetentionConfig,
}

/// What is kept of a room for readers that are behind; None: what the server keeps of any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RetentionConfig {
    /// In bytes.
    pub bytes_max: Option<usize>,
    /// In messages.
    pub messages_max: Option<usize>,
    /// In milliseconds.
    pub time_ms_max: Option<u64>,
}

impl From<RoomRules> for RoomConfig {
    fn from(rules: RoomRules) -> RoomConfig {
        RoomConfig {
            rules,
            retention: RetentionConfig::default(),
        }
    }
}

impl Default for RoomConfig {
    /// A table that says nothing yet.
    fn default() -> RoomConfig {
        RoomRules::open("").into()
    }
}

impl RoomConfig {
    /// The rules to serve. What is not said of the retention is as `limits` have it for any room.
    pub fn rules(&self, limits: &ServerLimits) -> RoomRules {
        let kept = limits.retention();
        let (own, mut retention) = (&self.retention, kept);
        retention.bytes_max = own.bytes_max.unwrap_or(kept.bytes_max);
        retention.entries_max = own.messages_max.unwrap_or(kept.entries_max);
        retention.ms_max = own.time_ms_max.unwrap_or(kept.ms_max);
        RoomRules {
            retention: (retention != kept).then_some(retention),
            ..self.rules.clone()
        }
    }
}

/// An event as a table of a file begins.
pub(super) fn event() -> EventRule {
    EventRule::relaying(EventName::Named(String::new()))
}

impl Word for JoinWord {}

fn join(room: &RoomConfig) -> JoinWord {
    (&room.rules.join).into()
}

/// Keeps a reason that stands already.
fn set_join(room: &mut RoomConfig, word: JoinWord) {
    room.rules.join = match word {
        JoinWord::Allow => JoinRule::Allow,
        JoinWord::Deny => JoinRule::Deny(reason(room).unwrap_or_default()),
    };
}

/// A deny without one has the empty reason, which no file can say.
fn reason(room: &RoomConfig) -> Option<String> {
    match &room.rules.join {
        JoinRule::Deny(reason) if !reason.is_empty() => Some(reason.clone()),
        _ => None,
    }
}

/// Of an allow, which has none, it is dropped; the checks say so.
fn set_reason(room: &mut RoomConfig, reason: Option<String>) {
    if let JoinRule::Deny(own) = &mut room.rules.join {
        *own = reason.unwrap_or_default();
    }
}

/// A rate of 0 in a second is one of which a file has said the burst alone.
fn per_second(event: &EventRule) -> Option<u32> {
    let rate = event.rate.map(|rate| rate.per_second);
    rate.filter(|per_second| *per_second > 0)
}

fn set_per_second(event: &mut EventRule, per_second: Option<u32>) {
    let burst = burst(event);
    let rate = |per_second| Rate { per_second, burst };
    event.rate = per_second.map(rate);
}

fn burst(event: &EventRule) -> Option<u32> {
    event.rate?.burst
}

fn set_burst(event: &mut EventRule, burst: Option<u32>) {
    let per_second = per_second(event).unwrap_or_default();
    event.rate = Some(Rate { per_second, burst });
}

/// The settings of a `[[room]]`.
pub static ROOM: LazyLock<Vec<Setting<RoomConfig>>> = LazyLock::new(|| {
    vec![
        setting!(RoomConfig,
            "topic",
            "Which topics: one by its whole name, or `prefix*` for all that begin with `prefix`, the bare prefix included. \
             The first room whose topic matches is taken.",
            rules.topic
        ),
        Setting::new("join", join, set_join, "Whether clients may join."),
        Setting::new("reason", reason, set_reason, "What a refused client is told, as `{\"reason\": …}`. A deny needs one, an allow has none.")
        .unset("none", "\"unauthorized\""),
        number!(RoomConfig,
            "members_max",
            counts(1),
            "Members at once. One too many is refused with `{\"reason\": \"room full\"}`.",
            rules.members_max
        )
        .unset("any number", "1_000"),
    ]
});

/// The settings of a `[[room.event]]`.
pub static EVENT: LazyLock<Vec<Setting<EventRule>>> = LazyLock::new(|| {
    vec![
        setting!(EventRule,
            "name",
            "The event that clients may push; `*` is any. The first that matches is taken; what no entry names is answered \
             with `unknown event`.",
            event),
        setting!(EventRule,
            "relay",
            "What goes to the room: `\"all\"`, the payload byte for byte, or a list of the fields that do. A payload without \
             one of these is answered with `NAME needs an object with a FIELD`.",
            relay
        ),
        setting!(EventRule,"echo", "Whether the sender gets it too.", echo),
        setting!(EventRule,
            "acknowledge",
            "Whether each push is answered with `ok`.",
            acknowledge
        ),
        number!(EventRule,
            "bytes_max",
            bytes(1),
            "Bytes of the payload. A larger one is answered with `payload too large`.",
            bytes_max
        )
        .unset("`limits.message_bytes.max`", "2_000"),
        Setting::number("messages_per_second", counts(1), per_second, set_per_second, "Pushes in a second by one member, in the long run. One over it is answered with `too many messages`.")
        .unset("any number", "10"),
        Setting::number("burst", counts(1), burst, set_burst, "Pushes at once after a pause.")
        .unset("`messages_per_second`", "20"),
    ]
});

/// The settings of a `[room.retention]`.
pub static RETENTION: LazyLock<Vec<Setting<RetentionConfig>>> = LazyLock::new(|| {
    vec![
        number!(
            RetentionConfig,
            "bytes_max",
            bytes(1),
            "Bytes of its log on a shard.",
            bytes_max
        )
        .unset("`limits.retention_bytes.max`", "262_144"),
        number!(
            RetentionConfig,
            "messages_max",
            counts(1),
            "Messages of the same.",
            messages_max
        )
        .unset("`limits.retention_messages.max`", "500"),
        number!(
            RetentionConfig,
            "time_ms_max",
            milliseconds(1),
            "The age of the same, in milliseconds.",
            time_ms_max
        )
        .unset("`limits.retention_time_ms.max`", "10_000"),
    ]
});
