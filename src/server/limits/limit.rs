//! The limits: one row for each, the only place with its name, numbers and text.
//!
//! A row has a limit's name in configuration and metrics and its meaning. It has the unit, least
//! value and default of each of the limit's numbers. It says what a client sees, and whether the
//! limit protects memory.
//!
//! The enum, the values of a server, of its mounts and of the fan-out, the settings with their
//! text, the tables of the documentation and the metrics are made from the rows. So a new limit
//! needs one row here and the code that enforces it. A test fails if no code does. A limit of a
//! mount also has its value and its setter in `UserSocket`. One of the fan-out also has its bound,
//! its high water and its failure in `broker/fanout`.

use super::row::{FanoutLimit, Key, LimitNumber, MOST, Owner, Row, bytes, counts, milliseconds};
use crate::broker::{Failure, FanoutSettings};
use crate::channel::{CHANNELS_MAX, MESSAGE_BYTES_LEAST, SocketLimits};
use crate::websocket::Overrun;

/// Makes [`Limit`] and `ROWS` from lines `Variant = "name", "What it bounds.", row;`, in the order
/// in which a client meets the limits.
macro_rules! limits {
    ($($Variant:ident = $name:literal, $text:literal, $row:expr;)*) => {
        /// A limit by name, as the configuration and the metrics have it.
        ///
        /// Each limit *bites* by default: what is over it has the stated outcome. An
        /// [observed](super::values::ServerLimits::observe) limit only counts how often it would
        /// have bitten. If it [protects memory](Limit::protects_memory), it bites all the same, at
        /// 16 times its value.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        #[non_exhaustive]
        pub enum Limit {
            $(#[doc = concat!("`", $name, "`: ", $text)] $Variant,)*
        }

        impl Limit {
            /// All limits, in the order in which a client meets them.
            pub const ALL: &[Limit] = &[$(Limit::$Variant),*];
        }

        static ROWS: [Row; Limit::ALL.len()] = [$($row.named($name, $text)),*];
    };
}

limits! {
    Connections = "connections", "Connections in all, in HTTP or as WebSockets.",
        counts(1, 250_000).reached(
            "a further connection takes the place of the one that has waited longest for its request; if none \
             waits, it stays in the kernel's backlog until another has gone",
        );
    ConnectionsPerAddress = "connections_per_address",
        "Connections from one address (for IPv6, from its first 64 bits). Loopback does not count.",
        counts(1, 10_000).reached(
            "a second after it came, a further connection of that address gets 429 with `retry-after`; if it \
             has sent no request by then, it is closed",
        );
    UpgradesInFlight = "upgrades_in_flight", "Connections that still speak HTTP.",
        counts(1, 4_096).protects_memory().reached(
            "further connections are accepted and wait; meanwhile connections that have sent no whole request \
             head for 1 s or more are cut, the oldest first",
        );
    AcceptsPerSecond = "accepts_per_second", "Connections let in per second, in the long run.",
        counts(1, 50_000)
            .and(Key::Burst, counts(1, 10_000), "Let in at once after a pause.")
            .reached(
                "further connections are let in later, and addresses take turns; beyond 16,384 they wait \
                 in the kernel's backlog",
            );
    HeadTime = "head_time_ms", "Time for a whole request head, from the accept; after an earlier answer, from the head's first byte.",
        milliseconds(1, 10_000).reached("the connection is closed without an answer");
    // 8,192 is hyper's own lower bound.
    HeadBytes = "head_bytes",
        "A request head. Up to twice as much may pass, which depends on how it arrives.",
        bytes(8_192, 64 << 10)
            .protects_memory()
            .reached("431, or 414 if the head fits and its URL has over 65,534 bytes");
    HeadLines = "head_lines", "Header lines of a request.",
        // At each request hyper makes room for as many, some 50 bytes each.
        counts(1, 100).up_to(1_000).protects_memory().reached("431");
    TokenChecks = "token_checks",
        "Tokens with a signature of a private key that wait for their check, and whatever else waits for a \
         background thread.",
        counts(1, 8_192).protects_memory().reached(
            "the token is refused at once with `keys_unavailable`: 503 to a connect, an error reply to a join",
        );
    JoinsPerSecond = "joins_per_second", "Joins answered per second, in the long run.",
        counts(1, 50_000)
            .and(Key::Burst, counts(1, 10_000), "Answered at once after a pause.")
            .and(
                Key::WaitMs,
                milliseconds(0, 8_000).up_to(9_000),
                "How long a join may wait for its answer, in milliseconds, at most 9,000; phoenix.js \
                 gives up after 10,000.",
            )
            .reached(
                "the join is answered later; addresses and connections take turns, and one that has \
                 waited too long is refused with `too many joins`",
            );
    RefusedJoinsPerSecond = "refused_joins_per_second",
        "Refused joins of one connection per second, in the long run.",
        counts(1, 5)
            .and(Key::Burst, counts(1, 100), "Refused at once after a pause.")
            .reached(
                "further joins of that connection are answered later; one that would wait longer than \
                 `joins_per_second.wait_ms` is refused with `too many joins`",
            );
    ChannelsPerConnection = "channels_per_connection", "Topics joined at once on one connection.",
        counts(1, CHANNELS_MAX as u64)
            .protects_memory()
            .of_mount("channels_max", |socket, max| socket.channels_max(max as usize))
            .reached("the join is refused with `too many channels joined`");
    MessageBytes = "message_bytes",
        "A message, in one frame or many. At least 100, which a heartbeat may take.",
        bytes(MESSAGE_BYTES_LEAST as u64, SocketLimits::DEFAULT.message_bytes_max as u64)
            .protects_memory()
            .of_mount("message_bytes_max", |socket, max| socket.message_bytes_max(max as usize))
            .reached("Close 1009 (`message_too_big`), after `timeouts.fault_delay_ms`");
    MessagesPerSecond = "messages_per_second",
        "Messages of one connection per second, in the long run.",
        counts(1, 1_000)
            .and(Key::Burst, counts(1, 2_000), "At once after a pause.")
            .and(
                Key::OverMs,
                milliseconds(1, 10_000).because("0 would close a client for one moment over its rate"),
                "How long a client may be over this rate, or over `bytes_per_second`, without a pause, in \
                 milliseconds.",
            )
            .reached(RATE_REACHED);
    BytesPerSecond = "bytes_per_second", "Bytes of one connection per second, in the long run.",
        bytes(1, 1 << 20)
            .and(Key::Burst, bytes(1, 4 << 20), "At once after a pause.")
            .reached(RATE_REACHED);
    RoomMessagesPerSecond = "room_messages_per_second",
        "Messages per second of all members of a room together, in rooms that set no `messages_per_second`; \
         as many at once. The default is no bound.",
        counts(1, MOST)
            .of_room("RoomRules::rates")
            .reached("the push is answered with `too many messages in this room`, and is not relayed");
    RoomBytesPerSecond = "room_bytes_per_second",
        "Bytes of payloads per second of all members of a room together, in rooms that set no \
         `bytes_per_second`; as many at once. The default is no bound.",
        bytes(1, MOST)
            .of_room("RoomRules::rates")
            .reached("the push is answered with `too many bytes in this room`, and is not relayed");
    PartialTime = "partial_time_ms", "Time from the first byte of a message to its last, unless the rest waits here, unread.",
        milliseconds(1, 30_000).reached("Close 1008 (`partial_timeout`)");
    PartialBytes = "partial_bytes", "Incomplete messages of all connections of a shard together.",
        bytes(1, 64 << 20)
            .protects_memory()
            .reached(
                "Close 1008 (`partial_timeout`) to the connections that keep most of these bytes, of the \
                 address that keeps most",
            );
    WaitingBytes = "waiting_bytes",
        "Joins that wait, and messages that wait behind a join or a callback, of all connections of a \
         shard together.",
        bytes(1, 64 << 20).protects_memory().reached(
            "error reply `too many messages waiting` to a connection with over 4,096 of these bytes, if its \
             address has over seven times the bytes that are free",
        );
    IdleTime = "idle_time_ms", "How long a client may send nothing; phoenix.js sends a heartbeat every 30 s.",
        milliseconds(1, SocketLimits::DEFAULT.idle_timeout_ms)
            .of_mount("idle_timeout_ms", |socket, max| socket.idle_timeout_ms(max))
            .reached("Close 1001 (`idle_timeout`)");
    LagBytes = "lag_bytes",
        "Bytes of broadcasts that a shard has still to write to members that can take them.",
        bytes(1, 32 << 20)
            .and(
                Key::WaitMs,
                milliseconds(1, 10_000).because("0 would close a publisher for one moment of lag"),
                "How long a publisher may wait for this limit, in milliseconds; meanwhile it is not read.",
            )
            .protects_memory()
            .reached(
                "a room that has over three times the bytes that are free has its publishers read later; \
                 Close 1013 (`overloaded`) to one that waits longer than `wait_ms`",
            );
    OutboxBytes = "outbox_bytes",
        "Answers and pushes that wait for one connection whose client reads nothing.",
        bytes(1, FanoutSettings::DEFAULT.outbox_bytes_max as u64)
            .of_fanout(FanoutLimit {
                set: |settings, max| settings.outbox_bytes_max = max as usize,
                highest: |high| high.outbox_bytes,
                gives_up: |failure| matches!(failure, Failure::OutboxFull),
                overrun: Overrun::Outbox,
            })
            .reached("Close 1013 (`slow_consumer`, `outbox`)");
    RetentionBytes = "retention_bytes",
        "A topic's log on a shard, kept for readers that are behind.",
        bytes(1, FanoutSettings::DEFAULT.retention_bytes_max as u64)
            .of_fanout(FanoutLimit {
                set: |settings, max| settings.retention_bytes_max = max as usize,
                highest: |high| high.log_bytes,
                gives_up: |failure| matches!(failure, Failure::LogTooLarge),
                overrun: Overrun::TopicLog,
            })
            .reached(LOG_REACHED);
    RetentionMessages = "retention_messages", "Messages of a topic's log on a shard.",
        counts(1, FanoutSettings::DEFAULT.retention_entries_max as u64)
            .of_fanout(FanoutLimit {
                set: |settings, max| settings.retention_entries_max = max as usize,
                highest: |high| high.log_entries,
                gives_up: |failure| matches!(failure, Failure::LogTooLong),
                overrun: Overrun::TopicLog,
            })
            .reached(LOG_REACHED);
    RetentionTime = "retention_time_ms", "Age of a message in a topic's log on a shard.",
        milliseconds(1, FanoutSettings::DEFAULT.retention_ms_max)
            .of_fanout(FanoutLimit {
                set: |settings, max| settings.retention_ms_max = max,
                highest: |high| high.log_age_ms,
                gives_up: |failure| matches!(failure, Failure::Outdated),
                overrun: Overrun::Age,
            })
            .reached("Close 1013 (`slow_consumer`, `age`) to a client that does not read and falls off the log's end");
    RetentionTotalBytes = "retention_total_bytes",
        "All logs of a shard, kept for readers that are behind.",
        bytes(1, FanoutSettings::DEFAULT.retention_total_bytes_max as u64)
            .of_fanout(FanoutLimit {
                set: |settings, max| settings.retention_total_bytes_max = max as usize,
                highest: |high| high.retained_bytes,
                gives_up: |failure| matches!(failure, Failure::CrowdedOut),
                overrun: Overrun::AllLogs,
            })
            .reached(
                "Close 1013 (`slow_consumer`, `all_logs`) to clients of the heaviest log that do not read",
            );
    CallbackTime = "callback_time_ms", "How long an app's callback may wait for its future.",
        milliseconds(1, 30_000).reached(
            "a join is refused with `join timed out`; after another event the channel ends with `phx_error`",
        );
}

const RATE_REACHED: &str = "the client is read later; Close 1008 (`rate_exceeded`) if it is over its rate for \
                            longer than `messages_per_second.over_ms` without a pause";

const LOG_REACHED: &str = "Close 1013 (`slow_consumer`, `topic_log`) to a client that does not read and falls off the log's end";

impl Limit {
    /// Returns the limit's name in configuration and metrics.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// True if the limit bounds memory that clients could fill. If it is only observed, such a
    /// limit bites at 16 times its value, so that trying it out costs no outage.
    pub fn protects_memory(self) -> bool {
        self.row().protects_memory
    }

    /// Returns what a client sees when the limit is reached, in a sentence without a full stop.
    pub fn outcome(self) -> &'static str {
        self.row().outcome
    }

    /// Returns the limit's numbers: first its value, then the others, such as a burst.
    #[cfg(any(feature = "program", test))]
    pub(crate) fn numbers(self) -> impl Iterator<Item = LimitNumber> {
        self.row().numbers.iter().copied().flatten()
    }

    /// Returns the part of the server that has the value and enforces it.
    pub(crate) fn owner(self) -> &'static Owner {
        &self.row().owner
    }

    /// Returns one number of the limit. `None` if the limit has no such number.
    pub(super) fn number(self, key: Key) -> Option<LimitNumber> {
        self.row().numbers[key as usize]
    }

    fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }
}

