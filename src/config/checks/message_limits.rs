//! Bounds in bytes that the largest message of a client has to fit into.
//!
//! A smaller bound is refused, because such a message would never pass. Where the limit is only
//! observed, the bound cuts nobody and is taken with a warning.

use super::room_checks::largest_payload;
use crate::config::effective::Effective;
use crate::config::tree::Config;
use crate::rooms::JoinRule;
use crate::server::Limit;

/// A bound that is too small.
pub(super) struct MessageLimit {
    pub path: &'static str,
    /// The settings that contradict it.
    pub with: &'static [&'static str],
    /// False if the limit is only observed, and so cuts nobody.
    pub bites: bool,
    limit: Limit,
    why: String,
    /// The values that would do.
    enough: String,
}

impl MessageLimit {
    /// Returns the text of the problem.
    pub fn refused(&self) -> String {
        let (why, enough, name) = (&self.why, &self.enough, self.limit.name());
        let or_observe = match self.limit.protects_memory() {
            true => String::new(),
            false => format!(", or limits.{name}.mode = \"observe\""),
        };
        format!("{why}; expected {enough}{or_observe}")
    }

    /// Returns the text of the warning.
    pub fn observed(&self) -> String {
        let (why, enough) = (&self.why, &self.enough);
        format!("with mode = \"enforce\" {why}; that mode takes {enough}")
    }
}

/// Returns all bounds that are too small.
pub(super) fn message_limits(effective: &Effective) -> Vec<MessageLimit> {
    let config = &effective.config;
    let found = [of_burst(config), of_room(effective), of_partial(config)];
    found.into_iter().flatten().collect()
}

/// A message that is larger than the burst puts its client into debt, and a client that is in debt
/// for too long is closed.
fn of_burst(config: &Config) -> Option<MessageLimit> {
    let (limit, limits) = (Limit::BytesPerSecond, &config.limits);
    let message = limits.max(Limit::MessageBytes);
    let (burst, rate, over_ms) = (limits.burst(limit), limits.max(limit), limits.over_ms());
    let least = message.saturating_sub(rate * over_ms / 1_000);
    (burst < least).then(|| MessageLimit {
        path: "limits.bytes_per_second.burst",
        with: &[
            "limits.bytes_per_second.max",
            "limits.messages_per_second.over_ms",
            "limits.message_bytes.max",
        ],
        bites: !limits.observe.contains(limit),
        limit,
        why: format!(
            "a client is closed with 1008 for one message of limits.message_bytes.max, {message}: what is over the burst, \
             {burst}, takes longer than limits.messages_per_second.over_ms, {over_ms} ms, at {rate} bytes a second"
        ),
        enough: format!("a burst of at least {least}"),
    })
}

/// A payload larger than the burst of its room never passes. The limit is the rate and the burst of
/// each room that sets no rate.
fn of_room(effective: &Effective) -> Option<MessageLimit> {
    let (limit, config) = (Limit::RoomBytesPerSecond, &effective.config);
    let message = config.limits.max(Limit::MessageBytes);
    let lines = &effective.room_lines;
    let is_sound = |at: usize| lines.get(at).is_none_or(|own| own.room.is_sound);
    let rooms = config.rooms.iter().enumerate();
    let bounded = rooms.filter(|(at, room)| {
        let rules = &room.rules;
        rules.join == JoinRule::Allow && rules.rates.bytes.is_none() && is_sound(*at)
    });
    let sizes = bounded.filter_map(|(_, room)| {
        let largest = largest_payload(&room.rules, message as usize)?;
        Some((largest as u64, &room.rules.topic))
    });
    let (largest, topic) = sizes.max_by_key(|(largest, _)| *largest)?;
    let most = config.limits.max(limit);
    (most < largest).then(|| MessageLimit {
        path: "limits.room_bytes_per_second.max",
        with: &["limits.message_bytes.max"],
        bites: !config.limits.observe.contains(limit),
        limit,
        why: format!(
            "a payload of {largest} bytes is never relayed in the room {topic:?}, which takes {most} bytes at once"
        ),
        enough: format!("at least {largest}, or a smaller bytes_max of the room's events"),
    })
}

/// An incomplete message counts with all of its bytes.
fn of_partial(config: &Config) -> Option<MessageLimit> {
    let (limit, limits) = (Limit::PartialBytes, &config.limits);
    let (most, message) = (limits.max(limit), limits.max(Limit::MessageBytes));
    let bites = limits.observe.bites_above(limit, most) < message;
    let (factor, though) = match limits.observe.contains(limit) && bites {
        true => (
            16,
            ", because an observed limit that protects memory bites at 16 times its value",
        ),
        false => (1, ""),
    };
    (most < message).then(|| MessageLimit {
        path: "limits.partial_bytes.max",
        with: &["limits.message_bytes.max"],
        bites,
        limit,
        why: format!(
            "a client is closed with 1008 in the middle of a message of limits.message_bytes.max, {message}{though}"
        ),
        enough: format!("at least {}", message.div_ceil(factor)),
    })
}
