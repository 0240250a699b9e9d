//! The session: what one connection has joined, and the protocol's answer to everything that happens to it.
//!
//! It stands between the decoder and the app's channels and does no I/O: whatever it decides goes to its [`Host`], in
//! order. `dispatch` says what a message is, `join` admits, `callbacks` runs callbacks, `mail` does what
//! handles ask for, `terminate` ends, and `wait` is the line behind a channel that waits for something. A session is used from one thread and never re-entered.

pub(crate) mod broadcast;
mod busy;
mod callbacks;
mod dispatch;
mod join;
pub(crate) mod joined;
mod mail;
mod terminate;
#[cfg(test)]
mod tests;
mod wait;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use dispatch::{Dispatch, Found, dispatch};
use joined::Channels;

use crate::channel::SessionSettings;
use crate::channel::frames;
use crate::channel::panic_text;
use crate::channel::{Assigns, Host};
use crate::protocol::{DecodeScratch, Message, PayloadBuf, Ref, Undecodable, Version, reason};
pub(crate) use broadcast::{BroadcastFrames, class_of};

/// Topics of one connection that a log line names.
const TOPICS_SHOWN: usize = 3;

/// The protocol state of one connection.
///
/// While it has at most one channel that waits for nothing, and short names, it holds no heap but the assigns.
pub struct Session {
    settings: Arc<SessionSettings>,
    /// What `connect` assigned; every join starts with a copy.
    assigns: Assigns,
    channels: Channels,
    /// Bytes that wait in line behind channels that wait.
    waiting_bytes: usize,
    version: Version,
}

impl Session {
    /// The session of a connection that speaks `version`, with what `connect` assigned.
    pub fn new(version: Version, settings: Arc<SessionSettings>, assigns: Assigns) -> Self {
        Self {
            settings,
            assigns,
            channels: Channels::new(),
            waiting_bytes: 0,
            version,
        }
    }

    /// The version that the client speaks.
    #[cfg(feature = "engine")]
    pub fn version(&self) -> Version {
        self.version
    }

    /// Goes on under the settings of a reloaded mount. A topic that one of their routes matches is from now on served by
    /// that route's channel, with what it has assigned; another keeps its own until it ends. What a channel intercepts
    /// stays as it was at its join.
    pub fn reload(&mut self, settings: &Arc<SessionSettings>) {
        for joined in self.channels.as_mut_slice() {
            if let Some(route) = settings.routes.route_of(&joined.topic) {
                joined.route = Arc::clone(route);
            }
        }
        self.settings = Arc::clone(settings);
    }

    /// The topics that are joined, for a log: the first few of them.
    pub fn topics_shown(&self) -> impl fmt::Display + '_ {
        fmt::from_fn(|f| {
            let topics = self.channels.as_slice();
            for (at, joined) in topics.iter().take(TOPICS_SHOWN).enumerate() {
                let comma = if at > 0 { ", " } else { "" };
                write!(f, "{comma}{}", joined.topic)?;
            }
            match topics.len() > TOPICS_SHOWN {
                true => write!(f, " and {} more", topics.len() - TOPICS_SHOWN),
                false => Ok(()),
            }
        })
    }

    /// How many topics are joined, or being joined.
    pub fn channels_len(&self) -> usize {
        self.channels.as_slice().len()
    }

    /// Takes one whole text message from the client.
    ///
    /// Fails only for what is no message at all, upon which the connection is to be closed, as Phoenix does.
    pub fn text(
        &mut self,
        text: &str,
        scratch: &mut DecodeScratch,
        host: &mut dyn Host,
    ) -> Result<(), Undecodable> {
        let message = self.version.decode_text(text, scratch)?;
        self.received(&message, host);
        Ok(())
    }

    /// Takes one whole binary message from the client. Fails as [`text`](Self::text) does.
    pub fn binary(
        &mut self,
        bytes: &[u8],
        scratch: &mut DecodeScratch,
        host: &mut dyn Host,
    ) -> Result<(), Undecodable> {
        let message = self.version.decode_binary(bytes, scratch)?;
        self.received(&message, host);
        Ok(())
    }

    /// Does what a message asks for, or puts it in line.
    fn received(&mut self, message: &Message<'_>, host: &mut dyn Host) {
        let topic = message.topic.as_str();
        let found = topic.and_then(|topic| self.channels.with_topic(topic));
        match dispatch(message, found.map(Found::from)) {
            Dispatch::Heartbeat => self.answer(&Ref::NULL, message, "ok", PayloadBuf::EMPTY, host),
            Dispatch::Join => self.join(message, host),
            Dispatch::LeaveUnjoined => {
                self.answer(&message.join_ref, message, "ok", PayloadBuf::EMPTY, host);
            }
            Dispatch::Unmatched => self.unmatched(message, host),
            Dispatch::Wait(id) => self.wait_in_line(id, message, host),
            Dispatch::JoinAgain(id) => {
                self.make_way(id, host);
                self.join(message, host);
            }
            Dispatch::Stale => {}
            Dispatch::Leave(id) => self.leave(id, &message.reference, host),
            Dispatch::Event(id) => self.event(id, message, host),
        }
    }

    /// Phoenix answers these with a null `join_ref`, whatever the message had.
    fn unmatched(&self, message: &Message<'_>, host: &mut dyn Host) {
        self.answer(
            &Ref::NULL,
            message,
            "error",
            reason("unmatched topic"),
            host,
        );
    }

    /// A reply that comes from no channel. Where it has no form in the client's version, which takes a client that
    /// sends what no client sends, there is none.
    fn answer(
        &self,
        join_ref: &Ref,
        message: &Message<'_>,
        status: &str,
        response: PayloadBuf,
        host: &mut dyn Host,
    ) {
        let (reference, topic) = (&message.reference, &message.topic);
        match frames::echo(self.version, join_ref, reference, topic, status, &response) {
            Ok(frame) => host.send(frame, None),
            Err(why) => tracing::debug!(%why, "no answer to a client"),
        }
    }
}

/// Why a callback did not return: its panic, in words.
pub(super) struct Crash(String);

/// Runs app code. What a panic leaves half done is the app's own: its assigns, which end with the channel, and what its
/// channels share, which has locks that poison.
fn guarded<T>(callback: impl FnOnce() -> T) -> Result<T, Crash> {
    let outcome = catch_unwind(AssertUnwindSafe(callback));
    outcome.map_err(|panic| Crash(panic_text(&*panic).to_owned()))
}
