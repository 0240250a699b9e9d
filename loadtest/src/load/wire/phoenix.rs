//! Messages in both versions of the Phoenix Channels protocol.
//!
//! A client's messages are written straight into frames. A server's messages that are not plain
//! deliveries are parsed.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::websocket::{self, opcode};

/// The version of the protocol that a run speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    /// Version 1.0.0: messages are JSON objects, as in phoenix.js up to 1.2.
    V1,
    /// Version 2.0.0: messages are JSON arrays.
    #[default]
    V2,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Version::V1 => "1.0.0",
            Version::V2 => "2.0.0",
        })
    }
}

impl FromStr for Version {
    type Err = String;

    fn from_str(text: &str) -> Result<Version, String> {
        match text {
            "1.0.0" | "1" => Ok(Version::V1),
            "2.0.0" | "2" => Ok(Version::V2),
            _ => Err("Phoenix knows 1.0.0 and 2.0.0".to_owned()),
        }
    }
}

/// The ref of a connection's first join, and so the join ref of the messages on that channel. Later
/// refs count up from it.
pub const JOIN_REF: u32 = 1;

/// Appends a push to `out`, as one masked frame. Topic and event are quoted JSON, the payload is
/// JSON.
pub fn push(out: &mut Vec<u8>, version: Version, mask: [u8; 4], message: &Push<'_>) {
    let reference = message.reference.to_string();
    let (reference, topic, event) = (reference.as_bytes(), message.topic, message.event);
    match version {
        Version::V2 => {
            let join_ref = message
                .join_ref
                .map_or("null".to_owned(), |join_ref| format!("\"{join_ref}\""));
            let parts = [
                b"[",
                join_ref.as_bytes(),
                b",\"",
                reference,
                b"\",",
                topic,
                b",",
                event,
                b",",
                message.payload,
                b"]",
            ];
            websocket::write(out, opcode::TEXT, mask, &parts);
        }
        Version::V1 => {
            let parts: [&[u8]; 9] = [
                b"{\"topic\":",
                topic,
                b",\"event\":",
                event,
                b",\"payload\":",
                message.payload,
                b",\"ref\":\"",
                reference,
                b"\"}",
            ];
            websocket::write(out, opcode::TEXT, mask, &parts);
        }
    }
}

/// A message that a client sends.
#[derive(Clone, Copy, Debug)]
pub struct Push<'a> {
    /// The message's ref, sent as a string.
    pub reference: u32,
    /// The topic, as JSON.
    pub topic: &'a [u8],
    /// The event, as JSON.
    pub event: &'a [u8],
    /// The payload, as JSON.
    pub payload: &'a [u8],
    /// The ref of the join that the message belongs to. `None` if it belongs to the connection.
    pub join_ref: Option<u32>,
}

/// A server's message, parsed.
#[derive(Debug)]
pub struct Incoming<'a> {
    /// The join ref of the message. `None` if it has none or no number, and always in version 1.
    pub join_ref: Option<u32>,
    /// The ref as a number. `None` if it has none or no number.
    pub reference: Option<u32>,
    /// The topic.
    pub topic: Cow<'a, str>,
    /// The event.
    pub event: Cow<'a, str>,
    /// The payload as JSON.
    pub payload: &'a RawValue,
}

/// The status of a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// The status "ok".
    Ok,
    /// Any other status, with the reason or the whole response.
    Error(String),
}

#[derive(Deserialize)]
struct V1Message<'a> {
    #[serde(borrow)]
    topic: Cow<'a, str>,
    #[serde(borrow)]
    event: Cow<'a, str>,
    #[serde(borrow)]
    payload: &'a RawValue,
    #[serde(borrow, rename = "ref")]
    reference: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct V2Message<'a>(
    #[serde(borrow)] &'a RawValue,
    #[serde(borrow)] Option<Cow<'a, str>>,
    #[serde(borrow)] Cow<'a, str>,
    #[serde(borrow)] Cow<'a, str>,
    #[serde(borrow)] &'a RawValue,
);

#[derive(Deserialize)]
struct Reply<'a> {
    #[serde(borrow)]
    status: Cow<'a, str>,
    #[serde(default)]
    response: serde_json::Value,
}

