//! A client that speaks either version, so that one test can run with both.

use std::ops::{Deref, DerefMut};

use lobbyd::server::Running;
use serde_json::{Value, json};
use testkit::{Client, connect_to};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    V1,
    V2,
}

pub const BOTH: [Version; 2] = [Version::V1, Version::V2];

impl Version {
    pub fn vsn(self) -> &'static str {
        match self {
            Version::V1 => "1.0.0",
            Version::V2 => "2.0.0",
        }
    }
}

/// The join ref of [`Peer::join`]. It differs from every ref, so that a server which confuses them
/// fails.
pub const JOIN_REF: &str = "11";

/// A client of one version. In V1 the join refs given here are neither sent nor expected.
pub struct Peer {
    client: Client,
    version: Version,
}

impl Deref for Peer {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl DerefMut for Peer {
    fn deref_mut(&mut self) -> &mut Client {
        &mut self.client
    }
}

impl Peer {
    pub fn connect(server: &Running, version: Version) -> Peer {
        Peer::connect_at(server, version, "/socket/websocket", "")
    }

    /// Connects at `path` with `more` parameters, each with its `&`.
    pub fn connect_at(server: &Running, version: Version, path: &str, more: &str) -> Peer {
        let target = format!("{path}?vsn={}{more}", version.vsn());
        Peer {
            client: connect_to(server.local_addr(), &target),
            version,
        }
    }

    fn message(
        &self,
        join_ref: Value,
        reference: Value,
        topic: &str,
        event: &str,
        payload: Value,
    ) -> Value {
        match self.version {
            Version::V1 => {
                json!({"topic": topic, "event": event, "payload": payload, "ref": reference})
            }
            Version::V2 => json!([join_ref, reference, topic, event, payload]),
        }
    }

    pub fn send_as(
        &mut self,
        join_ref: impl Into<Value>,
        reference: impl Into<Value>,
        topic: &str,
        event: &str,
        payload: Value,
    ) {
        let message = self.message(join_ref.into(), reference.into(), topic, event, payload);
        self.client.send(message);
    }

    #[track_caller]
    pub fn expect_message(
        &mut self,
        join_ref: impl Into<Value>,
        reference: impl Into<Value>,
        topic: &str,
        event: &str,
        payload: Value,
    ) {
        let message = self.message(join_ref.into(), reference.into(), topic, event, payload);
        assert_eq!(self.client.json(), message);
    }

    /// Sends an event on the join that [`Peer::join`] made.
    pub fn say(&mut self, reference: &str, topic: &str, event: &str, payload: Value) {
        self.send_as(JOIN_REF, reference, topic, event, payload);
    }

    #[track_caller]
    pub fn join(&mut self, topic: &str) {
        self.join_with(topic, json!({}));
        self.expect_reply("1", topic, "ok", json!({}));
    }

    /// Sends a join with the ref `"1"`.
    pub fn join_with(&mut self, topic: &str, params: Value) {
        self.say("1", topic, "phx_join", params);
    }

    #[track_caller]
    pub fn expect_reply(&mut self, reference: &str, topic: &str, status: &str, response: Value) {
        self.expect_reply_as(JOIN_REF, reference, topic, status, response);
    }

    #[track_caller]
    pub fn expect_reply_as(
        &mut self,
        join_ref: impl Into<Value>,
        reference: impl Into<Value>,
        topic: &str,
        status: &str,
        response: Value,
    ) {
        let payload = json!({"status": status, "response": response});
        self.expect_message(join_ref, reference, topic, "phx_reply", payload);
    }

    #[track_caller]
    pub fn expect_unmatched(&mut self, reference: impl Into<Value>, topic: &str) {
        self.expect_reply_as(
            (),
            reference,
            topic,
            "error",
            json!({"reason": "unmatched topic"}),
        );
    }

    #[track_caller]
    pub fn expect_push(&mut self, topic: &str, event: &str, payload: Value) {
        self.expect_message(JOIN_REF, (), topic, event, payload);
    }

    #[track_caller]
    pub fn expect_broadcast(&mut self, topic: &str, event: &str, payload: Value) {
        self.expect_message((), (), topic, event, payload);
    }

    #[track_caller]
    pub fn expect_close(&mut self, topic: &str) {
        self.expect_end(topic, "phx_close", json!({}));
    }

    #[track_caller]
    pub fn expect_error(&mut self, topic: &str) {
        self.expect_end(topic, "phx_error", json!({"reason": "channel_crash"}));
    }

    /// Asserts the end of a channel, whose message has the join ref both as join ref and as ref. A
    /// client of V1 sent no join ref, so both are null.
    #[track_caller]
    fn expect_end(&mut self, topic: &str, event: &str, payload: Value) {
        let wire = match self.version {
            Version::V1 => Value::Null,
            Version::V2 => Value::from(JOIN_REF),
        };
        self.expect_message(wire.clone(), wire, topic, event, payload);
    }

    /// Asserts that no further frame has come. The answer to a heartbeat may overtake messages that
    /// are published meanwhile.
    #[track_caller]
    pub fn expect_silence(&mut self) {
        self.send_as((), "hb", "phoenix", "heartbeat", json!({}));
        self.expect_reply_as((), "hb", "phoenix", "ok", json!({}));
    }

    /// Asserts that no further frame was sent to the joined `topic`. Unlike a heartbeat's answer, a
    /// channel's answer comes after all messages published there before.
    #[track_caller]
    pub fn expect_silence_in(&mut self, topic: &str) {
        self.say("quiet", topic, "status", json!({}));
        self.expect_reply("quiet", topic, "ok", json!({}));
    }
}
