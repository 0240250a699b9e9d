//! Warnings of rooms: retentions that close members, and rates under which nothing would pass.

use super::number_warnings::{FEW_MESSAGES, NETWORK_MS, STANDS_STILL};
use super::room_checks::{largest_payload, too_large};
use crate::config::effective::Effective;
use crate::config::lines::RoomLines;
use crate::config::problem::Problem;
use crate::config::room::RoomConfig;
use crate::server::Limit;

/// Adds the warnings of the rooms that could be read.
pub(super) fn warn(effective: &Effective, warnings: &mut Vec<Problem>) {
    let limits = &effective.config.limits;
    let message = limits.max(Limit::MessageBytes) as usize;
    let rooms = effective.config.rooms.iter().zip(&effective.room_lines);
    for (room, own) in rooms.filter(|(_, own)| own.room.is_sound) {
        let mut warn = |line: usize, key: &str, text: String| {
            let file = effective.file_name();
            let text = format!("{file}:{line}: room.{key}: warning: {text}");
            warnings.push(Problem { line, text });
        };
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
