//! Warnings of rooms: tokens that nobody checks, retentions that close members, rates too small.

use super::number_warnings::{FEW_MESSAGES, NETWORK_MS, STANDS_STILL};
use super::room_checks::{largest_payload, too_large};
use crate::config::effective::Effective;
use crate::config::lines::RoomLines;
use crate::config::problem::Problem;
use crate::config::room::RoomConfig;
use crate::rooms::{JoinRule, JoinWord, PushRule, RoomRules};
use crate::server::Limit;

/// Adds the warnings of the rooms that could be read.
/// `checks_tokens` is true if the configuration says which tokens are good.
pub(super) fn warn(effective: &Effective, checks_tokens: bool, warnings: &mut Vec<Problem>) {
    let limits = &effective.config.limits;
    let message = limits.max(Limit::MessageBytes) as usize;
    let rooms = effective.config.rooms.iter().zip(&effective.room_lines);
    for (room, own) in rooms.filter(|(_, own)| own.room.is_sound) {
        let mut warn = |line: usize, key: &str, text: String| {
            let file = effective.file_name();
            let text = format!("{file}:{line}: room.{key}: warning: {text}");
            warnings.push(Problem { line, text });
        };
        if !checks_tokens {
            of_tokens(&room.rules, own, &mut warn);
        }
        of_retention(room, own, message, &mut warn);
        if limits.observe.contains(Limit::RoomBytesPerSecond)
            && let Some((line, largest)) = too_large(room, own, message)
        {
            let text = format!(
                "with limits.room_bytes_per_second.mode = \"enforce\" a payload of {largest} bytes is never relayed"
            );
            warn(line, "bytes_burst", text);
        }
    }
}

/// Adds the rules that ask for a token, where none is ever good.
fn of_tokens(rules: &RoomRules, own: &RoomLines, warn: &mut impl FnMut(usize, &str, String)) {
    let why = "no client has credentials without [[auth.issuer]] or [auth.phoenix]";
    if matches!(
        rules.join,
        JoinRule::Known | JoinRule::Own | JoinRule::Granted
    ) {
        let word: &str = JoinWord::from(&rules.join).into();
        let text = format!("{word:?}: nobody can join, because {why}");
        warn(own.room.of("join"), "join", text);
    }
    for (event, lines) in rules.events.iter().zip(&own.events) {
        if event.push == PushRule::Granted {
            let text = format!("\"granted\": nobody can push it, because {why}");
            warn(lines.of("push"), "event.push", text);
        }
    }
}

/// Adds the parts of the room's own retention that are so small that they hurt. They bite even
/// where the limits of the same names are only observed.
fn of_retention(
    room: &RoomConfig,
    own: &RoomLines,
    message: usize,
    warn: &mut impl FnMut(usize, &str, String),
) {
    let kept = &room.retention;
    let largest = largest_payload(&room.rules, message).unwrap_or(0);
    let one = format!("one payload of {largest} bytes closes members whose network is busy");
    let parts = [
        (
            "bytes_max",
            " bytes",
            kept.bytes_max.map(|bytes| bytes as u64),
            largest as u64,
            &*one,
        ),
        (
            "messages_max",
            "",
            kept.messages_max.map(|messages| messages as u64),
            FEW_MESSAGES,
            "a few messages close members whose network is busy",
        ),
        (
            "time_ms_max",
            " ms",
            kept.time_ms_max,
            NETWORK_MS,
            STANDS_STILL,
        ),
    ];
    for (key, unit, value, least, why) in parts {
        if let Some(value) = value.filter(|value| *value < least) {
            let line = own.room.of(key);
            warn(
                line,
                &format!("retention.{key}"),
                format!("{value}{unit}: {why}"),
            );
        }
    }
}