/// The numbers of all limits: for each [`Key`] one number per limit, in the order of the limits.
pub(super) type Values = [[u64; Limit::ALL.len()]; Key::COUNT];

/// The default numbers, from the rows; 0 where a limit has no such number.
pub(super) const DEFAULTS: Values = {
    let mut values = [[0; Limit::ALL.len()]; Key::COUNT];
    let mut key = 0;
    while key < Key::COUNT {
        let mut limit = 0;
        while limit < Limit::ALL.len() {
            if let Some(number) = &ROWS[limit].numbers[key] {
                values[key][limit] = number.default;
            }
            limit += 1;
        }
        key += 1;
    }
    values
};

/// Factor on the value of a limit that protects memory, at which the limit bites if it is only
/// observed.
const OBSERVED_FACTOR: u64 = 16;

/// A set of limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LimitSet(u32);

impl LimitSet {
    /// Returns the set with `limit` added.
    #[must_use]
    pub fn with(self, limit: Limit) -> LimitSet {
        LimitSet(self.0 | 1 << limit as u8)
    }

    /// Returns the set without `limit`.
    #[must_use]
    pub fn without(self, limit: Limit) -> LimitSet {
        LimitSet(self.0 & !(1 << limit as u8))
    }

    /// True if the set contains `limit`.
    pub fn contains(self, limit: Limit) -> bool {
        self.0 & 1 << limit as u8 != 0
    }

