//! The chat room of Phoenix's channels tutorial, by rules and in code.

use super::rules::{EventName, EventRule, Relay, RoomRules};
use crate::{Channel, Handled, Join, Payload, Socket, object, reason};

/// Returns the tutorial's rooms by rules: `room:lobby` is open to everybody, other rooms to nobody.
///
/// A join of another room is refused with the reason `authorized`. This is no slip for
/// "unauthorized": the tutorial's room is specified with that word, and clients compare it.
pub fn tutorial() -> Vec<RoomRules> {
    let new_msg = EventRule {
        relay: Relay::Fields(vec!["body".into()]),
        ..EventRule::relaying(EventName::Named("new_msg".into()))
    };
    let lobby = RoomRules {
        events: vec![new_msg],
        ..RoomRules::open("room:lobby")
    };
    vec![lobby, RoomRules::closed("room:*", "authorized")]
}

/// The tutorial's rooms in code, to be mounted at `room:*`.
pub struct RoomChannel;

impl Channel for RoomChannel {
    fn join(&self, topic: &str, _params: Payload<'_>, _socket: &mut Socket<'_>) -> Join {
        match topic {
            "room:lobby" => Join::ok(),
            _ => Join::error(reason("authorized")),
        }
    }

    fn handle_in(&self, event: &str, payload: Payload<'_>, socket: &mut Socket<'_>) -> Handled {
        match (event, payload.get("body")) {
            ("new_msg", Some(body)) => {
                socket.broadcast("new_msg", object! { "body": body });
                Handled::no_reply()
            }
            ("new_msg", None) => Handled::error(reason("new_msg needs an object with a body")),
            _ => Handled::error(reason(&format!("unknown event {event:?}"))),
        }
    }
}
