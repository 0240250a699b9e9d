//! Values that are taken with a warning, because they hurt clients where they were not meant.

use super::tree::Config;
use crate::server::Limit;

/// Time between two heartbeats of phoenix.js, by default.
const HEARTBEAT_MS: u64 = 30_000;

/// The least time of a client that a slow network or a busy machine does not exceed by itself.
const SMALL_MS: u64 = 1_000;

impl Config {
    /// Returns a warning for each value of this kind, which names its setting.
    pub fn warnings(&self) -> Vec<String> {
        let limits = &self.limits;
        let mut warnings = Vec::new();
        let idle_ms = limits.max(Limit::IdleTime);
        if idle_ms <= HEARTBEAT_MS {
            warnings.push(format!(
                "limits.idle_time_ms.max, {idle_ms}, closes phoenix.js between two heartbeats, which it sends every \
                 {HEARTBEAT_MS} ms by default; expected more than {HEARTBEAT_MS}, or clients with a shorter heartbeatIntervalMs"
            ));
        }
        let small = [
            ("limits.head_time_ms.max", limits.max(Limit::HeadTime)),
            ("limits.partial_time_ms.max", limits.max(Limit::PartialTime)),
            ("limits.messages_per_second.over_ms", limits.over_ms()),
            ("limits.lag_bytes.wait_ms", limits.wait_ms(Limit::LagBytes)),
            (
                "limits.retention_time_ms.max",
                limits.max(Limit::RetentionTime),
            ),
            ("timeouts.closing_ms", limits.closing_timeout_ms()),
        ];
        for (setting, ms) in small.into_iter().filter(|(_, ms)| *ms < SMALL_MS) {
            warnings.push(format!(
                "{setting}, {ms}, is under {SMALL_MS} ms: a moment of a slow network or of a busy machine ends connections"
            ));
        }
        warnings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_that_clients_cannot_keep_are_warned_of_and_the_defaults_are_not() {
        let mut config = Config::default();
        assert!(config.warnings().is_empty());
        let value = Limit::IdleTime.numbers().next().expect("its value");
        let idle = &mut config.limits;
        idle.set_number(Limit::IdleTime, value.key, HEARTBEAT_MS);
        config.limits = config.limits.with_over_ms(1);
        let warnings = config.warnings();
        assert_eq!(warnings.len(), 2);
        assert!(warnings[0].starts_with("limits.idle_time_ms.max, 30000, "));
        assert!(warnings[1].starts_with("limits.messages_per_second.over_ms, 1, "));
    }
}