    /// Returns the value above which `limit` bites, if its own value is `max` and the limits of
    /// this set are only observed. An observed limit bites above 16 times its value if it protects
    /// memory, otherwise never.
    pub fn bites_above(self, limit: Limit, max: u64) -> u64 {
        match self.contains(limit) {
            false => max,
            true if limit.protects_memory() => max.saturating_mul(OBSERVED_FACTOR),
            true => u64::MAX,
        }
    }
}

impl FromIterator<Limit> for LimitSet {
    fn from_iter<I: IntoIterator<Item = Limit>>(limits: I) -> LimitSet {
        limits.into_iter().fold(LimitSet::default(), LimitSet::with)
    }
}

/// A set has a bit for each limit.
const _: () = assert!(Limit::ALL.len() <= u32::BITS as usize);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_is_whole_and_its_name_is_its_own() {
        let mut names: Vec<_> = Limit::ALL.iter().map(|limit| limit.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Limit::ALL.len());
        for &limit in Limit::ALL {
            let name = limit.name();
            assert!(limit.number(Key::Max).is_some(), "{name}");
            assert!(!limit.outcome().is_empty(), "{name}");
            for number in limit.numbers() {
                assert!(number.text.ends_with('.'), "{name}: {}", number.text);
                let range = number.least..=number.most;
                assert!(range.contains(&number.default), "{name}");
            }
        }
    }
}
