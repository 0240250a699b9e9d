//! One connection's joined topics, and the protocol's answer to every event.
//!
//! The session stands between the decoder and the app's channels, and does no I/O: it hands all its
//! decisions to its [`Host`], in order. This file sorts messages, `join` admits, `callbacks` runs
//! callbacks, `mail` serves handles, `terminate` ends channels, and `wait` is the line of a channel
//! that waits. `token` and `refresh` take tokens that come in messages, and `expire` sees to their
//! ends. A session is used from one thread and never re-entered.

mod busy;
mod callbacks;
mod expire;
pub(crate) mod expiry;
mod join;
pub(crate) mod joined;
mod mail;
mod refresh;
pub(crate) mod seal_broadcast;
mod sent_tokens;
mod terminate;
#[cfg(test)]
mod tests;
mod token;
mod wait;

use std::sync::Arc;

use expiry::Expiry;
use joined::{Channels, Client, Joined};
use sent_tokens::SentTokens;

use crate::broker::SubscriptionId;
use crate::channel::PushRefusal;
use crate::channel::SessionSettings;
use crate::channel::TopicCredentials;
use crate::channel::contained;
use crate::channel::frames;
use crate::channel::{Assigns, Host};
use crate::credentials::Credentials;
use crate::protocol::{
    DecodeScratch, Fault, Message, Name, PayloadBuf, Ref, Undecodable, Version, has_half_a_pair,
    reason,
};
pub use expiry::Expired;
pub use seal_broadcast::BroadcastFrames;
pub(crate) use seal_broadcast::class_of;

/// Topics of one connection that a log line names.
const TOPICS_SHOWN: usize = 3;

/// Bytes of each of them.
const TOPIC_BYTES_SHOWN: usize = 80;

/// The protocol state of one connection.
///
/// A session with short names and at most one channel, which does not wait, has only its assigns on
/// the heap.
pub struct Session {
    settings: Arc<SessionSettings>,
    /// The values that `connect` assigned; every join starts with a copy.
    assigns: Assigns,
    channels: Channels,
    /// Bytes of all messages that wait, in the lines of this connection's channels.
    waiting_bytes: usize,
    version: Version,
    /// What is known of the client, by its token or its connect callback.
    credentials: Option<Arc<Credentials>>,
    /// True if the client's token was genuine and is over: it has no credentials, and is told so.
    is_told: bool,
    /// When its token is to be seen to next.
    expiry: Expiry,
    /// The tokens that came in messages. `None` if none came.
    sent: Option<Box<SentTokens>>,
}

impl Session {
    /// Returns the session of a connection that speaks `version`, with the values that `connect`
    /// assigned.
    pub fn new(version: Version, settings: Arc<SessionSettings>, assigns: Assigns) -> Self {
        Self {
            settings,
            assigns,
            channels: Channels::new(),
            waiting_bytes: 0,
            version,
            credentials: None,
            is_told: false,
            expiry: Expiry::NEVER,
            sent: None,
        }
    }

    /// Returns what is known of the client.
    pub fn credentials(&self) -> Option<&Arc<Credentials>> {
        self.credentials.as_ref()
    }

    /// True if `judge` is of any credentials of the client: the connection's, and those of tokens
    /// that are good for one topic alone.
    pub fn any_credentials(&self, judge: impl Fn(&Credentials) -> bool) -> bool {
        if self.credentials.as_deref().is_some_and(&judge) {
            return true;
        }
        // Only tokens that came in messages are for one topic.
        let channels = self
            .sent
            .as_ref()
            .map_or(&[][..], |_| self.channels.as_slice());
        let mut own = channels.iter().filter_map(|joined| joined.assigns.get());
        own.any(|TopicCredentials(own)| judge(own))
    }

