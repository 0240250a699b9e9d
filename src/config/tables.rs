//! The tables of `docs/configuration.md`, made from the table of settings.

use super::auth::auth_tables::{GRANT, ISSUER, KEY};
use super::auth::auth_values::{GrantConfig, IssuerConfig, KeyConfig};
use super::number::with_marks;
use super::room::{EVENT, RETENTION, ROOM, RoomConfig, event};
use super::setting::Setting;
use super::settings::SETTINGS;
use super::tree::Config;
use crate::server::Limit;

/// Returns the generated parts of the documentation, each with a name and a text. The markers
/// around a part hold its name.
pub fn tables() -> Vec<(&'static str, String)> {
    let room = RoomConfig::default();
    vec![
        ("settings", settings()),
        ("limits", limits()),
        ("rooms", of_rooms(&ROOM, &room)),
        ("events", of_rooms(&EVENT, &event())),
        ("retention", of_rooms(&RETENTION, &room.retention)),
        ("issuers", of_rooms(&ISSUER, &IssuerConfig::default())),
        ("issuer-keys", of_rooms(&KEY, &KeyConfig::default())),
        ("grants", of_rooms(&GRANT, &GrantConfig::default())),
    ]
}

fn settings() -> String {
    let config = Config::default();
    let mut text = "| setting | default | what it is | at SIGHUP |\n|---|---|---|---|\n".to_owned();
    for setting in SETTINGS.iter().filter(|setting| setting.limit.is_none()) {
        let default = cell(setting, &config);
        let change = if setting.restart {
            "restart"
        } else {
            "changes"
        };
        text += &format!(
            "| `{}` | {default} | {} | {change} |\n",
            setting.path, setting.doc
        );
    }
    text
}

/// Returns the table of limits: what each limit bounds, its other settings, its metric, and what
/// the client sees when the limit is reached.
fn limits() -> String {
    let config = Config::default();
    let mut text = "| limit `limits.NAME` | `max` | what it bounds | and | metric `lobbyd_limit_nearest_ratio` | what the client sees | outcome where it is only observed |\n\
                    |---|---|---|---|---|---|---|\n"
        .to_owned();
    for &limit in Limit::ALL {
        let of: Vec<_> = SETTINGS
            .iter()
            .filter(|setting| setting.limit == Some(limit))
            .collect();
        let more = of
            .iter()
            .filter(|setting| !matches!(setting.key(), "max" | "mode"));
        let more: Vec<String> = more
            .map(|setting| {
                format!(
                    "`{}` = {}: {}",
                    setting.key(),
                    cell(setting, &config),
                    setting.doc
                )
            })
            .collect();
        let Some(max) = of.first() else { continue };
        let (name, sees) = (limit.name(), limit.outcome());
        let observed = match limit.protects_memory() {
            true => "at 16 times `max`",
            false => "never",
        };
        text += &format!(
            "| `{name}` | {} | {} | {} | `{{limit=\"{name}\"}}` | {sees} | {observed} |\n",
            cell(max, &config),
            max.doc,
            more.join("<br>")
        );
    }
    text
}

fn of_rooms<T: 'static>(settings: &[Setting<T>], target: &T) -> String {
    let mut text = "| key | default | what it is |\n|---|---|---|\n".to_owned();
    for setting in settings {
        let default = match setting.show(target) {
            None if setting.unset.is_empty() => "required".to_owned(),
            Some(value) if value == "\"\"" || value == "[]" => "required".to_owned(),
            _ => cell(setting, target),
        };
        text += &format!("| `{}` | {default} | {} |\n", setting.path, setting.doc);
    }
    text
}

fn cell<T: 'static>(setting: &Setting<T>, target: &T) -> String {
    match setting.show(target) {
        None => setting.unset.to_owned(),
        Some(value) => match value.replace('_', "").parse() {
            Ok(number) => with_marks(number, ','),
            Err(_) => format!("`{value}`"),
        },
    }
}
