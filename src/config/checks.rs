//! What no single value shows: settings that cannot stand together, and rooms that nobody could ever be in.

use super::problem::Problem;
use super::reading::Effective;
use super::room::{EventConfig, JoinRule, RetentionConfig, RoomConfig};
use super::settings::index_of;

/// Adds what is wrong.
pub(super) fn check(effective: &Effective, problems: &mut Vec<Problem>) {
    let mut wrong = |path: &str, text: String| {
        if let Some(index) = index_of(path) {
            let text = format!("{}: {text}", effective.place(index));
            problems.push(Problem { line: 0, text });
        }
    };
    let config = &effective.config;
    let is_same = config.admin_listen.as_ref() == Some(&config.listen);
    if is_same && config.listen.port != 0 {
        let text = format!(
            "is server.listen as well; expected another address or port than {}",
            config.listen
        );
        wrong("server.admin_listen", text);
    }
    if config.proxy_protocol && config.trusted_proxies.is_empty() {
        wrong(
            "server.proxy_protocol",
            "needs server.trusted_proxies: whose headers are to be believed?".to_owned(),
        );
    }
    let drain = config.server.drain;
    let least = drain.ready_delay_ms + drain.window_ms;
    if drain.deadline_ms < least {
        let text = format!(
            "would end before drain.ready_delay_ms and drain.window_ms; expected at least {least}"
        );
        wrong("drain.deadline_ms", text);
    }
    let message = config.socket.message_bytes_max;
    let fits = |bytes: usize| bytes >= message;
    let text = || {
        format!(
            "a message of limits.message_bytes.max would never fit; expected at least {message}"
        )
    };
    if !fits(config.server.rates.bytes_burst as usize) {
        wrong("limits.bytes_per_second.burst", text());
    }
    if !fits(config.server.partial_bytes_max) {
        wrong("limits.partial_bytes.max", text());
    }
    rooms(effective, problems);
}

fn rooms(effective: &Effective, problems: &mut Vec<Problem>) {
    let rooms = &effective.config.rooms;
    let lines = &effective.room_lines;
    for (at, (room, &line)) in rooms.iter().zip(lines).enumerate() {
        let mut wrong = |key: &str, text: String| {
            let text = format!("{}:{line}: room{key}: {text}", effective.file_name());
            problems.push(Problem { line, text });
        };
        let topic = &room.topic;
        if topic.trim_end_matches('*').contains('*') || topic.ends_with("**") {
            wrong(
                ".topic",
                format!("{topic:?} has a star that does not stand alone at its end"),
            );
        }
        let hiding = rooms[..at]
            .iter()
            .zip(lines)
            .find(|(before, _)| hides(&before.topic, topic));
        match hiding {
            Some((before, line)) if before.topic == *topic => {
                wrong(".topic", format!("{topic:?} stands in line {line} already"));
            }
            Some((before, line)) => wrong(
                ".topic",
                format!(
                    "{topic:?} can never match, as {:?} in line {line} is tried before it",
                    before.topic
                ),
            ),
            None => {}
        }
        of_join(room, &mut wrong);
        of_events(&room.events, &mut wrong);
    }
}

/// Whether every topic that matches `topic` matches `before` as well.
fn hides(before: &str, topic: &str) -> bool {
    match before.strip_suffix('*') {
        Some(prefix) => topic.starts_with(prefix),
        None => before == topic,
    }
}

fn of_join(room: &RoomConfig, wrong: &mut impl FnMut(&str, String)) {
    match (room.join, &room.reason) {
        (JoinRule::Allow, Some(_)) => {
            wrong(
                ".reason",
                "only a deny has one; expected join = \"deny\"".to_owned(),
            );
        }
        (JoinRule::Deny, None) => {
            wrong(
                ".join",
                "a deny needs a reason, as in reason = \"unauthorized\"".to_owned(),
            );
        }
        _ => {}
    }
    if room.join == JoinRule::Deny {
        let means_nothing = [
            (".event", !room.events.is_empty()),
            (".members_max", room.members_max.is_some()),
            (".retention", room.retention != RetentionConfig::default()),
        ];
        for (key, _) in means_nothing.into_iter().filter(|(_, is_there)| *is_there) {
            wrong(key, "means nothing where nobody may join".to_owned());
        }
    }
}

fn of_events(events: &[EventConfig], wrong: &mut impl FnMut(&str, String)) {
    for (at, event) in events.iter().enumerate() {
        let name = &event.name;
        let before = events[..at]
            .iter()
            .find(|before| before.name == *name || before.name == "*");
        match before {
            Some(before) if before.name == *name => {
                wrong(".event", format!("{name:?} stands twice"));
            }
            Some(_) => wrong(
                ".event",
                format!("{name:?} can never match, as \"*\" is tried before it"),
            ),
            None => {}
        }
        if name.starts_with("phx_") || name.starts_with("chan_reply_") {
            wrong(
                ".event",
                format!(
                    "{name:?} is an event of the protocol's own, which phoenix.js obeys; expected another name"
                ),
            );
        } else if name.len() > 1 && name.contains('*') {
            wrong(
                ".event",
                format!("{name:?} is no pattern; expected a whole name, or \"*\" for any"),
            );
        }
        if event.burst.is_some() && event.messages_per_second.is_none() {
            wrong(
                ".event",
                format!("the burst of {name:?} needs messages_per_second"),
            );
        }
    }
}
