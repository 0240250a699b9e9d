//! A `[[room]]` as data, and the settings of its tables.

use std::sync::LazyLock;

use super::form::{Form, Word, quoted};
use super::lists::{each, list};
use super::number::bytes;
use super::number::counts;
use super::number::milliseconds;
use super::raw::Raw;
use super::setting::{Setting, number, setting};
use super::unfit::Unfit;

/// A room without code: who may join which topics, and what they may say there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoomConfig {
    /// A topic, or all that begin alike: `prefix*`.
    pub topic: String,
    /// Whether clients may join.
    pub join: JoinRule,
    /// What a client is told that may not.
    pub reason: Option<String>,
    /// Members it may have at once; None: any number.
    pub members_max: Option<u32>,
    /// What clients may push; the first whose name matches is taken.
    pub events: Vec<EventConfig>,
    /// What is kept of it for readers that are behind.
    pub retention: RetentionConfig,
}

/// Whether clients may join.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum JoinRule {
    /// Everybody may.
    #[default]
    Allow,
    /// Nobody may.
    Deny,
}

/// An event that clients may push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventConfig {
    /// Its name; `*` is any.
    pub name: String,
    /// What of it goes to the room.
    pub relay: Relay,
    /// Whether its sender gets it too.
    pub echo: bool,
    /// Whether each push is answered with ok.
    pub acknowledge: bool,
    /// Largest payload, in bytes; None: what a message may have.
    pub bytes_max: Option<usize>,
    /// Most of them in a second from one member, in the long run; None: any number.
    pub messages_per_second: Option<u32>,
    /// Most of them at once after a pause; None: as many as in a second.
    pub burst: Option<u32>,
}

/// What of a push goes to the room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Relay {
    /// The payload, byte for byte.
    All,
    /// These fields of it alone, all of which it must have.
    Fields(Vec<String>),
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

impl Default for EventConfig {
    fn default() -> EventConfig {
        EventConfig {
            name: String::new(),
            relay: Relay::All,
            echo: true,
            acknowledge: false,
            bytes_max: None,
            messages_per_second: None,
            burst: None,
        }
    }
}

impl Word for JoinRule {}

impl Form for Relay {
    fn expected() -> String {
        "\"all\" or a list of fields, as in [\"body\"]".to_owned()
    }

    fn read(raw: Raw<'_>) -> Result<Relay, Unfit> {
        if raw.text() == Some("all") {
            return Ok(Relay::All);
        }
        let fields = each(raw, |field| Ok(field.to_owned()))?;
        let twice = (1..fields.len()).filter(|at| fields[..*at].contains(&fields[*at]));
        let twice: Vec<_> = twice
            .map(|at| format!("{:?} stands twice", fields[at]))
            .collect();
        match twice.is_empty() {
            true if fields.is_empty() => Err(Unfit::Form),
            true => Ok(Relay::Fields(fields)),
            false => Err(Unfit::Each(twice)),
        }
    }

    fn show(&self) -> Option<String> {
        Some(match self {
            Relay::All => quoted("all"),
            Relay::Fields(fields) => list(fields.iter()),
        })
    }
}

/// The settings of a `[[room]]`.
pub static ROOM: LazyLock<Vec<Setting<RoomConfig>>> = LazyLock::new(|| {
    vec![
        setting!(RoomConfig,
            "topic",
            "Which topics: one by its whole name, or `prefix*` for all that begin with `prefix`, the bare prefix included. \
             The first room whose topic matches is taken.",
            topic
        ),
        setting!(RoomConfig,"join", "Whether clients may join.", join),
        setting!(RoomConfig,
            "reason",
            "What a refused client is told, as `{\"reason\": …}`. A deny needs one, an allow has none.",
            reason
        )
        .unset("none", "\"unauthorized\""),
        number!(RoomConfig,
            "members_max",
            counts(1),
            "Members at once. One too many is refused with `{\"reason\": \"room full\"}`.",
            members_max
        )
        .unset("any number", "1_000"),
    ]
});

/// The settings of a `[[room.event]]`.
pub static EVENT: LazyLock<Vec<Setting<EventConfig>>> = LazyLock::new(|| {
    vec![
        setting!(EventConfig,
            "name",
            "The event that clients may push; `*` is any. The first that matches is taken; what no entry names is answered \
             with `unknown event`.",
            name
        ),
        setting!(EventConfig,
            "relay",
            "What goes to the room: `\"all\"`, the payload byte for byte, or a list of the fields that do. A payload without \
             one of these is answered with `NAME needs an object with a FIELD`.",
            relay
        ),
        setting!(EventConfig,"echo", "Whether the sender gets it too.", echo),
        setting!(EventConfig,
            "acknowledge",
            "Whether each push is answered with `ok`.",
            acknowledge
        ),
        number!(EventConfig,
            "bytes_max",
            bytes(1),
            "Bytes of the payload. A larger one is answered with `payload too large`.",
            bytes_max
        )
        .unset("`limits.message_bytes.max`", "2_000"),
        number!(EventConfig,
            "messages_per_second",
            counts(1),
            "Pushes in a second by one member, in the long run. One over it is answered with `too many messages`.",
            messages_per_second
        )
        .unset("any number", "10"),
        number!(EventConfig,
            "burst",
            counts(1),
            "Pushes at once after a pause.",
            burst
        )
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
