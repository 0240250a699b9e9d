//! A `[[room]]` as data, and the settings of its tables.

use std::sync::LazyLock;

use super::form::Word;
use super::number::bytes;
use super::number::counts;
use super::number::milliseconds;
use super::setting::{Setting, number, setting};
use crate::rooms::{
    EventName, EventRule, JoinRule, JoinWord, PushRule, Rate, RoomRules, TopicRates,
};
use crate::server::{Limit, MOST, ServerLimits};

/// A room of a file: its rules, and a retention of which the file may set only a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomConfig {
    /// The room's rules. [`RoomRules::retention`] is not used here.
    pub rules: RoomRules,
    /// The part of the retention that the file sets.
    pub retention: RetentionConfig,
}

/// How much log a room keeps for members that are behind. None: as for any room of the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RetentionConfig {
    /// Retention in bytes.
    pub bytes_max: Option<usize>,
    /// Retention in messages.
    pub messages_max: Option<usize>,
    /// Retention in milliseconds.
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
    /// Returns a room as a `[[room]]` table begins, before any of its keys is read.
    fn default() -> RoomConfig {
        RoomRules::open("").into()
    }
}

impl RoomConfig {
    /// Returns the rules to serve. A part of the retention or of the rates that is not set is taken
    /// from `limits`.
    pub fn rules(&self, limits: &ServerLimits) -> RoomRules {
        let kept = limits.retention();
        let (own, mut retention) = (&self.retention, kept);
        retention.bytes_max = own.bytes_max.unwrap_or(kept.bytes_max);
        retention.entries_max = own.messages_max.unwrap_or(kept.entries_max);
        retention.ms_max = own.time_ms_max.unwrap_or(kept.ms_max);
        RoomRules {
            retention: (retention != kept).then_some(retention),
            rates: self.rates(limits),
            ..self.rules.clone()
        }
    }
}

impl RoomConfig {
    fn rates(&self, limits: &ServerLimits) -> TopicRates {
        let or_of = |own: Option<Rate>, limit: Limit| {
            let max = limits.max(limit);
            let of_limit = (max < MOST).then(|| Rate::per_second(max as u32));
            own.or(of_limit)
        };
        let mut rates = self.rules.rates;
        rates.messages = or_of(rates.messages, Limit::RoomMessagesPerSecond);
        rates.bytes = or_of(rates.bytes, Limit::RoomBytesPerSecond);
        rates
    }
}

/// Returns an event as a `[[room.event]]` table begins, before any of its keys is read.
pub(super) fn event() -> EventRule {
    EventRule::relaying(EventName::Named(String::new()))
}

impl Word for JoinWord {}

impl Word for PushRule {}

fn join(room: &RoomConfig) -> JoinWord {
    (&room.rules.join).into()
}

/// Sets whether clients may join. A reason that was set before is kept.
fn set_join(room: &mut RoomConfig, word: JoinWord) {
    room.rules.join = match word {
        JoinWord::Allow => JoinRule::Allow,
        JoinWord::Deny => JoinRule::Deny(reason(room).unwrap_or_default()),
        JoinWord::Known => JoinRule::Known,
        JoinWord::Own => JoinRule::Own,
        JoinWord::Granted => JoinRule::Granted,
    };
}

/// Returns the reason of a deny. A deny without a reason has the empty reason, which no file can
/// set.
fn reason(room: &RoomConfig) -> Option<String> {
    match &room.rules.join {
        JoinRule::Deny(reason) if !reason.is_empty() => Some(reason.clone()),
        _ => None,
    }
}

/// Sets the reason of a deny. An allow has no reason, so the reason is dropped there; the checks
/// report it.
fn set_reason(room: &mut RoomConfig, reason: Option<String>) {
    if let JoinRule::Deny(own) = &mut room.rules.join {
        *own = reason.unwrap_or_default();
    }
}

/// Returns the times in a second. None for 0, which stands in a rate if the file sets only its
/// burst.
fn per_second(rate: Option<Rate>) -> Option<u32> {
    let per_second = rate.map(|rate| rate.per_second);
    per_second.filter(|per_second| *per_second > 0)
}

fn set_per_second(rate: &mut Option<Rate>, per_second: Option<u32>) {
    let burst = burst(*rate);
    let of = |per_second| Rate { per_second, burst };
    *rate = per_second.map(of);
}

fn burst(rate: Option<Rate>) -> Option<u32> {
    rate?.burst
}

fn set_burst(rate: &mut Option<Rate>, burst: Option<u32>) {
    let per_second = per_second(*rate).unwrap_or_default();
    *rate = Some(Rate { per_second, burst });
}

