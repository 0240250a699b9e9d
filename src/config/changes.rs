//! The changes that a reload makes to a process that runs, and the changes that take a restart.

use super::auth_changes::of_auth;
use super::change::Change;
use super::effective::{Effective, Source};
use super::room_changes::of_rooms;
use super::settings::SETTINGS;
use super::tree::Config;

/// The differences between two configurations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Changes that a running server takes over.
    pub now: Vec<Change>,
    /// Changes that take a restart.
    pub at_restart: Vec<Change>,
}

/// Compares `new` with `running`. A setting that takes a restart is set back in `new` to its
/// running value.
pub fn settle(running: &Config, new: &mut Config) -> Changes {
    let mut changes = Changes::default();
    for setting in SETTINGS.iter() {
        let Some(change) = setting.change("", running, new) else {
            continue;
        };
        if setting.restart {
            changes.at_restart.push(change);
            setting.keep(new, running);
        } else {
            changes.now.push(change);
        }
    }
    if let (Some(old), Some(now)) = (&running.tokens, &mut new.tokens)
        && old.digest == now.digest
    {
        // Made of the same: the checks before serve on, with what they remember.
        now.checks = old.checks.clone();
    }
    changes.now.extend(of_auth(running, new));
    changes.now.extend(of_rooms(&running.rooms, &new.rooms));
    changes
}

/// A value that has changed in the file without effect, because a variable or a flag overrides the
/// file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithoutEffect {
    /// The file's value, before and now.
    pub change: Change,
    /// The variable or the flag that overrides the file.
    pub by: String,
}

/// Returns the values that differ between the files of `running` and `new`, and that a variable or
/// a flag overrides in `new`.
pub fn without_effect(running: &Effective, new: &Effective) -> Vec<WithoutEffect> {
    let mut found = Vec::new();
    for (index, setting) in SETTINGS.iter().enumerate() {
        let is_overruled = matches!(new.sources[index], Source::Environment | Source::Flag(_));
        let (old, now) = (&running.of_file[index], &new.of_file[index]);
        if is_overruled && old != now {
            let shown =
                |said: &Option<String>| said.clone().unwrap_or_else(|| "not set".to_owned());
            found.push(WithoutEffect {
                change: Change {
                    what: setting.path.clone(),
                    old: shown(old),
                    new: shown(now),
                },
                by: new.source(index),
            });
        }
    }
    found
}
