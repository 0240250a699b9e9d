//! The session against a host that records its requests and delivers broadcasts at once.

mod app;
mod ends;
mod fake;
mod held;
mod joins;
mod later;
mod mail;
mod memory;
mod messages;
mod model;
mod noise;
mod places;
mod reload;
mod room;
mod routing;
mod script;
#[cfg(feature = "auth")]
mod token_joins;
#[cfg(feature = "auth")]
mod token_refresh;
#[cfg(feature = "auth")]
mod token_setup;

use std::sync::Arc;

use app::{Diary, TestChannel};
use fake::FakeHost;

use super::Session;
use crate::channel::SessionSettings;
use crate::channel::{Assigns, Routes};
use crate::protocol::{DecodeScratch, Undecodable, Version};

/// One connection with its session and its host.
struct Client {
    session: Session,
    host: FakeHost,
    diary: Diary,
    scratch: DecodeScratch,
}

impl Client {
    fn new(version: Version) -> Self {
        Self::with(version, Assigns::default(), |_| {})
    }

    fn with(version: Version, assigns: Assigns, adjust: impl FnOnce(&mut SessionSettings)) -> Self {
        let diary = Diary::default();
        let mut routes = Routes::default();
        routes.push("room:*", Arc::new(TestChannel(diary.clone())));
        let mut settings = SessionSettings::new(routes);
        adjust(&mut settings);
        Self {
            session: Session::new(version, Arc::new(settings), assigns),
            host: FakeHost::new(version),
            diary,
            scratch: DecodeScratch::new(),
        }
    }

    fn v2() -> Self {
        Self::new(Version::V2)
    }

    fn v1() -> Self {
        Self::new(Version::V1)
    }

    /// Returns a client of version 2 in `room:a`, with `join_ref` "1".
    fn in_room() -> Self {
        let mut client = Self::v2();
        client.says(r#"["1","1","room:a","phx_join",{}]"#);
        client
    }

    /// Sends a text message, and returns the frames that follow from it.
    #[track_caller]
    fn says(&mut self, text: &str) -> Vec<String> {
        let sent = self.sends(text);
        sent.expect("the message is decodable");
        self.hears()
    }

    /// Sends a binary message, and returns the frames that follow from it.
    #[track_caller]
    fn says_bytes(&mut self, data: &[u8]) -> Vec<String> {
        let sent = self.sends_bytes(data);
        sent.expect("the message is decodable");
        self.hears()
    }

    fn sends(&mut self, text: &str) -> Result<(), Undecodable> {
        let (scratch, host) = (&mut self.scratch, &mut self.host);
        self.session.text(text, scratch, host)
    }

    fn sends_bytes(&mut self, data: &[u8]) -> Result<(), Undecodable> {
        let (scratch, host) = (&mut self.scratch, &mut self.host);
        self.session.binary(data, scratch, host)
    }

    /// Returns the frames since the last call; binary frames in hexadecimal digits.
    fn hears(&mut self) -> Vec<String> {
        std::mem::take(&mut self.host.wire)
    }

    /// Delivers the mail that handles have posted.
    fn delivers_mail(&mut self) -> Vec<String> {
        while let Some(mail) = self.host.next_mail() {
            self.session
                .mail(mail.channel, mail.message, &mut self.host);
        }
        self.hears()
    }

    /// Delivers broadcasts that channels intercept, or hear on other topics.
    fn delivers_broadcasts(&mut self) -> Vec<String> {
        while let Some((id, broadcast)) = self.host.intercepted.pop_front() {
            let payload = broadcast.payload.as_payload();
            let (event, host) = (&broadcast.event, &mut self.host);
            self.session.intercepted(id, event, payload, host);
        }
        while let Some((id, broadcast)) = self.host.heard.pop_front() {
            self.session.heard(id, broadcast, &mut self.host);
        }
        self.hears()
    }

    /// Runs the oldest job, which must be done, and lets the session go on.
    #[track_caller]
    fn finishes_job(&mut self) -> Vec<String> {
        let (id, result) = self.host.run_job();
        self.session.resume(id, result, &mut self.host);
        self.hears()
    }
}
