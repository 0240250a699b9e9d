//! The script of the connections: topics, joins and payloads.
//!
//! Topics and payloads are made from templates, so that the channels of any app can be driven.

use serde_json::Value;
use thiserror::Error;

use crate::load::wire::phoenix::Version;
use crate::load::wire::tag::{Marker, TAG_LEN, Tag};

/// The messages of a run: topics, join payload, event and payload.
#[derive(Clone, Debug)]
pub struct Script {
    version: Version,
    topic: String,
    /// The topic of lobby 0, if it is not made from `topic`.
    first_topic: Option<String>,
    join_payload: String,
    event: Box<[u8]>,
    /// The payload's JSON before and, below, behind the text.
    before: Box<[u8]>,
    behind: Box<[u8]>,
    text_len: usize,
    /// The text in place of `{body}`: tag and filler. Empty until the run's marker is known.
    text: Box<[u8]>,
}

/// The reason why a template cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ScriptError {
    /// The payload has no place for the text, or more than one.
    #[error(
        "--payload needs {{body}} once, as text inside a string: the message's number stands there (got {0})"
    )]
    NoBody(String),
    /// A template is not JSON.
    #[error("{flag} is not JSON: {error} (got {text})")]
    NotJson {
        /// The flag that gave the template.
        flag: &'static str,
        /// The parser's message.
        error: String,
        /// The template as typed.
        text: String,
    },
    /// The text is too short for a tag.
    #[error("--bytes {0} is too short: a message's number and time take {TAG_LEN}")]
    TooShort(usize),
    /// Several lobbies would have the same topic.
    #[error(
        "--topics {0} needs a --topic with {{lobby}} in it, as in room:{{lobby}}, or all lobbies are one"
    )]
    OneTopic(u32),
}

/// Stands in a payload template for the text.
const BODY: &str = "{body}";
/// Stands in a topic or a join payload for the lobby's number.
const LOBBY: &str = "{lobby}";

impl Script {
    /// Makes a script from templates as typed, for `topics` lobbies.
    ///
    /// # Errors
    /// The first template that cannot be used, and the reason.
    pub fn new(words: Words<'_>, topics: u32) -> Result<Script, ScriptError> {
        let Words {
            version,
            topic,
            join_payload,
            event,
            payload,
            text_len,
        } = words;
        if topics > 1 && !topic.contains(LOBBY) {
            return Err(ScriptError::OneTopic(topics));
        }
        is_json(
            "--join-payload",
            join_payload,
            &join_payload.replace(LOBBY, "0"),
        )?;
        is_json("--payload", payload, &payload.replace(BODY, "x"))?;
        let no_body = || ScriptError::NoBody(payload.to_owned());
        let (before, behind) = payload.split_once(BODY).ok_or_else(no_body)?;
        let inside_a_string =
            is_json("--payload", payload, &payload.replace(BODY, "\\u0041")).is_ok();
        if behind.contains(BODY) || !inside_a_string {
            return Err(no_body());
        }
        if text_len < TAG_LEN {
            return Err(ScriptError::TooShort(text_len));
        }
        Ok(Script {
            version,
            topic: topic.to_owned(),
            first_topic: None,
            join_payload: join_payload.to_owned(),
            event: quoted(event).into(),
            before: before.as_bytes().into(),
            behind: behind.as_bytes().into(),
            text_len,
            text: Box::default(),
        })
    }

    /// Returns the version of the protocol.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Returns random letters and digits, which follow the tag in every text.
    pub fn filler(&self, random: &mut fastrand::Rng) -> Box<[u8]> {
        let letters = b"abcdefghijklmnopqrstuvwxyz0123456789";
        (TAG_LEN..self.text_len)
            .map(|_| letters[random.usize(..letters.len())])
            .collect()
    }

    /// Returns the script with its text, made from `marker` and `filler`.
    pub(super) fn with_text(mut self, marker: Marker, filler: Box<[u8]>) -> Script {
        let mut text = vec![0; TAG_LEN];
        let (stream, sequence, intended_ns) = (0, 0, 0);
        Tag {
            stream,
            sequence,
            intended_ns,
        }
        .write(marker, &mut text);
        text.extend(filler);
        self.text = text.into();
        self
    }

    /// Returns the script with another topic for lobby 0.
    pub fn with_first_topic(mut self, topic: &str) -> Script {
        self.first_topic = Some(topic.to_owned());
        self
    }

