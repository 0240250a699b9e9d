//! From one configuration to the next, of a process that runs: what changes, and what cannot.

use std::fmt;

use super::Config;
use super::room::RoomConfig;
use super::settings::SETTINGS;

/// Something that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The setting, or the room.
    pub what: String,
    /// As it was.
    pub old: String,
    /// As it is to be.
    pub new: String,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} -> {}", self.what, self.old, self.new)
    }
}

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
        let shown = |config: &Config| {
            setting
                .show(config)
                .unwrap_or_else(|| setting.unset.to_owned())
        };
        let change = Change {
            what: setting.path.clone(),
            old: shown(running),
            new: shown(new),
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

fn of_rooms(old: &[RoomConfig], new: &[RoomConfig]) -> Vec<Change> {
    let named =
        |rooms: &[RoomConfig], topic: &str| rooms.iter().find(|room| room.topic == topic).cloned();
    let change = |topic: &str, old: &str, new: &str| Change {
        what: format!("room {topic}"),
        old: old.to_owned(),
        new: new.to_owned(),
    };
    let gone = old.iter().filter(|room| named(new, &room.topic).is_none());
    let mut changes: Vec<Change> = gone
        .map(|room| change(&room.topic, "there", "gone"))
        .collect();
    for room in new {
        match named(old, &room.topic) {
            None => changes.push(change(&room.topic, "not there", "added")),
            Some(before) if before != *room => {
                changes.push(change(&room.topic, "there", "other rules"))
            }
            Some(_) => {}
        }
    }
    let stays = |rooms: &[RoomConfig], others: &[RoomConfig]| -> Vec<String> {
        let both = rooms
            .iter()
            .filter(|room| named(others, &room.topic).is_some());
        both.map(|room| room.topic.clone()).collect()
    };
    let (before, after) = (stays(old, new), stays(new, old));
    if before != after {
        changes.push(Change {
            what: "order of rooms".to_owned(),
            old: before.join(", "),
            new: after.join(", "),
        });
    }
    changes
}