    /// Returns what all channels know of the client.
    fn client(&self) -> Client<'_> {
        Client {
            version: self.version,
            credentials: self.credentials.as_ref(),
            is_told: self.is_told,
        }
    }

    /// Returns the version that the client speaks.
    #[cfg(feature = "engine")]
    pub fn version(&self) -> Version {
        self.version
    }

    /// Switches to new settings of the mount after a hot reload. If one of the new routes matches a
    /// topic, that route's channel serves the topic from now on, with the present assigns. Any
    /// other topic keeps its channel until the channel ends. A channel keeps the intercepted events
    /// of its join.
    pub fn reload(&mut self, settings: &Arc<SessionSettings>) {
        for joined in self.channels.as_mut_slice() {
            if let Some(route) = settings.routes.route_of(&joined.topic) {
                joined.route = Arc::clone(route);
            }
        }
        self.settings = Arc::clone(settings);
        if self.settings.token_policy.is_none() {
            // The mount looks at no tokens any longer, so none of them ends anything.
            self.expiry = Expiry::NEVER;
        }
    }

    /// Returns the beginnings of the first few joined topics, for a log. A subscriber escapes the
    /// text if it is recorded as a string.
    pub fn topics_shown(&self) -> String {
        let topics = self.channels.as_slice();
        let shown = |joined: &Joined| {
            let topic = &*joined.topic;
            topic[..topic.floor_char_boundary(TOPIC_BYTES_SHOWN)].to_owned()
        };
        let mut text = (topics.iter().take(TOPICS_SHOWN).map(shown))
            .collect::<Vec<_>>()
            .join(", ");
        if topics.len() > TOPICS_SHOWN {
            text += &format!(" and {} more", topics.len() - TOPICS_SHOWN);
        }
        text
    }

    /// Returns the number of topics that are joined or being joined.
    pub fn channels_len(&self) -> usize {
        self.channels.as_slice().len()
    }

    /// Takes one whole text message from the client. A message that cannot be read is answered with
    /// an error if its refs and its topic can be.
    ///
    /// Fails only for a message that cannot be answered either. The caller then closes the
    /// connection, as Phoenix does for every message that it cannot read.
    pub fn text(
        &mut self,
        text: &str,
        scratch: &mut DecodeScratch,
        host: &mut dyn Host,
    ) -> Result<(), Undecodable> {
        match self.version.decode_text(text, scratch) {
            Ok(message) => self.received(&message, host),
            Err(cause) => return self.unreadable_text(text, cause, scratch, host),
        }
        Ok(())
    }

    /// Takes one whole binary message from the client. Fails as [`text`](Self::text) does.
    pub fn binary(
        &mut self,
        bytes: &[u8],
        scratch: &mut DecodeScratch,
        host: &mut dyn Host,
    ) -> Result<(), Undecodable> {
        match self.version.decode_binary(bytes, scratch) {
            Ok(message) => self.received(&message, host),
            Err(cause) => {
                let fault = self.version.fault_in_binary(bytes, scratch);
                self.faulty(&fault.ok_or(cause)?, &cause.to_string(), host);
            }
        }
        Ok(())
    }

    /// Handles a message, or puts the message in the line of a channel that waits.
    fn received(&mut self, message: &Message<'_>, host: &mut dyn Host) {
        if self.settings.token_policy.is_some() && self.is_refresh(message) {
            return self.refresh(message, host);
        }
        let topic = message.topic.as_str();
        let found = topic.and_then(|topic| self.channels.with_topic(topic));
        match dispatch(message, found) {
            Dispatch::Heartbeat => self.answer(&Ref::NULL, message, "ok", PayloadBuf::EMPTY, host),
            Dispatch::Join => self.join(message, host),
            Dispatch::LeaveUnjoined => {
                self.answer(&message.join_ref, message, "ok", PayloadBuf::EMPTY, host);
            }
            Dispatch::Unmatched => {
                host.push_refused(topic, message.event.as_str(), PushRefusal::Unmatched);
                self.unmatched(message, host);
            }
            Dispatch::Wait(id) => self.wait_in_line(id, message, host),
            Dispatch::JoinAgain(id) => {
                self.make_way(id, host);
                self.join(message, host);
            }
            Dispatch::Stale => {
                if let Some(joined) = found {
                    let of_channel = joined.refs.wire();
                    host.stale_dropped(&joined.topic, of_channel, &message.join_ref);
                }
            }
            Dispatch::Leave(id) => self.leave(id, &message.reference, host),
            Dispatch::Event(id) => self.event(id, message, host),
        }
    }

    #[cold]
    fn unreadable_text(
        &self,
        text: &str,
        cause: Undecodable,
        scratch: &mut DecodeScratch,
        host: &mut dyn Host,
    ) -> Result<(), Undecodable> {
        let fault = self.version.fault_in_text(text, scratch).ok_or(cause)?;
        let why = match has_half_a_pair(text) {
            true => "half of a surrogate pair is no character".to_owned(),
            false => cause.to_string(),
        };
        self.faulty(&fault, &why, host);
        Ok(())
    }

    /// Answers a message of which only the refs and the topic can be read. The fault lies in that
    /// message alone: stock clients come back from a Close at once, with that very message.
    #[cold]
    fn faulty(&self, fault: &Fault<'_>, why: &str, host: &mut dyn Host) {
        let Fault {
            join_ref,
            reference,
            topic,
        } = fault;
        host.push_refused(topic.as_str(), None, PushRefusal::Unreadable);
        let response = reason(&format!("message cannot be read: {why}"));
        self.reply(join_ref, reference, topic, "error", response, host);
    }

    /// Answers a message for an unmatched topic. As in Phoenix the answer has a null `join_ref`,
    /// whatever the message had.
    fn unmatched(&self, message: &Message<'_>, host: &mut dyn Host) {
        self.answer(
            &Ref::NULL,
            message,
            "error",
            reason("unmatched topic"),
            host,
        );
    }

    /// Sends a reply that comes from no channel. Sends nothing if the reply has no form in the
    /// client's version. No known client sends a message that leads to such a reply.
    fn answer(
        &self,
        join_ref: &Ref,
        message: &Message<'_>,
        status: &str,
        response: PayloadBuf,
        host: &mut dyn Host,
    ) {
        let (reference, topic) = (&message.reference, &message.topic);
        self.reply(join_ref, reference, topic, status, response, host);
    }

    fn reply(
        &self,
        join_ref: &Ref,
        reference: &Ref,
        topic: &Name<'_>,
        status: &str,
        response: PayloadBuf,
        host: &mut dyn Host,
    ) {
        let version = self.version;
        let encode = |out: &mut Vec<u8>| {
            version.encode_reply(out, join_ref, reference, topic, status, &response)
        };
        match frames::sealed(encode) {
            Ok(frame) => host.send(frame, None),
            Err(why) => tracing::debug!(%why, "no answer to a client"),
        }
    }
}

