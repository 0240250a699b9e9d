//! A server of rooms with rules.

use lobbyd::rooms::{EventName, EventRule, Relay, RoomRules, declare};
use lobbyd::server::Running;
use lobbyd::{Reload, Router, UserSocket};
use testkit::serve;

pub use testkit::ROOM;

pub fn router(rooms: impl IntoIterator<Item = RoomRules>) -> Router {
    Router::new().socket("/socket", declare(UserSocket::new(), rooms))
}

/// Serves `rooms` on two shards.
pub fn serve_rooms(rooms: impl IntoIterator<Item = RoomRules>) -> Running {
    serve(router(rooms))
}

/// Returns a reload of `router` with default limits.
pub fn reload_of(router: Router) -> Reload {
    Reload::new(router)
}

/// Returns the rules of the room with one rule for its events.
pub fn room_with(rule: EventRule) -> RoomRules {
    RoomRules {
        events: vec![rule],
        ..RoomRules::open(ROOM)
    }
}

pub fn named(event: &str) -> EventRule {
    EventRule::relaying(EventName::Named(event.into()))
}

pub fn any() -> EventRule {
    EventRule::relaying(EventName::Any)
}

pub fn fields(names: &[&str]) -> Relay {
    Relay::Fields(names.iter().map(ToString::to_string).collect())
}