impl<'a> Incoming<'a> {
    /// Parses a text. `None` if it is no message of `version`.
    pub fn parse(version: Version, text: &'a [u8]) -> Option<Incoming<'a>> {
        let number = |reference: Option<Cow<'_, str>>| reference?.parse().ok();
        Some(match version {
            Version::V1 => {
                let message: V1Message<'a> = serde_json::from_slice(text).ok()?;
                Incoming {
                    join_ref: None,
                    reference: number(message.reference),
                    topic: message.topic,
                    event: message.event,
                    payload: message.payload,
                }
            }
            Version::V2 => {
                let V2Message(join_ref, reference, topic, event, payload) =
                    serde_json::from_slice(text).ok()?;
                Incoming {
                    join_ref: join_ref.get().trim_matches('"').parse().ok(),
                    reference: number(reference),
                    topic,
                    event,
                    payload,
                }
            }
        })
    }

    /// Returns the status of a reply, or `None` if the message is no reply.
    pub fn reply(&self) -> Option<Status> {
        if self.event != "phx_reply" {
            return None;
        }
        let Ok(reply) = serde_json::from_str::<Reply<'_>>(self.payload.get()) else {
            return Some(Status::Error("a reply without a status".to_owned()));
        };
        if reply.status == "ok" {
            return Some(Status::Ok);
        }
        let reason = reason_with_code(&reply.response);
        Some(Status::Error(
            reason.unwrap_or_else(|| shortened(&reply.response.to_string())),
        ))
    }
}

/// Returns the reason of a refusal, with its code if it has one, as in `token expired
/// (token_expired)`. `None` if the refusal has no reason in words.
pub fn reason_with_code(refusal: &serde_json::Value) -> Option<String> {
    let text = |name| refusal.get(name).and_then(serde_json::Value::as_str);
    let reason = shortened(text("reason")?);
    Some(match text("code") {
        Some(code) => format!("{reason} ({})", shortened(code)),
        None => reason,
    })
}

/// Returns a reason in at most 120 visible characters, because reasons are counted and shown.
fn shortened(text: &str) -> String {
    const CHARACTERS_MAX: usize = 120;
    let visible = text.chars().map(|character| {
        if character.is_control() {
            ' '
        } else {
            character
        }
    });
    let mut short: String = visible.take(CHARACTERS_MAX).collect();
    if text.chars().nth(CHARACTERS_MAX).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pushed(version: Version, join_ref: Option<u32>) -> String {
        let mut out = Vec::new();
        let message = Push {
            reference: 7,
            topic: b"\"room:a\"",
            event: b"\"new_msg\"",
            payload: b"{}",
            join_ref,
        };
        push(&mut out, version, [0; 4], &message);
        String::from_utf8(out[6..].to_vec()).unwrap()
    }

    #[test]
    fn push_is_what_phoenix_js_sends() {
        assert_eq!(
            pushed(Version::V2, Some(1)),
            r#"["1","7","room:a","new_msg",{}]"#
        );
        assert_eq!(
            pushed(Version::V2, None),
            r#"[null,"7","room:a","new_msg",{}]"#
        );
        let v1 = r#"{"topic":"room:a","event":"new_msg","payload":{},"ref":"7"}"#;
        assert_eq!(pushed(Version::V1, Some(1)), v1);
    }

    #[test]
    fn reply_is_ok_or_has_its_reason() {
        let table = [
            (
                r#"["1","7","t","phx_reply",{"status":"ok","response":{}}]"#,
                Some(Status::Ok),
            ),
            (
                r#"["1","7","t","phx_reply",{"response":{"reason":"autho\"rized"},"status":"error"}]"#,
                Some(Status::Error("autho\"rized".into())),
            ),
            (
                r#"[null,"7","t","phx_reply",{"response":["full"],"status":"error"}]"#,
                Some(Status::Error("[\"full\"]".into())),
            ),
            (
                r#"["1","7","t","phx_reply",{"status":"error","response":{"reason":"token expired","code":"token_expired"}}]"#,
                Some(Status::Error("token expired (token_expired)".into())),
            ),
            (
                r#"["1","7","t","phx_reply",[]]"#,
                Some(Status::Error("a reply without a status".into())),
            ),
            (r#"["1","7","t","news",{}]"#, None),
        ];
        for (text, expected) in table {
            let incoming = Incoming::parse(Version::V2, text.as_bytes()).unwrap();
            assert_eq!(
                (incoming.reference, incoming.reply()),
                (Some(7), expected),
                "{text}"
            );
            assert_eq!(
                incoming.join_ref.is_none(),
                text.starts_with("[null"),
                "{text}"
            );
        }
        let v1 = br#"{"topic":"t","ref":"7","payload":{"status":"ok","response":{}},"event":"phx_reply"}"#;
        assert_eq!(
            Incoming::parse(Version::V1, v1).unwrap().reply(),
            Some(Status::Ok)
        );
        assert!(Incoming::parse(Version::V2, b"[1,2]").is_none());
    }
}
