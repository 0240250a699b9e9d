//! From one configuration to the next, of a process that runs: what changes, and what cannot.

use super::change::Change;
use super::effective::{Effective, Source};
use super::room_changes::of_rooms;
use super::settings::SETTINGS;
use super::tree::Config;

/// What differs between two configurations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// What a running server takes over.
    pub now: Vec<Change>,
    /// What takes a restart.
    pub at_restart: Vec<Change>,
}

/// Compares `new` with what runs, and puts what takes a restart back to what it is.
pub fn settle(running: &Config, new: &mut Config) -> Changes {
    let mut changes = Changes::default();
    for setting in SETTINGS.iter() {
        if setting.is_same(running, new) {
            continue;
        }
        let change = Change {
            what: setting.path.clone(),
            old: setting.show_or_unset(running),
            new: setting.show_or_unset(new),
        };
        if setting.restart {
            changes.at_restart.push(change);
            setting.keep(new, running);
        } else {
            changes.now.push(change);
        }
    }
    changes.now.extend(of_rooms(&running.rooms, &new.rooms));
    changes
}

/// A value of the file that differs from what the file said before, and yet changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithoutEffect {
    /// In the file, before and now.
    pub change: Change,
    /// What has the last word: a variable or a flag.
    pub by: String,
}

/// What the file says otherwise in `new` than in `running`, where the environment or a flag has the
/// last word.
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
