//! Values that are taken with a warning, because they will probably do what nobody meant.
//!
//! The warnings of rooms are in `room_warnings`.

use super::auth_warnings::idle_auth;
use super::message_limits::message_limits;
use super::number_warnings::{SMALL_NUMBERS, SmallNumber};
use super::room_warnings;
use crate::config::effective::Effective;
use crate::config::problem::Problem;
use crate::config::settings::SETTINGS;
use crate::config::tree::Config;

/// Returns the warnings of the settings that could be read, each with its place, in the order of
/// the file's lines.
pub fn warnings(effective: &Effective) -> Vec<Problem> {
    let config = &effective.config;
    let small = SMALL_NUMBERS.iter().filter(|small| small.hurts(config));
    let small = small.filter_map(|small| of_small(small, effective));
    let observed = message_limits(effective)
        .into_iter()
        .filter(|bound| !bound.bites);
    let observed = observed.map(|bound| (bound.path, bound.with, bound.observed()));
    let others = observed
        .chain(of_proxies(config))
        .chain(of_drain(config))
        .chain(of_plain_tokens(config));
    let others = others.filter_map(|(path, with, text)| {
        let index = effective.report_at(path, with)?;
        Some(warning(effective, index, &text))
    });
    let mut warnings: Vec<Problem> = small.chain(others).collect();
    warnings.extend(idle_auth(effective));
    room_warnings::warn(effective, config.auth.is_set(), &mut warnings);
    warnings.sort_by_key(|warning| match warning.line {
        0 => usize::MAX,
        line => line,
    });
    warnings
}

fn warning(effective: &Effective, index: usize, text: &str) -> Problem {
    Problem {
        line: effective.line(index),
        text: format!("{}: warning: {text}", effective.place(index)),
    }
}

fn of_small(small: &SmallNumber, effective: &Effective) -> Option<Problem> {
    let path = small.path();
    let index = effective.report_at(&path, small.with)?;
    let value = small.shown(&effective.config);
    let text = match SETTINGS[index].path == path {
        true => format!("{value}: {}", small.why),
        false => format!("{path}, {value}: {}", small.why),
    };
    Some(warning(effective, index, &text))
}

/// A setting, the settings that belong to its warning, and the text.
type Warned = (&'static str, &'static [&'static str], String);

/// A network of all addresses makes each client a trusted proxy.
fn of_proxies(config: &Config) -> Option<Warned> {
    let mut networks = config.trusted_proxies.iter();
    let all = networks.find(|network| network.prefix_len() == 0)?;
    let text = format!(
        "{all} is every address: a client may then choose the address that it is logged by, and \
         counts for none; name the networks of your proxies alone"
    );
    Some(("server.trusted_proxies", &[], text))
}

/// A token that travels in plain text belongs to whoever hears it (ASVS 5, 4.4.1).
fn of_plain_tokens(config: &Config) -> Option<Warned> {
    let is_exposed = config.auth.is_set() && !config.listen.is_loopback();
    if !is_exposed || !config.trusted_proxies.is_empty() {
        return None;
    }
    let text = "clients on other machines send their tokens in plain text; put a proxy with TLS in \
                front, and name its network in server.trusted_proxies";
    let with: &[&str] = &["server.trusted_proxies"];
    Some(("server.listen", with, text.to_owned()))
}

fn of_drain(config: &Config) -> Option<Warned> {
    let drain = config.limits.drain;
    let (window_ms, used_ms) = (drain.window_ms, drain.closing_window_ms());
    let text = format!(
        "only {used_ms} ms of drain.window_ms, {window_ms}, are used: at most half of what \
         drain.deadline_ms leaves, so that the clients closed last have time to answer"
    );
    let with: &[&str] = &["drain.deadline_ms", "drain.ready_delay_ms"];
    (used_ms < window_ms).then_some(("drain.window_ms", with, text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::settings::index_of;
    use crate::config::{Config, Given};

    fn warnings(environment: &[(&str, &str)]) -> Vec<String> {
        let owned = environment
            .iter()
            .map(|(a, b)| (a.to_string(), b.to_string()));
        let given = Given {
            environment: owned.collect(),
            ..Given::default()
        };
        let read = given.read().unwrap();
        let texts = read.warnings.into_iter().map(|warning| warning.text);
        texts.collect()
    }

    #[test]
    fn defaults_and_values_without_effect_give_no_warning_and_small_ones_do() {
        assert!(warnings(&[]).is_empty());
        let idle = ("LOBBYD_LIMITS_IDLE_TIME_MS_MAX", "30000");
        let observed = ("LOBBYD_LIMITS_IDLE_TIME_MS_MODE", "observe");
        assert!(warnings(&[idle, observed]).is_empty());
        let told = warnings(&[idle]);
        assert_eq!(told.len(), 1);
        let start = "LOBBYD_LIMITS_IDLE_TIME_MS_MAX: warning: 30000 ms: phoenix.js sends";
        assert!(told[0].starts_with(start), "{}", told[0]);
        for small in &SMALL_NUMBERS {
            let path = small.path();
            assert!(!small.hurts(&Config::default()), "{path}");
            let variable = SETTINGS[index_of(&path).unwrap()].variable();
            let least = small.least(&Config::default());
            let no_window = ("LOBBYD_DRAIN_WINDOW_MS", "0");
            let told = warnings(&[(&variable, &(least - 1).to_string()), no_window]);
            assert_eq!(told.len(), 1, "{path}: {told:?}");
            assert!(told[0].starts_with(&variable), "{}", told[0]);
        }
    }

    /// A limit that protects memory bites at 16 times its value, so only less than a sixteenth
    /// hurts.
    #[test]
    fn observed_limit_that_protects_memory_hurts_below_a_sixteenth() {
        let observed = ("LOBBYD_LIMITS_RETENTION_TIME_MS_MODE", "observe");
        let with = |ms| warnings(&[observed, ("LOBBYD_LIMITS_RETENTION_TIME_MS_MAX", ms)]);
        assert_eq!(with("62").len(), 1);
        assert!(with("63").is_empty());
    }

    #[test]
    fn value_that_another_setting_makes_small_is_told_where_that_one_is_set() {
        let told = warnings(&[("LOBBYD_LIMITS_MESSAGE_BYTES_MAX", "2000000")]);
        let start = "LOBBYD_LIMITS_MESSAGE_BYTES_MAX: warning: limits.retention_bytes.max, 1048576 bytes: one message";
        assert_eq!(told.len(), 1);
        assert!(told[0].starts_with(start), "{}", told[0]);
    }

    #[test]
    fn proxies_of_every_address_and_a_shortened_window_are_told() {
        let told = warnings(&[
            ("LOBBYD_SERVER_TRUSTED_PROXIES", "10.0.0.0/8,::/0"),
            ("LOBBYD_DRAIN_WINDOW_MS", "20000"),
        ]);
        let starts = [
            "LOBBYD_SERVER_TRUSTED_PROXIES: warning: ::/0 is every address",
            "LOBBYD_DRAIN_WINDOW_MS: warning: only 15000 ms of drain.window_ms, 20000, are used",
        ];
        assert_eq!(told.len(), 2, "{told:?}");
        for (told, start) in told.iter().zip(starts) {
            assert!(told.starts_with(start), "{told}");
        }
    }
}
