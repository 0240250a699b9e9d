//! The settings of each limit, made from its row in the table of limits: `max`, `mode` and others.

use super::form::Mode;
use super::number::Whole;
use super::setting::Setting;
use super::tree::Config;
use crate::server::{Limit, LimitNumber};

/// Returns the settings of all limits, in the order of [`Limit::ALL`]. A `mode` has no text of its
/// own: the complete file explains modes once, in front of all limits.
pub(super) fn limit_settings() -> Vec<Setting<Config>> {
    let of_one = |&limit: &Limit| {
        let numbers = limit.numbers().map(move |number| setting(limit, number));
        let settings = numbers.chain([mode(limit)]);
        settings.map(move |setting| setting.of(limit))
    };
    Limit::ALL.iter().flat_map(of_one).collect()
}

fn setting(limit: Limit, number: LimitNumber) -> Setting<Config> {
    let key = number.key;
    Setting::number(
        path(limit, key.name()),
        Whole {
            unit: number.unit,
            range: number.least..=number.most,
            because: number.because,
        },
        move |config: &Config| config.limits.number(limit, key),
        move |config: &mut Config, value| config.limits.set_number(limit, key, value),
        number.text,
    )
}

fn mode(limit: Limit) -> Setting<Config> {
    Setting::new(
        path(limit, "mode"),
        move |config: &Config| match config.limits.observe.contains(limit) {
            true => Mode::Observe,
            false => Mode::Enforce,
        },
        move |config: &mut Config, mode| {
            let observe = config.limits.observe;
            config.limits.observe = match mode {
                Mode::Observe => observe.with(limit),
                Mode::Enforce => observe.without(limit),
            };
        },
        "",
    )
}

fn path(limit: Limit, key: &str) -> String {
    format!("limits.{}.{key}", limit.name())
}
