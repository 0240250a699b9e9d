//! The limits by name, and whether each bites or only counts.

macro_rules! limits {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// A limit by name, as the configuration and the metrics have it. Each either *bites* (the default) or, named in
        /// [`ServerLimits::observe`](super::values::ServerLimits::observe), only counts how often it would have. One that [protects
        /// memory](Limit::protects_memory) bites in that case as well, at 16 times its value.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Limit { $($(#[$doc])* $variant,)* }

        impl Limit {
            /// All there are, in the order in which a client meets them.
            pub const ALL: &[Limit] = &[$(Limit::$variant),*];

            /// Its name in configuration and metrics.
            pub fn name(self) -> &'static str {
                match self { $(Limit::$variant => $name,)* }
            }
        }
    };
}

limits! {
    /// Connections in all.
    Connections = "connections",
    /// Connections from one address.
    ConnectionsPerAddress = "connections_per_address",
    /// Connections in HTTP still.
    UpgradesInFlight = "upgrades_in_flight",
    /// Connections accepted in a second.
    AcceptsPerSecond = "accepts_per_second",
    /// Time for a request head.
    HeadTime = "head_time_ms",
    /// Bytes of a request head.
    HeadBytes = "head_bytes",
    /// Header lines of a request.
    HeadLines = "head_lines",
    /// Joins in a second.
    JoinsPerSecond = "joins_per_second",
    /// Topics joined on one connection.
    ChannelsPerConnection = "channels_per_connection",
    /// Bytes of a message.
    MessageBytes = "message_bytes",
    /// Messages in a second on one connection.
    MessagesPerSecond = "messages_per_second",
    /// Bytes in a second on one connection.
    BytesPerSecond = "bytes_per_second",
    /// Time of an incomplete message.
    PartialTime = "partial_time_ms",
    /// Bytes of incomplete messages on a shard.
    PartialBytes = "partial_bytes",
    /// Silence of a client.
    IdleTime = "idle_time_ms",
    /// Bytes a shard has before it.
    LagBytes = "lag_bytes",
    /// Bytes of answers that wait for a client whose socket takes nothing.
    OutboxBytes = "outbox_bytes",
    /// Bytes of a topic's log on a shard.
    RetentionBytes = "retention_bytes",
    /// Messages of a topic's log on a shard.
    RetentionMessages = "retention_messages",
    /// Age of a topic's log.
    RetentionTime = "retention_time_ms",
    /// Bytes of all logs of a shard.
    RetentionTotalBytes = "retention_total_bytes",
    /// Time of what a callback waits for.
    CallbackTime = "callback_time_ms",
}

/// What is observed only, and protects memory, bites at so many times its value.
const OBSERVED_FACTOR: u64 = 16;

/// A set of limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LimitSet(u32);

impl LimitSet {
    /// With `limit` in it as well.
    #[must_use]
    pub fn with(self, limit: Limit) -> LimitSet {
        LimitSet(self.0 | 1 << limit as u8)
    }

    /// Whether `limit` is in it.
    pub fn contains(self, limit: Limit) -> bool {
        self.0 & 1 << limit as u8 != 0
    }

    /// Above which value `limit` bites if these are observed and `max` is its value: `max`, or 16 times that where it
    /// protects memory and is observed, or never.
    pub fn bites_above(self, limit: Limit, max: u64) -> u64 {
        match self.contains(limit) {
            false => max,
            true if limit.protects_memory() => max.saturating_mul(OBSERVED_FACTOR),
            true => u64::MAX,
        }
    }
}
