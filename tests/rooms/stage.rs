//! A server of rooms by rules, and what its clients say and expect.

use lobbyd::rooms::{EventName, EventRule, Relay, RoomRules, declare};
use lobbyd::server::{HttpLimits, Running, ServerLimits};
use lobbyd::{Reload, Router, UserSocket};
use serde_json::{Value, json};

use crate::support::{Client, serve};

pub const ROOM: &str = "room:a";

pub fn router(rooms: impl IntoIterator<Item = RoomRules>) -> Router {
    Router::new().socket("/socket", declare(UserSocket::new(), rooms))
}

/// Serves `rooms` on two shards.
pub fn serve_rooms(rooms: impl IntoIterator<Item = RoomRules>) -> Running {
    serve(router(rooms))
}

/// `router` with default limits.
pub fn reload_of(router: Router) -> Reload {
    Reload {
        router,
        http_limits: HttpLimits::default(),
        limits: ServerLimits::default(),
    }
}

/// The room with one rule for its events.
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

impl Client {
    /// Pushes `event` with the ref `"5"` of the join that [`Client::join`] made.
    pub fn push(&mut self, event: &str, payload: Value) {
        self.send(json!(["11", "5", ROOM, event, payload]));
    }

    #[track_caller]
    pub fn expect_reply(&mut self, status: &str, response: Value) {
        let payload = json!({"status": status, "response": response});
        self.expect(json!(["11", "5", ROOM, "phx_reply", payload]));
    }

    #[track_caller]
    pub fn expect_error(&mut self, reason: &str) {
        self.expect_reply("error", json!({"reason": reason}));
    }

    #[track_caller]
    pub fn expect_event(&mut self, event: &str, payload: Value) {
        self.expect(json!([null, null, ROOM, event, payload]));
    }

    /// Asks to join, and says whether it was let in; if not, for what reason.
    pub fn try_join(&mut self, topic: &str) -> Result<(), String> {
        self.send(json!(["11", "1", topic, "phx_join", {}]));
        let reply = self.json();
        let payload = &reply[4];
        assert_eq!(reply[3], "phx_reply", "{reply}");
        match payload["status"].as_str() {
            Some("ok") => Ok(()),
            _ => Err(payload["response"]["reason"].as_str().unwrap().to_owned()),
        }
    }

    pub fn leave(&mut self, topic: &str) {
        self.send(json!(["11", "9", topic, "phx_leave", {}]));
        self.expect(json!(["11", "9", topic, "phx_reply", {"status": "ok", "response": {}}]));
        self.expect(json!(["11", "11", topic, "phx_close", {}]));
    }
}