/// `rate!(Target, whole, "per_second key", "text", "burst key", field.of.target)`: the two settings
/// of a rate. `$text` says what counts and what a push over the rate gets.
macro_rules! rate {
    ($target:ty, $whole:expr, $key:expr, $text:expr, $example:expr, $burst_key:expr, $burst_example:expr, $($field:ident).+) => {
        [
            Setting::<$target>::number(
                $key, $whole, |c| per_second(c.$($field).+),
                |c, value| set_per_second(&mut c.$($field).+, value), $text,
            )
            .unset("any number", $example),
            Setting::<$target>::number(
                $burst_key, $whole, |c| burst(c.$($field).+),
                |c, value| set_burst(&mut c.$($field).+, value), "How many at once after a pause.",
            )
            .unset(concat!("`", $key, "`"), $burst_example),
        ]
    };
}

/// The settings of a `[[room]]`.
pub static ROOM: LazyLock<Vec<Setting<RoomConfig>>> = LazyLock::new(|| {
    vec![
        setting!(RoomConfig,
            "topic",
            "The topics of the room: one whole name, or `prefix*` for all that begin with `prefix`, the bare prefix included. The \
             first room that matches a topic is taken.",
            rules.topic
        ),
        Setting::new("join", join, set_join,
            "Which clients may join: all (`allow`), none (`deny`), those with a good token (`known`), the one whose subject is \
             the part of the topic behind the star (`own`), or those whose token grants `join` for the topic (`granted`). A \
             client without a good token is refused with the code `token_missing` or `token_expired`, others with `forbidden`."),
        Setting::new("reason", reason, set_reason, "What a refused client gets, as `{\"reason\": …}`. A deny needs one, an allow has none.")
        .unset("none", "\"unauthorized\""),
        number!(RoomConfig,
            "members_max",
            counts(1),
            "Members at once. A further join is refused with `{\"reason\": \"room full\"}`.",
            rules.members_max
        )
        .unset("any number", "1_000"),
    ]
    .into_iter()
    .chain(rate!(RoomConfig,
        counts(1),
        "messages_per_second",
        "Pushes per second by all members of a topic together, in the long run. A push over this rate is answered with \
         `too many messages in this room`, and is not relayed.",
        "100",
        "messages_burst",
        "200",
        rules.rates.messages
    ))
    .chain(rate!(RoomConfig,
        bytes(1),
        "bytes_per_second",
        "Bytes of payloads per second by all members of a topic together, in the long run. A push over this rate is \
         answered with `too many bytes in this room`, and is not relayed.",
        "131_072",
        "bytes_burst",
        "262_144",
        rules.rates.bytes
    ))
    .collect()
});

/// The settings of a `[[room.event]]`.
pub static EVENT: LazyLock<Vec<Setting<EventRule>>> = LazyLock::new(|| {
    vec![
        setting!(EventRule,
            "name",
            "The event that clients may push; `*` is any event. The first entry that matches is taken. An event that none \
             matches is answered with `unknown event`.",
            event),
        Setting::new("push", |rule: &EventRule| rule.push, |rule, push| rule.push = push,
            "Which members may push it: all (`members`), those whose token grants `push` or `push:NAME` for the topic \
             (`granted`), or none, so that it comes from the server's side alone (`nobody`). Others get the error `forbidden`."),
        setting!(EventRule,
            "relay",
            "What goes to the room. `\"all\"` is the payload, byte for byte; a list names the fields that go. A payload \
             without one of them is answered with `NAME needs an object with a FIELD`.",
            relay
        ),
        setting!(EventRule,"echo", "Whether the sender gets the event too.", echo),
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
    ]
    .into_iter()
    .chain(rate!(EventRule,
        counts(1),
        "messages_per_second",
        "Pushes per second by one member, in the long run. A push over this rate is answered with `too many messages`.",
        "10",
        "burst",
        "20",
        rate
    ))
    .collect()
});

/// The settings of a `[room.retention]`.
pub static RETENTION: LazyLock<Vec<Setting<RetentionConfig>>> = LazyLock::new(|| {
    vec![
        number!(
            RetentionConfig,
            "bytes_max",
            bytes(1),
            "Bytes of the room's log on a shard.",
            bytes_max
        )
        .unset("`limits.retention_bytes.max`", "262_144"),
        number!(
            RetentionConfig,
            "messages_max",
            counts(1),
            "Messages of the room's log on a shard.",
            messages_max
        )
        .unset("`limits.retention_messages.max`", "500"),
        number!(
            RetentionConfig,
            "time_ms_max",
            milliseconds(1),
            "Age of a message in the room's log, in milliseconds.",
            time_ms_max
        )
        .unset("`limits.retention_time_ms.max`", "10_000"),
    ]
});
