//! Values that are taken with a warning, because they will probably do what nobody meant.

use crate::config::effective::Effective;
use crate::config::problem::Problem;
use crate::config::settings::index_of;
use crate::config::tree::Config;
use crate::server::Limit;

/// The interval of phoenix.js's heartbeat, and of other Phoenix clients'.
const HEARTBEAT_MS: u64 = 30_000;

/// How long load balancers keep a connection without a request: 60 s in AWS's, 75 s in nginx.
const LOAD_BALANCER_MS: u64 = 75_000;

/// A slow mobile network takes some seconds to bring back a packet that was lost.
const NETWORK_MS: u64 = 1_000;

/// A time that hurts where it is less than `least_ms`.
struct SmallTime {
    path: &'static str,
    /// The limit that the time belongs to: one that is only observed hurts nobody.
    limit: Option<Limit>,
    ms: fn(&Config) -> u64,
    least_ms: u64,
    why: &'static str,
}

static SMALL_TIMES: [SmallTime; 12] = [
    SmallTime {
        path: "limits.idle_time_ms.max",
        limit: Some(Limit::IdleTime),
        ms: |config| config.limits.max(Limit::IdleTime),
        least_ms: HEARTBEAT_MS + NETWORK_MS,
        why: "phoenix.js sends a heartbeat every 30000 ms, so clients that only listen are closed between two of them",
    },
    SmallTime {
        path: "limits.head_time_ms.max",
        limit: Some(Limit::HeadTime),
        ms: |config| config.limits.max(Limit::HeadTime),
        least_ms: NETWORK_MS,
        why: "a request is cut where its network loses one packet",
    },
    SmallTime {
        path: "limits.partial_time_ms.max",
        limit: Some(Limit::PartialTime),
        ms: |config| config.limits.max(Limit::PartialTime),
        least_ms: NETWORK_MS,
        why: "a client is closed where its network loses one packet of a message",
    },
    SmallTime {
        path: "limits.messages_per_second.over_ms",
        limit: Some(Limit::MessagesPerSecond),
        ms: |config| config.limits.over_ms(),
        least_ms: NETWORK_MS,
        why: "a client is closed for what its network held up and then brought at once",
    },
    SmallTime {
        path: "limits.joins_per_second.wait_ms",
        limit: Some(Limit::JoinsPerSecond),
        ms: |config| config.limits.wait_ms(Limit::JoinsPerSecond),
        least_ms: NETWORK_MS,
        why: "joins are refused for a moment in which many come, and phoenix.js waits 10000 ms for an answer",
    },
    SmallTime {
        path: "limits.callback_time_ms.max",
        limit: Some(Limit::CallbackTime),
        ms: |config| config.limits.max(Limit::CallbackTime),
        least_ms: NETWORK_MS,
        why: "channels whose app waits for anything refuse joins and end",
    },
    SmallTime {
        path: "limits.lag_bytes.wait_ms",
        limit: Some(Limit::LagBytes),
        ms: |config| config.limits.wait_ms(Limit::LagBytes),
        least_ms: NETWORK_MS,
        why: "publishers are closed for a moment of a busy machine",
    },
    SmallTime {
        path: "limits.retention_time_ms.max",
        limit: Some(Limit::RetentionTime),
        ms: |config| config.limits.max(Limit::RetentionTime),
        least_ms: NETWORK_MS,
        why: "clients are closed for a moment in which their network stands still",
    },
    SmallTime {
        path: "timeouts.connect_ms",
        limit: None,
        ms: |config| config.limits.connect_timeout_ms(),
        least_ms: 100,
        why: "clients get 503 where the app looks anything up",
    },
    SmallTime {
        path: "timeouts.http_lifetime_ms",
        limit: None,
        ms: |config| config.limits.http_lifetime_ms(),
        least_ms: NETWORK_MS,
        why: "an answer is cut where its network loses one packet",
    },
    SmallTime {
        path: "timeouts.keep_alive_ms",
        limit: None,
        ms: |config| config.limits.keep_alive_ms(),
        least_ms: LOAD_BALANCER_MS + 1,
        why: "load balancers keep connections for 60000 to 75000 ms, and answer 502 where theirs was just closed",
    },
    SmallTime {
        path: "timeouts.closing_ms",
        limit: None,
        ms: |config| config.limits.closing_timeout_ms(),
        least_ms: NETWORK_MS,
        why: "clients are cut before they have their Close, and see 1006",
    },
];

/// Returns the warnings of the settings that could be read, each with its place.
pub fn warnings(effective: &Effective) -> Vec<Problem> {
    let config = &effective.config;
    let hurts = |time: &&SmallTime| {
        let is_observed = |limit| config.limits.observe.contains(limit);
        (time.ms)(config) < time.least_ms && !time.limit.is_some_and(is_observed)
    };
    let told = SMALL_TIMES.iter().filter(hurts).filter_map(|time| {
        let index = index_of(time.path)?;
        let is_usable = !effective.unusable.contains(&index);
        is_usable.then(|| Problem {
            line: effective.line(index),
            text: format!(
                "{}: warning: {} ms: {}",
                effective.place(index),
                (time.ms)(config),
                time.why
            ),
        })
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Given};

    #[test]
    fn defaults_and_times_without_effect_give_no_warning_and_small_ones_do() {
        let warnings = |environment: &[(&str, &str)]| {
            let owned = environment
                .iter()
                .map(|(a, b)| (a.to_string(), b.to_string()));
            let given = Given {
                environment: owned.collect(),
                ..Given::default()
            };
            given.read().unwrap().warnings
        };
        assert!(warnings(&[]).is_empty());
        let idle = ("LOBBYD_LIMITS_IDLE_TIME_MS_MAX", "30000");
        let observed = ("LOBBYD_LIMITS_IDLE_TIME_MS_MODE", "observe");
        assert!(warnings(&[idle, observed]).is_empty());
        let told = warnings(&[idle]);
        assert_eq!(told.len(), 1);
        let start = "LOBBYD_LIMITS_IDLE_TIME_MS_MAX: warning: 30000 ms: phoenix.js sends";
        assert!(told[0].text.starts_with(start), "{}", told[0].text);
        for time in &SMALL_TIMES {
            assert!(
                (time.ms)(&Config::default()) >= time.least_ms,
                "{}",
                time.path
            );
            let variable = format!("LOBBYD_{}", time.path.to_uppercase().replace('.', "_"));
            assert_eq!(warnings(&[(&variable, "20")]).len(), 1, "{}", time.path);
        }
    }
}
