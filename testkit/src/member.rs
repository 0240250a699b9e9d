//! A client that has joined `room:a`: its pushes there, and the messages that it expects.

use serde_json::{Value, json};

use crate::client::Client;

pub const ROOM: &str = "room:a";

impl Client {
    /// Pushes `event` with the ref `"5"`, and with the join ref of [`Client::join`].
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

    /// Joins `topic`. Returns the reason of a refusal as the error.
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
