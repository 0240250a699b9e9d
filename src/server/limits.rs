//! The limits of a server, by name: what each bounds, whether it bites or only counts, and how near it is.

use std::sync::atomic::{AtomicU64, Ordering};

use super::draining::Drain;
use crate::broker::FanoutSettings;

/// The limits of a server beside those of each mount ([`crate::channel::SocketLimits`]) and of HTTP ([`HttpLimits`]).
#[derive(Clone, Copy, Debug)]
pub struct ServerLimits {
    /// What the fan-out keeps for readers that are behind.
    pub fanout: FanoutSettings,
    /// Longest time from the first byte of a message to its last, in milliseconds. Default 30,000. Then the connection
    /// is closed with 1008.
    pub partial_timeout_ms: u64,
    /// Bytes of incomplete messages that all connections of a shard may keep together. Default 64 MiB. The connection
    /// that goes beyond it is closed with 1008.
    pub partial_bytes_max: usize,
    /// Longest time for a closing handshake, in milliseconds. Default 5,000. Then the connection is cut, and its client
    /// may see 1006.
    pub closing_timeout_ms: u64,
    /// Bytes that a shard may have before it, in its mailbox and in logs that its writable members have not been
    /// offered yet. Default 32 MiB. Whoever publishes beyond it is not read from until half of that is done.
    pub lag_bytes_max: usize,
    /// Longest time that a publisher is not read from for that, in milliseconds. Default 10,000. Then it is closed with
    /// 1013.
    pub pause_timeout_ms: u64,
    /// Longest time for what a callback waits for (`Join::later`, `Handled::later`), in milliseconds. Default 30,000.
    /// Then a join is refused with "join timed out", and a channel that waited for another event crashes.
    pub callback_timeout_ms: u64,
    /// How it ends once it is asked to.
    pub drain: Drain,
    /// Unsent bytes that the kernel takes for one socket (`TCP_NOTSENT_LOWAT`). Default 128 KiB, so that it does not
    /// hoard megabytes for each reader that has stopped.
    pub notsent_bytes_max: u32,
    /// Who may come, and how fast.
    pub admission: Admission,
    /// What one connection may send in a second.
    pub rates: Rates,
    /// The limits that only count for now ([`Limit`]).
    pub observe: LimitSet,
}

impl Default for ServerLimits {
    fn default() -> ServerLimits {
        ServerLimits {
            fanout: FanoutSettings::default(),
            partial_timeout_ms: 30_000,
            partial_bytes_max: 64 << 20,
            closing_timeout_ms: 5_000,
            lag_bytes_max: 32 << 20,
            pause_timeout_ms: 10_000,
            callback_timeout_ms: 30_000,
            drain: Drain::default(),
            notsent_bytes_max: 128 << 10,
            admission: Admission::default(),
            rates: Rates::default(),
            observe: LimitSet::default(),
        }
    }
}

/// Who may come, and how fast. What is too much waits in the kernel's backlog or for its answer, as a quick refusal would
/// only bring the client back at once (phoenix.js tries again within 10 ms).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admission {
    /// Connections in all, in HTTP or as WebSockets. Default 250,000. For a further one, that in HTTP is cut which has waited
    /// longest without having sent a whole request head; where there is none, it is not accepted until another has gone.
    pub connections_max: usize,
    /// Connections from one address (of IPv6 the first 64 bits), those of loopback not counted. Default 10,000. The next
    /// gets 429 a second after it came, and is closed then if it has not asked for anything.
    pub connections_per_address_max: usize,
    /// Connections that are in HTTP still, each shard its part of them. Default 4,096. For each further one, that which has
    /// waited longest without having sent a whole request head is cut.
    pub upgrades_in_flight_max: usize,
    /// Connections accepted in a second, in the long run. Default 5,000; the others wait in the backlog.
    pub accepts_per_second: u32,
    /// Connections accepted at once after a pause. Default 1,000.
    pub accepts_burst: u32,
    /// Joins answered in a second by all shards, in the long run. Default 20,000; the others wait, in order.
    pub joins_per_second: u32,
    /// Joins answered at once after a pause. Default 2,000.
    pub joins_burst: u32,
    /// Longest wait of a join for that, in milliseconds. Default 8,000, as phoenix.js gives up after 10,000. Who would wait
    /// longer is refused with "too many joins" at the end of that time.
    pub join_wait_ms_max: u64,
}

impl Default for Admission {
    fn default() -> Admission {
        Admission {
            connections_max: 250_000,
            connections_per_address_max: 10_000,
            upgrades_in_flight_max: 4_096,
            accepts_per_second: 5_000,
            accepts_burst: 1_000,
            joins_per_second: 20_000,
            joins_burst: 2_000,
            join_wait_ms_max: 8_000,
        }
    }
}

/// What one connection may send: token buckets. Who is over is read later; who stays over is closed with 1008.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// Messages in a second, in the long run. Default 1,000.
    pub messages_per_second: u32,
    /// Messages at once after a pause. Default 2,000.
    pub messages_burst: u32,
    /// Bytes in a second, in the long run. Default 1 MiB.
    pub bytes_per_second: u32,
    /// Bytes at once after a pause. Default 4 MiB.
    pub bytes_burst: u32,
    /// How long a client may be over without a moment in which it was not, in milliseconds. Default 10,000.
    pub over_rate_ms_max: u64,
}