/// The kind of work that a message asks for, by the connection's joined topics. The first kind in
/// this order that fits counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dispatch {
    /// A heartbeat, which is always answered.
    Heartbeat,
    /// A join of a topic that is not joined.
    Join,
    /// A leave of a topic that is not joined. The answer is the same as for a joined topic.
    LeaveUnjoined,
    /// Any other message for a topic that is not joined.
    Unmatched,
    /// Any message for a topic whose channel waits for a job, or for the moment of its join: the
    /// message waits in line.
    Wait(SubscriptionId),
    /// A join of a topic that is joined: the old channel ends, then the new one joins.
    JoinAgain(SubscriptionId),
    /// A message that belongs to an earlier join of the topic. Ignored without an answer.
    Stale,
    /// A leave.
    Leave(SubscriptionId),
    /// An event for the channel.
    Event(SubscriptionId),
}

/// Returns the kind of work that `message` asks for. `found` is the connection's channel for the
/// message's topic.
fn dispatch(message: &Message<'_>, found: Option<&Joined>) -> Dispatch {
    let event = message.event.as_str();
    if message.topic.as_str() == Some("phoenix") && event == Some("heartbeat") {
        return Dispatch::Heartbeat;
    }
    let Some(found) = found else {
        return match event {
            Some("phx_join") => Dispatch::Join,
            Some("phx_leave") => Dispatch::LeaveUnjoined,
            _ => Dispatch::Unmatched,
        };
    };
    // A null join_ref belongs to the present join (Phoenix since 1.8.12); an empty string does not.
    let is_current = message.join_ref.is_null() || message.join_ref == *found.refs.wire();
    match event {
        // A message in line may become stale, so its `join_ref` is looked at only when all items
        // before it are done.
        _ if found.busy.is_some() => Dispatch::Wait(found.id),
        Some("phx_join") => Dispatch::JoinAgain(found.id),
        _ if !is_current => Dispatch::Stale,
        Some("phx_leave") => Dispatch::Leave(found.id),
        _ => Dispatch::Event(found.id),
    }
}

/// The reason why a channel or a join crashed: the text of a panic, or the rule that was broken.
pub(super) struct Crash(String);

/// Runs app code, and catches its panic. State that a panic leaves half done belongs to the app:
/// assigns end with the channel, and state shared by channels has locks that poison.
fn guarded<T>(callback: impl FnOnce() -> T) -> Result<T, Crash> {
    contained(callback).map_err(Crash)
}
