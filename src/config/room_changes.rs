//! The changes between the rooms of two configurations: by room, event and key.

use super::change::Change;
use super::room::{EVENT, RETENTION, ROOM, RoomConfig};
use super::setting::Setting;
use crate::rooms::EventRule;

/// Returns the differences. Two rooms are the same room if they have the same topic, and two events
/// are the same event if they have the same name.
pub(super) fn of_rooms(old: &[RoomConfig], new: &[RoomConfig]) -> Vec<Change> {
    let mut changes = of_names(
        old.iter().map(|room| &*room.rules.topic).collect(),
        new.iter().map(|room| &*room.rules.topic).collect(),
        "room",
        "order of rooms",
    );
    for room in new {
        let before = old
            .iter()
            .find(|before| before.rules.topic == room.rules.topic);
        changes.extend(before.into_iter().flat_map(|before| of_room(before, room)));
    }
    changes
}

fn of_room(old: &RoomConfig, new: &RoomConfig) -> Vec<Change> {
    let what = format!("room {}", new.rules.topic);
    let mut changes = of_keys(&ROOM, old, new, &what);
    changes.extend(of_names(
        old.rules
            .events
            .iter()
            .map(|event| event.event.as_str())
            .collect(),
        new.rules
            .events
            .iter()
            .map(|event| event.event.as_str())
            .collect(),
        &format!("{what} event"),
        &format!("{what} order of events"),
    ));
    for event in &new.rules.events {
        let before = old
            .rules
            .events
            .iter()
            .find(|before| before.event == event.event);
        let what = format!("{what} event {}", event.event.as_str());
        let of_event = |before: &EventRule| of_keys(&EVENT, before, event, &what);
        changes.extend(before.into_iter().flat_map(of_event));
    }
    let what = format!("{what} retention");
    changes.extend(of_keys(&RETENTION, &old.retention, &new.retention, &what));
    changes
}

/// Returns the names that have gone, the names that are new, and any change in the order of the
/// names that stay.
pub(super) fn of_names(old: Vec<&str>, new: Vec<&str>, kind: &str, order: &str) -> Vec<Change> {
    let change = |name: &str, old: &str, new: &str| Change {
        what: format!("{kind} {name}"),
        old: old.to_owned(),
        new: new.to_owned(),
    };
    let gone = old.iter().filter(|name| !new.contains(name));
    let added = new.iter().filter(|name| !old.contains(name));
    let gone = gone.map(|name| change(name, "there", "gone"));
    let added = added.map(|name| change(name, "not there", "added"));
    let mut changes: Vec<Change> = gone.chain(added).collect();
    let stays = |names: &[&str], others: &[&str]| {
        let both = names.iter().filter(|name| others.contains(name));
        both.copied().collect::<Vec<&str>>().join(", ")
    };
    let (before, after) = (stays(&old, &new), stays(&new, &old));
    if before != after {
        changes.push(Change {
            what: order.to_owned(),
            old: before,
            new: after,
        });
    }
    changes
}

pub(super) fn of_keys<T: 'static>(
    settings: &[Setting<T>],
    old: &T,
    new: &T,
    what: &str,
) -> Vec<Change> {
    let differ = settings.iter().filter(|setting| !setting.is_same(old, new));
    differ
        .map(|setting| Change {
            what: format!("{what} {}", setting.path),
            old: setting.show_or_unset(old),
            new: setting.show_or_unset(new),
        })
        .collect()
}
