//! The script of the connections: topics, joins and payloads.
//!
//! Topics and payloads are made from templates, so that the channels of any app can be driven.

use std::sync::Arc;

use serde_json::Value;
use thiserror::Error;

use crate::load::columns::{BadColumns, Columns};
use crate::load::lobby_plan::LobbyPlan;
use crate::load::template::{Escape, Template};
use crate::load::wire::phoenix::Version;
use crate::load::wire::tag::{Marker, TAG_LEN, Tag};

/// The messages of a run: topics, join payload, event and payload.
#[derive(Clone, Debug)]
pub struct Script {
    version: Version,
    topic: String,
    /// The topic of lobby 0, if it is not made from `topic`.
    first_topic: Option<String>,
    join_payload: Template,
    event: Box<[u8]>,
    /// The payload's JSON before and, below, behind the text.
    before: Template,
    behind: Template,
    columns: Arc<Columns>,
    lobbies: LobbyPlan,
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
    #[error("{flag} is not JSON{of_client}: {error}{got}")]
    NotJson {
        /// The flag that gave the template.
        flag: &'static str,
        /// The client with whose values it is not, in words.
        of_client: String,
        /// The parser's message.
        error: String,
        /// The template as typed, in words, if it holds no secret.
        got: String,
    },
    /// A template names a column that does not exist.
    #[error(transparent)]
    Columns(#[from] BadColumns),
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
/// Stands in a topic for the lobby's number.
const LOBBY: &str = "{lobby}";

/// The payload of a publisher's messages, before and behind the text.
#[derive(Clone, Debug, Default)]
pub(super) struct PayloadEnds {
    before: Vec<u8>,
    behind: Vec<u8>,
}

impl Script {
    /// Makes a script from templates as typed, for `clients` in `lobbies`.
    ///
    /// # Errors
    /// The first template that cannot be used, and the reason.
    pub fn new(
        words: Words<'_>,
        columns: &Arc<Columns>,
        lobbies: &LobbyPlan,
        clients: u32,
    ) -> Result<Script, ScriptError> {
        let Words {
            version,
            topic,
            join_payload,
            event,
            payload,
            text_len,
        } = words;
        match lobbies {
            LobbyPlan::Even(topics) if *topics > 1 && !topic.contains(LOBBY) => {
                return Err(ScriptError::OneTopic(*topics));
            }
            _ => {}
        }
        let no_body = || ScriptError::NoBody(payload.to_owned());
        let (before, behind) = payload.split_once(BODY).ok_or_else(no_body)?;
        if behind.contains(BODY) {
            return Err(no_body());
        }
        let json = |flag, text, lobby| Template::parse(flag, text, columns, Escape::Json, lobby);
        let script = Script {
            version,
            topic: topic.to_owned(),
            first_topic: None,
            join_payload: json("--join-payload", join_payload, true)?,
            event: quoted(event).into(),
            before: json("--payload", before, false)?,
            behind: json("--payload", behind, false)?,
            columns: columns.clone(),
            lobbies: lobbies.clone(),
            text_len,
            text: Box::default(),
        };
        script.check_json(payload, clients)?;
        if script.payload_is_json(0, "\\u0041").is_err() {
            return Err(no_body());
        }
        if text_len < TAG_LEN {
            return Err(ScriptError::TooShort(text_len));
        }
        Ok(script)
    }

    /// Checks that joins and messages are JSON with the values of each client.
    fn check_json(&self, payload: &str, clients: u32) -> Result<(), ScriptError> {
        let checked = |template: bool| if template { clients } else { 1 };
        let of_client = |varies: bool, client: u32| match varies {
            true => format!(" with the values of row {}", self.columns.row(client) + 1),
            false => String::new(),
        };
        let varies = self.join_payload.has_columns();
        for client in 0..checked(varies) {
            is_json(&self.join_payload(0, client)).map_err(|error| ScriptError::NotJson {
                flag: "--join-payload",
                of_client: of_client(varies, client),
                error,
                got: String::new(),
            })?;
        }
        let varies = self.payload_varies();
        for client in 0..checked(varies) {
            let written = self.payload_is_json(client, "x");
            written.map_err(|error| ScriptError::NotJson {
                flag: "--payload",
                of_client: of_client(varies, client),
                error,
                got: format!(" (got {payload})"),
            })?;
        }
        Ok(())
    }

    fn payload_is_json(&self, client: u32, body: &str) -> Result<(), String> {
        let PayloadEnds { before, behind } = self.payload_ends(client);
        is_json(&[&before, body.as_bytes(), &behind].concat())
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
        match self.lobbies.topic(lobby) {
            Some(topic) => topic.to_owned(),
            None => first
                .unwrap_or(&self.topic)
                .replace(LOBBY, &lobby.to_string()),
        }
    }

    /// Returns the topic of a lobby as reasons show it: as typed, if it has values of clients.
    pub(super) fn shown_topic(&self, lobby: u32) -> String {
        match self.lobbies {
            LobbyPlan::Even(_) => self.topic(lobby),
            LobbyPlan::ByTopic { .. } => self.topic.clone(),
        }
    }

    pub(super) fn quoted_topic(&self, lobby: u32) -> Vec<u8> {
        quoted(&self.topic(lobby))
    }

    /// Returns the payload of a client's join.
    pub(super) fn join_payload(&self, lobby: u32, client: u32) -> Vec<u8> {
        let mut payload = Vec::new();
        self.join_payload
            .write(&self.columns, lobby, client, &mut payload);
        payload
    }

    pub(super) fn columns(&self) -> &Columns {
        &self.columns
    }

    /// True if values of clients stand in the payload.
    pub(super) fn payload_varies(&self) -> bool {
        self.before.has_columns() || self.behind.has_columns()
    }

    /// Returns what stands around the text in a client's messages.
    pub(super) fn payload_ends(&self, client: u32) -> PayloadEnds {
        let mut ends = PayloadEnds::default();
        let PayloadEnds { before, behind } = &mut ends;
        self.before.write(&self.columns, 0, client, before);
        self.behind.write(&self.columns, 0, client, behind);
        ends
    }

    pub(super) fn event(&self) -> &[u8] {
        &self.event
    }

    /// Writes a payload with `tag` in its text into `payload`, in place of its old bytes.
    pub(super) fn write_payload(
        &mut self,
        marker: Marker,
        tag: Tag,
        ends: &PayloadEnds,
        payload: &mut Vec<u8>,
    ) {
        tag.write(marker, &mut self.text[..TAG_LEN]);
        payload.clear();
        for part in [&*ends.before, &self.text, &ends.behind] {
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

fn is_json(text: &[u8]) -> Result<(), String> {
    let parsed = serde_json::from_slice::<Value>(text);
    parsed.map(drop).map_err(|error| error.to_string())
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

    fn script(words: Words<'_>, topics: u32) -> Result<Script, ScriptError> {
        Script::new(words, &Arc::default(), &LobbyPlan::Even(topics), topics)
    }

    #[test]
    fn payload_has_the_tag_and_as_many_bytes_as_asked_for() {
        let marker = Marker(*b"ghijklmn");
        let script = script(WORDS, 1).unwrap();
        let filler = script.filler(&mut fastrand::Rng::with_seed(1));
        let mut script = script.with_text(marker, filler);
        let mut payload = Vec::new();
        let tag = Tag {
            stream: 1,
            sequence: 2,
            intended_ns: 3,
        };
        let ends = script.payload_ends(0);
        script.write_payload(marker, tag, &ends, &mut payload);
        let value: Value = serde_json::from_slice(&payload).unwrap();
        let body = value["body"].as_str().unwrap();
        assert_eq!(body.len(), 64);
        assert_eq!(Tag::read(body.as_bytes().first_chunk().unwrap()), Some(tag));
    }

    #[test]
    fn wrong_template_says_what_is_wrong_with_it() {
        let wrong = |words: Words<'_>, topics| script(words, topics).unwrap_err().to_string();
        for (payload, part) in [
            ("{}", "needs {body} once"),
            (r#"{"a":{body}}"#, "--payload"),
            (r#"{"a":"{body}{body}"}"#, "once"),
            (r#"{"a":"{body}""#, "--payload is not JSON"),
        ] {
            let error = wrong(Words { payload, ..WORDS }, 1);
            assert!(error.contains(part), "{payload}: {error}");
        }
        let join_payload = Words {
            join_payload: "{",
            ..WORDS
        };
        assert!(wrong(join_payload, 1).contains("--join-payload is not JSON"));
        let text_len = Words {
            text_len: 8,
            ..WORDS
        };
        assert!(wrong(text_len, 1).contains("take 38"));
        assert!(wrong(WORDS, 2).contains("room:{lobby}"));
        let topic = "room:{lobby}";
        let many = script(Words { topic, ..WORDS }, 2).unwrap();
        assert_eq!(many.topic(1), "room:1");
    }
}
