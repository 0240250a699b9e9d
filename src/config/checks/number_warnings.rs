//! The numbers that take effect and hurt where they are too small, each with its reason.

use crate::config::tree::Config;
use crate::server::{Key, Limit};

/// The interval of phoenix.js's heartbeat, and of other Phoenix clients'.
const HEARTBEAT_MS: u64 = 30_000;

/// How long load balancers keep a connection without a request: 60 s in AWS's, 75 s in nginx.
const LOAD_BALANCER_MS: u64 = 75_000;

/// A slow mobile network takes some seconds to bring back a packet that was lost.
pub(super) const NETWORK_MS: u64 = 1_000;

/// A client is not read while its unread answers are more than 64 KiB, and one read can add to
/// them.
const ANSWERS_BYTES: u64 = 128 << 10;

/// More than a publisher sends while a reader's network brings back a packet.
pub(super) const FEW_MESSAGES: u64 = 16;

/// A join with a token takes some hundred bytes.
const JOIN_BYTES: u64 = 1 << 10;

/// Browsers open up to 6 connections for a page, and one for its socket.
const BROWSER_CONNECTIONS: u64 = 8;

/// Browsers send some 20 header lines, and proxies add to them.
const HEADER_LINES: u64 = 32;

/// Why a short retention hurts.
pub(super) const STANDS_STILL: &str =
    "clients are closed for a moment in which their network stands still";

/// A number that hurts where it is too small.
pub(super) struct SmallNumber {
    of: Of,
    least: fn(&Config) -> u64,
    /// The settings that `least` depends on.
    pub with: &'static [&'static str],
    /// What happens to clients.
    pub why: &'static str,
}

/// The setting that has the number.
enum Of {
    Limit(Limit, Key),
    Time(&'static str, fn(&Config) -> u64),
}

impl SmallNumber {
    /// Returns the path of the setting.
    pub fn path(&self) -> String {
        match &self.of {
            Of::Limit(limit, key) => format!("limits.{}.{}", limit.name(), key.name()),
            Of::Time(path, _) => (*path).to_owned(),
        }
    }

    /// Returns the least number that does not hurt.
    pub fn least(&self, config: &Config) -> u64 {
        (self.least)(config)
    }

    /// True if the number hurts. One of a limit that is only observed hurts nobody, or at 16 times
    /// its value.
    pub fn hurts(&self, config: &Config) -> bool {
        let value = match self.of {
            Of::Limit(limit, _) => {
                let observe = config.limits.observe;
                observe.bites_above(limit, self.value(config))
            }
            Of::Time(..) => self.value(config),
        };
        value < self.least(config)
    }

    /// Returns the number with its unit, as in `20000 ms`.
    pub fn shown(&self, config: &Config) -> String {
        let unit = match self.of {
            Of::Time(..) => "milliseconds",
            Of::Limit(limit, key) => {
                let number = limit.numbers().find(|number| number.key == key);
                number.map_or("", |number| number.unit)
            }
        };
        let value = self.value(config);
        match unit {
            "milliseconds" => format!("{value} ms"),
            "" => value.to_string(),
            unit => format!("{value} {unit}"),
        }
    }

    fn value(&self, config: &Config) -> u64 {
        match self.of {
            Of::Limit(limit, key) => config.limits.number(limit, key),
            Of::Time(_, value) => value(config),
        }
    }

    const fn with(mut self, with: &'static [&'static str]) -> SmallNumber {
        self.with = with;
        self
    }
}

const fn limit(
    limit: Limit,
    key: Key,
    least: fn(&Config) -> u64,
    why: &'static str,
) -> SmallNumber {
    SmallNumber {
        of: Of::Limit(limit, key),
        least,
        with: &[],
        why,
    }
}

const fn time(
    path: &'static str,
    value: fn(&Config) -> u64,
    least: fn(&Config) -> u64,
    why: &'static str,
) -> SmallNumber {
    SmallNumber {
        of: Of::Time(path, value),
        least,
        with: &[],
        why,
    }
}

