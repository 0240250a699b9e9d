//! Rooms that come with lobbyd, over the public channel API: by rules, and the tutorial's.

mod declared;
mod rate;
mod rules;
mod tutorial;

pub use declared::DeclaredRoom;
#[cfg(feature = "program")]
pub(crate) use rules::JoinWord;
pub use rules::{EventName, EventRule, JoinRule, Rate, Relay, RoomRules, is_reserved};
pub use tutorial::{RoomChannel, tutorial};

use crate::channel::UserSocket;

/// Adds `rooms` to `socket`, each at its topic, behind the channels that the socket has already. A
/// topic is served by the first channel or room that matches it.
///
/// ```
/// use lobbyd::rooms::{declare, tutorial};
/// use lobbyd::{Router, UserSocket};
/// let router = Router::new().socket("/socket", declare(UserSocket::new(), tutorial()));
/// ```
///
/// # Panics
/// If a star stands anywhere but at the end of a topic, as [`UserSocket::channel`] does, or if a
/// rule is for a reserved event, as [`DeclaredRoom::new`] does.
pub fn declare(socket: UserSocket, rooms: impl IntoIterator<Item = RoomRules>) -> UserSocket {
    rooms.into_iter().fold(socket, |socket, rules| {
        let topic = rules.topic.clone();
        socket.channel(&topic, DeclaredRoom::new(rules))
    })
}
