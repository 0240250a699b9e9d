//! The settings of limits: for each its `max` and its `mode`, and what else makes it up.

use super::form::Mode;
use super::number::Whole;
use super::number::{bytes, counts, milliseconds};
use super::setting::{Setting, number};
use super::tree::Config;
use crate::server::Limit;

/// All of them, in the order of [`Limit::ALL`]. What a mode is stands once, in front of them all.
pub(super) fn limit_settings() -> Vec<Setting<Config>> {
    let of = |&limit: &Limit| {
        let mode = Setting::new(path(limit, "mode"), view_mode(limit), field_mode(limit), "");
        let settings = [max(limit)].into_iter().chain(more(limit)).chain([mode]);
        settings.map(move |setting| setting.of(limit))
    };
    Limit::ALL.iter().flat_map(of).collect()
}

fn view_mode(limit: Limit) -> impl Fn(&Config) -> &Mode + Copy {
    move |config| &config.modes[limit as usize]
}

fn field_mode(limit: Limit) -> impl Fn(&mut Config) -> &mut Mode + Copy {
    move |config| &mut config.modes[limit as usize]
}

fn path(limit: Limit, key: &str) -> String {
    format!("limits.{}.{key}", limit.name())
}

macro_rules! max {
    ($limit:expr, $whole:expr, $doc:expr, $($field:ident).+) => {
        number!(Config,path($limit, "max"), $whole, $doc, $($field).+)
    };
}

/// The value of each limit, and what it bounds.
fn max(limit: Limit) -> Setting<Config> {
    match limit {
        Limit::Connections => max!(
            limit,
            counts(1),
            "Connections in all, in HTTP or as WebSockets.",
            server.admission.connections_max
        ),
        Limit::ConnectionsPerAddress => max!(
            limit,
            counts(1),
            "Connections from one address (of IPv6 the first 64 bits); those of loopback do not count.",
            server.admission.connections_per_address_max
        ),
        Limit::UpgradesInFlight => max!(
            limit,
            counts(1),
            "Connections that are in HTTP still.",
            server.admission.upgrades_in_flight_max
        ),
        Limit::AcceptsPerSecond => max!(
            limit,
            counts(1),
            "Connections accepted in a second, in the long run.",
            server.admission.accepts_per_second
        ),
        Limit::HeadTime => max!(
            limit,
            milliseconds(1),
            "For a whole request head, from the accept or the answer before.",
            http.header_timeout_ms
        ),
        Limit::HeadBytes => max!(
            limit,
            bytes(8_192),
            "A request head. Up to twice as much may pass, as it happens to be read.",
            http.head_bytes_max
        ),
        Limit::HeadLines => max!(
            limit,
            counts(1),
            "Header lines of a request.",
            http.head_lines_max
        ),
        Limit::JoinsPerSecond => max!(
            limit,
            counts(1),
            "Joins answered in a second, in the long run.",
            server.admission.joins_per_second
        ),
        Limit::ChannelsPerConnection => max!(
            limit,
            counts(1),
            "Topics joined at once on one connection.",
            channels_max
        ),
        Limit::MessageBytes => max!(
            limit,
            bytes(100),
            "A message, in one frame or many. At least 100, which a heartbeat may take.",
            socket.message_bytes_max
        ),
        Limit::MessagesPerSecond => max!(
            limit,
            counts(1),
            "Messages of one connection in a second, in the long run.",
            server.rates.messages_per_second
        ),
        Limit::BytesPerSecond => max!(
            limit,
            bytes(1),
            "Bytes of one connection in a second, in the long run.",
            server.rates.bytes_per_second
        ),
        Limit::PartialTime => max!(
            limit,
            milliseconds(1),
            "From the first byte of a message to its last.",
            server.partial_timeout_ms
        ),
        Limit::PartialBytes => max!(
            limit,
            bytes(1),
            "Incomplete messages of all connections of a shard.",
            server.partial_bytes_max
        ),
        Limit::IdleTime => max!(
            limit,
            milliseconds(1),
            "Silence of a client; phoenix.js sends a heartbeat every 30 s.",
            socket.idle_timeout_ms
        ),
        Limit::LagBytes => max!(
            limit,
            bytes(1),
            "What a shard has before it: mail not taken in, and log not yet offered to all who can take it.",
            server.lag_bytes_max
        ),
        Limit::OutboxBytes => max!(
            limit,
            bytes(1),
            "Answers and pushes that wait for one connection that takes nothing.",
            server.fanout.outbox_bytes_max
        ),
        Limit::RetentionBytes => max!(
            limit,
            bytes(1),
            "A topic's log on a shard, kept for readers that are behind.",
            server.fanout.retention_bytes_max
        ),
        Limit::RetentionMessages => max!(
            limit,
            counts(1),
            "Messages of the same.",
            server.fanout.retention_entries_max
        ),
        Limit::RetentionTime => max!(
            limit,
            milliseconds(1),
            "The age of the same.",
            server.fanout.retention_ms_max
        ),
        Limit::RetentionTotalBytes => max!(
            limit,
            bytes(1),
            "All logs of a shard, kept for readers that are behind.",
            server.fanout.retention_total_bytes_max
        ),
        Limit::CallbackTime => max!(
            limit,
            milliseconds(1),
            "What an app's callback waits for.",
            server.callback_timeout_ms
        ),
    }
}

/// What else belongs to a limit.
fn more(limit: Limit) -> Vec<Setting<Config>> {
    let burst = path(limit, "burst");
    match limit {
        Limit::AcceptsPerSecond => vec![number!(
            Config,
            burst,
            counts(1),
            "Accepted at once after a pause.",
            server.admission.accepts_burst
        )],
        Limit::JoinsPerSecond => vec![
            number!(
                Config,
                burst,
                counts(1),
                "Answered at once after a pause.",
                server.admission.joins_burst
            ),
            number!(
                Config,
                path(limit, "wait_ms"),
                Whole {
                    unit: "milliseconds",
                    range: 0..=9_000,
                },
                "Longest wait of a join for that, in milliseconds, at most 9,000; phoenix.js gives up after 10,000.",
                server.admission.join_wait_ms_max
            ),
        ],
        Limit::MessagesPerSecond => vec![
            number!(
                Config,
                burst,
                counts(1),
                "At once after a pause.",
                server.rates.messages_burst
            ),
            number!(
                Config,
                path(limit, "over_ms"),
                milliseconds(0),
                "How long a client may be over without a moment in which it was not, in milliseconds; for `bytes_per_second` too.",
                server.rates.over_rate_ms_max
            ),
        ],
        Limit::BytesPerSecond => vec![number!(
            Config,
            burst,
            bytes(1),
            "At once after a pause.",
            server.rates.bytes_burst
        )],
        Limit::LagBytes => vec![number!(
            Config,
            path(limit, "wait_ms"),
            milliseconds(0),
            "How long a publisher is not read for that, in milliseconds.",
            server.pause_timeout_ms
        )],
        _ => Vec::new(),
    }
}
