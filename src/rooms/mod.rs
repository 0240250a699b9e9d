//! Rooms that come with lobbyd, over the public channel API: by rules, and the tutorial's.

mod admit;
mod declared;
mod push_grants;
mod rate;
mod rules;
mod tutorial;

pub use declared::DeclaredRoom;
#[cfg(feature = "program")]
pub(crate) use rules::JoinWord;
pub use rules::{EventName, EventRule, JoinRule, PushRule, Relay, RoomRules, is_reserved};
pub use tutorial::{RoomChannel, tutorial};

use crate::channel::UserSocket;
pub use crate::channel::{Rate, TopicRates};

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
/// rule is for a reserved event or can never fit, as [`DeclaredRoom::new`] does. If a room can
/// never be reached, because a room before it has all its topics.
pub fn declare(socket: UserSocket, rooms: impl IntoIterator<Item = RoomRules>) -> UserSocket {
    let rooms: Vec<RoomRules> = rooms.into_iter().collect();
    for (at, room) in rooms.iter().enumerate() {
        let is_covered = rooms[..at].iter().any(|earlier| earlier.covers(room));
        let topic = &room.topic;
        assert!(!is_covered, "a room before {topic:?} has all its topics");
    }
    rooms.into_iter().fold(socket, |socket, rules| {
        let topic = rules.topic.clone();
        socket.channel(&topic, DeclaredRoom::new(rules))
    })
}