impl Default for Rates {
    fn default() -> Rates {
        Rates {
            messages_per_second: 1_000,
            messages_burst: 2_000,
            bytes_per_second: 1 << 20,
            bytes_burst: 4 << 20,
            over_rate_ms_max: 10_000,
        }
    }
}

macro_rules! limits {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// A limit by name, as the configuration and the metrics have it. Each either *bites* (the default) or, named in
        /// [`ServerLimits::observe`], only counts how often it would have. One that [protects
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

const LIMITS: usize = Limit::ALL.len();

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

/// What is known of each limit of a running server: how often it bit or would have, and how near it was. One for all
/// shards; nothing in it is written per delivery.
#[derive(Debug, Default)]
pub struct LimitMeters {
    bitten: [AtomicU64; LIMITS],
    observed: [AtomicU64; LIMITS],
    /// In thousandths of the limit: the highest of the present window of time and of the one before.
    nearest: [[AtomicU64; 2]; LIMITS],
}

impl LimitMeters {
    /// `used` of `max` is in use. True if that is too much, and the limit bites.
    pub fn judge(&self, observe: LimitSet, limit: Limit, used: u64, max: u64) -> bool {
        self.note(limit, used, max);
        if used <= max {
            return false;
        }
        let bites = used > observe.bites_above(limit, max);
        self.count(limit, bites);
        bites
    }

    /// It was exceeded, as the caller knows. True if it bites, false if it only counts.
    pub fn exceeded(&self, observe: LimitSet, limit: Limit) -> bool {
        let bites = !observe.contains(limit);
        self.count(limit, bites);
        bites
    }

    fn count(&self, limit: Limit, bites: bool) {
        let counts = if bites { &self.bitten } else { &self.observed };
        counts[limit as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// `used` of `max` is in use. Costs a load, and a store when it was never that near in this window.
    pub fn note(&self, limit: Limit, used: u64, max: u64) {
        let permille = used.saturating_mul(1000) / max.max(1);
        let nearest = &self.nearest[limit as usize][0];
        if nearest.load(Ordering::Relaxed) < permille {
            nearest.fetch_max(permille, Ordering::Relaxed);
        }
    }

    /// Begins a new window. To be called every 30 seconds or so, by one thread.
    pub fn next_window(&self) {
        for [now, before] in &self.nearest {
            before.store(now.swap(0, Ordering::Relaxed), Ordering::Relaxed);
        }
    }

    /// How often it bit.
    pub fn bitten(&self, limit: Limit) -> u64 {
        self.bitten[limit as usize].load(Ordering::Relaxed)
    }

    /// How often it would have.
    pub fn observed(&self, limit: Limit) -> u64 {
        self.observed[limit as usize].load(Ordering::Relaxed)
    }

    /// How near it was in this window of time and the one before, as a part of 1; over 1 where it only counts.
    pub fn nearest(&self, limit: Limit) -> f64 {
        let [now, before] = &self.nearest[limit as usize];
        let permille = now
            .load(Ordering::Relaxed)
            .max(before.load(Ordering::Relaxed));
        permille as f64 / 1000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_bites_above_its_value_and_one_that_is_observed_only_counts() {
        let meters = LimitMeters::default();
        let observe = LimitSet::default().with(Limit::MessageBytes);
        assert!(!meters.judge(observe, Limit::Connections, 10, 10));
        assert!(meters.judge(observe, Limit::Connections, 11, 10));
        assert!(!meters.judge(observe, Limit::MessageBytes, 30, 20));
        assert_eq!(
            (
                meters.bitten(Limit::Connections),
                meters.observed(Limit::Connections)
            ),
            (1, 0)
        );
        assert_eq!(
            (
                meters.bitten(Limit::MessageBytes),
                meters.observed(Limit::MessageBytes)
            ),
            (0, 1)
        );
        assert_eq!(meters.nearest(Limit::MessageBytes), 1.5);
    }

    #[test]
    fn an_observed_limit_bites_at_16_times_its_value_if_it_protects_memory_and_else_never() {
        let meters = LimitMeters::default();
        let observe = LimitSet::default()
            .with(Limit::MessageBytes)
            .with(Limit::JoinsPerSecond);
        assert!(!meters.judge(observe, Limit::MessageBytes, 320, 20));
        assert!(meters.judge(observe, Limit::MessageBytes, 321, 20));
        assert!(!meters.judge(observe, Limit::JoinsPerSecond, u64::MAX / 2000, 20));
        let (bitten, observed) = (
            meters.bitten(Limit::MessageBytes),
            meters.observed(Limit::MessageBytes),
        );
        assert_eq!((bitten, observed), (1, 1));
    }

    #[test]
    fn how_near_a_limit_was_is_forgotten_after_two_windows() {
        let meters = LimitMeters::default();
        meters.note(Limit::Connections, 5, 10);
        meters.next_window();
        assert_eq!(meters.nearest(Limit::Connections), 0.5);
        meters.next_window();
        assert_eq!(meters.nearest(Limit::Connections), 0.0);
    }
}