/// All of them: the limits in their order, then the other times.
pub(super) static SMALL_NUMBERS: [SmallNumber; 21] = [
    limit(
        Limit::ConnectionsPerAddress,
        Key::Max,
        |_| BROWSER_CONNECTIONS,
        "a browser opens up to 6 connections for a page, and one for its socket: some get 429",
    ),
    limit(
        Limit::HeadTime,
        Key::Max,
        |_| NETWORK_MS,
        "a request is cut where its network loses one packet",
    ),
    limit(
        Limit::HeadLines,
        Key::Max,
        |_| HEADER_LINES,
        "browsers send some 20 header lines and proxies add to them: clients get 431",
    ),
    limit(
        Limit::JoinsPerSecond,
        Key::WaitMs,
        |_| NETWORK_MS,
        "joins are refused for a moment in which many come, and phoenix.js waits 10000 ms for an answer",
    ),
    limit(
        Limit::MessageBytes,
        Key::Max,
        |_| JOIN_BYTES,
        "a join with a token takes some hundred bytes: its client is closed with 1009, and sends it again",
    ),
    limit(
        Limit::MessagesPerSecond,
        Key::OverMs,
        |_| NETWORK_MS,
        "a client is closed for what its network held up and then brought at once",
    ),
    limit(
        Limit::PartialTime,
        Key::Max,
        |_| NETWORK_MS,
        "a client is closed where its network loses one packet of a message",
    ),
    limit(
        Limit::IdleTime,
        Key::Max,
        |_| HEARTBEAT_MS + NETWORK_MS,
        "phoenix.js sends a heartbeat every 30000 ms, so clients that only listen are closed between two of them",
    ),
    limit(
        Limit::LagBytes,
        Key::WaitMs,
        |_| NETWORK_MS,
        "publishers are closed for a moment of a busy machine",
    ),
    limit(
        Limit::OutboxBytes,
        Key::Max,
        |_| ANSWERS_BYTES,
        "a client that is slow to read its answers is closed before lobbyd stops reading it, at 65536 bytes of answers",
    ),
    limit(
        Limit::RetentionBytes,
        Key::Max,
        |config| config.limits.max(Limit::MessageBytes),
        "one message of limits.message_bytes.max closes members whose network is busy",
    )
    .with(&["limits.message_bytes.max"]),
    limit(
        Limit::RetentionMessages,
        Key::Max,
        |_| FEW_MESSAGES,
        "a few messages close members whose network is busy",
    ),
    limit(Limit::RetentionTime, Key::Max, |_| NETWORK_MS, STANDS_STILL),
    limit(
        Limit::RetentionTotalBytes,
        Key::Max,
        |config| config.limits.max(Limit::RetentionBytes),
        "members are closed for one topic that has less than limits.retention_bytes.max",
    )
    .with(&["limits.retention_bytes.max"]),
    limit(
        Limit::CallbackTime,
        Key::Max,
        |_| NETWORK_MS,
        "channels whose app waits for anything refuse joins and end",
    ),
    time(
        "drain.deadline_ms",
        |config| config.limits.drain.deadline_ms,
        |config| config.limits.drain.ready_delay_ms + NETWORK_MS,
        "clients are cut before they have answered their Close, and see 1006",
    )
    .with(&["drain.ready_delay_ms"]),
    time(
        "timeouts.connect_ms",
        |config| config.limits.connect_timeout_ms(),
        |_| 100,
        "clients get 503 where the app looks anything up",
    ),
    time(
        "timeouts.http_lifetime_ms",
        |config| config.limits.http_lifetime_ms(),
        |_| NETWORK_MS,
        "an answer is cut where its network loses one packet",
    ),
    time(
        "timeouts.keep_alive_ms",
        |config| config.limits.keep_alive_ms(),
        |_| LOAD_BALANCER_MS + 1,
        "load balancers keep connections for 60000 to 75000 ms, and answer 502 where theirs was just closed",
    ),
    time(
        "timeouts.fault_delay_ms",
        |config| config.limits.fault_delay_ms(),
        |_| NETWORK_MS,
        "a stock client whose message cannot be read comes back at once and sends it again, without end",
    ),
    time(
        "timeouts.closing_ms",
        |config| config.limits.closing_timeout_ms(),
        |_| NETWORK_MS,
        "clients are cut before they have their Close, and see 1006",
    ),
];