    /// Returns the topic of a lobby.
    pub fn topic(&self, lobby: u32) -> String {
        let first = self.first_topic.as_ref().filter(|_| lobby == 0);
        first
            .unwrap_or(&self.topic)
            .replace(LOBBY, &lobby.to_string())
    }

    pub(super) fn quoted_topic(&self, lobby: u32) -> Vec<u8> {
        quoted(&self.topic(lobby))
    }

    /// Returns the payload of a lobby's joins.
    pub fn join_payload(&self, lobby: u32) -> String {
        self.join_payload.replace(LOBBY, &lobby.to_string())
    }

    pub(super) fn event(&self) -> &[u8] {
        &self.event
    }

    /// Writes a payload with `tag` in its text into `payload`, in place of its old bytes.
    pub(super) fn write_payload(&mut self, marker: Marker, tag: Tag, payload: &mut Vec<u8>) {
        tag.write(marker, &mut self.text[..TAG_LEN]);
        payload.clear();
        for part in [&self.before, &self.text, &self.behind] {
            payload.extend_from_slice(part);
        }
    }
}

/// Templates as typed.
#[derive(Clone, Copy, Debug)]
pub struct Words<'a> {
    /// The version of the protocol.
    pub version: Version,
    /// The topic; `{lobby}` is the lobby's number.
    pub topic: &'a str,
    /// The payload of joins, as JSON.
    pub join_payload: &'a str,
    /// The event that is pushed.
    pub event: &'a str,
    /// The payload of pushes, as JSON with `{body}` in a string.
    pub payload: &'a str,
    /// Bytes of the text in place of `{body}`.
    pub text_len: usize,
}

fn is_json(flag: &'static str, typed: &str, text: &str) -> Result<(), ScriptError> {
    match serde_json::from_str::<Value>(text) {
        Ok(_) => Ok(()),
        Err(error) => Err(ScriptError::NotJson {
            flag,
            error: error.to_string(),
            text: typed.to_owned(),
        }),
    }
}

fn quoted(text: &str) -> Vec<u8> {
    Value::from(text).to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: Words<'_> = Words {
        version: Version::V2,
        topic: "room:lobby",
        join_payload: "{}",
        event: "new_msg",
        payload: r#"{"body":"{body}"}"#,
        text_len: 64,
    };

    #[test]
    fn payload_has_the_tag_and_as_many_bytes_as_asked_for() {
        let marker = Marker(*b"ghijklmn");
        let script = Script::new(WORDS, 1).unwrap();
        let filler = script.filler(&mut fastrand::Rng::with_seed(1));
        let mut script = script.with_text(marker, filler);
        let mut payload = Vec::new();
        let tag = Tag {
            stream: 1,
            sequence: 2,
            intended_ns: 3,
        };
        script.write_payload(marker, tag, &mut payload);
        let value: Value = serde_json::from_slice(&payload).unwrap();
        let body = value["body"].as_str().unwrap();
        assert_eq!(body.len(), 64);
        assert_eq!(Tag::read(body.as_bytes().first_chunk().unwrap()), Some(tag));
    }

    #[test]
    fn wrong_template_says_what_is_wrong_with_it() {
        let wrong = |words: Words<'_>, topics| Script::new(words, topics).unwrap_err().to_string();
        assert!(
            wrong(
                Words {
                    payload: "{}",
                    ..WORDS
                },
                1
            )
            .contains("needs {body} once")
        );
        assert!(
            wrong(
                Words {
                    payload: r#"{"a":{body}}"#,
                    ..WORDS
                },
                1
            )
            .contains("--payload")
        );
        assert!(
            wrong(
                Words {
                    payload: r#"{"a":"{body}{body}"}"#,
                    ..WORDS
                },
                1
            )
            .contains("once")
        );
        assert!(
            wrong(
                Words {
                    payload: r#"{"a":"{body}""#,
                    ..WORDS
                },
                1
            )
            .contains("--payload is not JSON")
        );
        assert!(
            wrong(
                Words {
                    join_payload: "{",
                    ..WORDS
                },
                1
            )
            .contains("--join-payload is not JSON")
        );
        assert!(
            wrong(
                Words {
                    text_len: 8,
                    ..WORDS
                },
                1
            )
            .contains("take 38")
        );
        assert!(wrong(WORDS, 2).contains("room:{lobby}"));
        let many = Script::new(
            Words {
                topic: "room:{lobby}",
                ..WORDS
            },
            2,
        )
        .unwrap();
        assert_eq!(many.topic(1), "room:1");
    }
}
