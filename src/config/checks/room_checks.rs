//! Checks of rooms: topics that can never match, rules without meaning, values without effect.

use crate::channel::UserSocket;
use crate::config::effective::Effective;
use crate::config::lines::{RoomLines, TableLines};
use crate::config::problem::Problem;
use crate::config::room::RoomConfig;
use crate::rooms::{EventRule, JoinRule, RoomRules, is_reserved};
use crate::server::Limit;

/// Adds the problems of the rooms that could be read.
pub(super) fn check(effective: &Effective, problems: &mut Vec<Problem>) {
    let rooms = &effective.config.rooms;
    let lines = &effective.room_lines;
    for (at, (room, own)) in rooms.iter().zip(lines).enumerate() {
        let mut wrong = |line: usize, key: &str, text: String| {
            let text = format!("{}:{line}: room.{key}: {text}", effective.file_name());
            problems.push(Problem { line, text });
        };
        if let Some(text) = of_topic(&room.rules, &rooms[..at], lines) {
            wrong(own.room.of("topic"), "topic", text);
        }
        let limits = &effective.config.limits;
        let message = limits.max(Limit::MessageBytes) as usize;
        if own.room.is_sound {
            of_join(room, own, &mut wrong);
            of_bursts(own, &mut wrong);
            let is_observed = limits.observe.contains(Limit::RoomBytesPerSecond);
            if let Some((line, largest)) = too_large(room, own, message).filter(|_| !is_observed) {
                let text = format!(
                    "a payload of {largest} bytes would never be relayed; expected a bytes_burst of at least that, a smaller bytes_max of its events, or limits.room_bytes_per_second.mode = \"observe\""
                );
                wrong(line, "bytes_burst", text);
            }
        }
        of_events(&room.rules.events, &own.events, message, &mut wrong);
    }
}

/// Returns the problem of a room's topic. None for an empty topic, because that topic could not be
/// read.
fn of_topic(rules: &RoomRules, before: &[RoomConfig], lines: &[RoomLines]) -> Option<String> {
    let topic = &*rules.topic;
    if topic.is_empty() {
        return None;
    }
    if topic.trim_end_matches('*').contains('*') || topic.ends_with("**") {
        return Some(format!(
            "{topic:?} has a star that does not stand alone at its end"
        ));
    }
    let most = UserSocket::new().session.name_bytes_max;
    let bytes = topic.trim_end_matches('*').len();
    if bytes > most {
        return Some(format!(
            "has {bytes} bytes; expected at most {most}, as no longer topic can be joined"
        ));
    }
    let mut earlier = before.iter().zip(lines);
    let (before, lines) = earlier.find(|(before, _)| before.rules.covers(rules))?;
    let line = lines.room.of("topic");
    Some(match before.rules.topic == topic {
        true => format!("{topic:?} stands in line {line} already"),
        false => format!(
            "{topic:?} can never match, as {:?} in line {line} is tried before it",
            before.rules.topic
        ),
    })
}

fn of_join(room: &RoomConfig, lines: &RoomLines, wrong: &mut impl FnMut(usize, &str, String)) {
    let own = &lines.room;
    let topic = &*room.rules.topic;
    if room.rules.join == JoinRule::Own && !topic.is_empty() && !topic.ends_with('*') {
        let text = format!(
            "\"own\" needs a topic with a star, whose place the subject takes; expected topic = \"{topic}:*\" or the like"
        );
        wrong(own.of("join"), "join", text);
    }
    let JoinRule::Deny(reason) = &room.rules.join else {
        if let Some(line) = own.find("reason") {
            let text = "only a deny has one; expected join = \"deny\"";
            wrong(line, "reason", text.to_owned());
        }
        return;
    };
    if reason.is_empty() {
        let text = "a deny needs a reason, as in reason = \"unauthorized\"";
        wrong(own.of("join"), "join", text.to_owned());
    }
}

/// Adds a burst without its rate.
fn of_bursts(lines: &RoomLines, wrong: &mut impl FnMut(usize, &str, String)) {
    let own = &lines.room;
    for (rate, burst) in [
        ("messages_per_second", "messages_burst"),
        ("bytes_per_second", "bytes_burst"),
    ] {
        if let (None, Some(line)) = (own.find(rate), own.find(burst)) {
            wrong(line, burst, format!("means nothing without {rate}"));
        }
    }
}

/// Returns the room's largest payload if it would never fit into the room's own burst of bytes,
/// with the line of that burst.
pub(super) fn too_large(
    room: &RoomConfig,
    lines: &RoomLines,
    message: usize,
) -> Option<(usize, usize)> {
    let line = lines.room.find("bytes_per_second")?;
    let burst = room.rules.rates.bytes.map_or(0, |rate| rate.burst());
    let largest = largest_payload(&room.rules, message)?;
    let line = lines.room.find("bytes_burst").unwrap_or(line);
    (largest > burst as usize).then_some((line, largest))
}

/// Returns the bytes of the largest payload that members may push, where a message may have
/// `message` bytes. None if the room takes no pushes.
pub(super) fn largest_payload(rules: &RoomRules, message: usize) -> Option<usize> {
    let sizes = rules.events.iter();
    sizes.map(|event| event.bytes_max.unwrap_or(message)).max()
}

fn of_events(
    events: &[EventRule],
    lines: &[TableLines],
    message: usize,
    wrong: &mut impl FnMut(usize, &str, String),
) {
    for (at, (event, own)) in events.iter().zip(lines).enumerate() {
        if let Some(text) = of_name(event, &events[..at], lines) {
            wrong(own.of("name"), "event.name", text);
        }
        let has_rate = own.find("messages_per_second").is_some();
        if let Some(line) = own.find("burst").filter(|_| !has_rate && own.is_sound) {
            let text = "means nothing without messages_per_second";
            wrong(line, "event.burst", text.to_owned());
        }
        if event.bytes_max.is_some_and(|bytes| bytes > message) {
            let text = format!(
                "no message is that large; expected at most limits.message_bytes.max, {message}"
            );
            wrong(own.of("bytes_max"), "event.bytes_max", text);
        }
    }
}

/// Returns the problem of a name. None for an empty name, because that name could not be read.
fn of_name(event: &EventRule, before: &[EventRule], lines: &[TableLines]) -> Option<String> {
    let name = event.event.as_str();
    if name.is_empty() {
        return None;
    }
    if is_reserved(name) {
        let obeyed = match name.starts_with("lobbyd:") {
            true => ", which the server alone sends",
            false => ", which phoenix.js obeys",
        };
        return Some(format!(
            "{name:?} is an event of the protocol's own{obeyed}; expected another name"
        ));
    }
    if name.len() > 1 && name.contains('*') {
        return Some(format!(
            "{name:?} is no pattern; expected a whole name, or \"*\" for any"
        ));
    }
    let mut earlier = before.iter().zip(lines);
    let (before, lines) = earlier.find(|(before, _)| before.covers(event))?;
    let line = lines.of("name");
    Some(match before.event.as_str() == name {
        true => format!("{name:?} stands in line {line} already"),
        false => {
            format!("{name:?} can never match, as \"*\" in line {line} is tried before it")
        }
    })
}
