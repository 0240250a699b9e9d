//! A newer token that a client hands over while it is connected.

use std::sync::Arc;

use super::Session;
use super::join::TOO_LONG;
use super::sent_tokens::{RefreshAsked, RefreshUnderWay};
use super::token::{TokenAnswer, hash_of, token_in};
use super::wait::TOO_MANY;
use crate::broker::SubscriptionId;
use crate::channel::{Continuation, Host, Job, Lost, Resume, TokenEvent, refused_as};
use crate::credentials::{TokenRefusal, Verdict, unix_ms};
use crate::protocol::{IntoPayload, Message, Object, PayloadBuf, reason};

/// Least time between two newer tokens of a connection. More of them are a mistake of the client,
/// and each may cost a check of a signature.
const REFRESH_MS_LEAST: u64 = 1_000;

/// The field that has the newer token.
const ACCESS_TOKEN: &str = "access_token";

impl Session {
    /// True if the message hands over a newer token: on a joined topic, or on `phoenix`, because a
    /// page may have no channel.
    pub(super) fn is_refresh(&self, message: &Message<'_>) -> bool {
        let policy = self.settings.token_policy.as_ref();
        let event = policy.map_or("", |policy| &policy.refresh_event);
        if event.is_empty() || message.event.as_str() != Some(event) {
            return false;
        }
        let topic = message.topic.as_str();
        topic.is_some_and(|topic| topic == "phoenix" || self.channels.with_topic(topic).is_some())
    }

    /// Takes a newer token, whatever the topic's channel waits for. A bad one changes nothing.
    pub(super) fn refresh(&mut self, message: &Message<'_>, host: &mut dyn Host) {
        let token = match token_in(ACCESS_TOKEN, message.payload) {
            Ok(Some(token)) => token,
            Ok(None) => return self.refuse_refresh(message, TokenRefusal::Missing, host),
            Err(refusal) => return self.refuse_refresh(message, refusal, host),
        };
        let hash = hash_of(&token);
        if self.is_taken(hash) {
            // A client may send the same token once on each of its channels.
            return self.answer(&message.join_ref, message, "ok", self.expires_in(), host);
        }
        let now_ms = unix_ms();
        let sent = self.sent.get_or_insert_default();
        if (sent.under_way.as_ref()).is_some_and(|under_way| under_way.hash == hash) {
            return self.ask_too(message, host);
        }
        if sent.under_way.is_some() || now_ms.abs_diff(sent.refreshed_ms) < REFRESH_MS_LEAST {
            host.count_token(TokenEvent::RefreshRefused);
            let response = refused_as("too many messages", "too_many");
            return self.answer(&message.join_ref, message, "error", response, host);
        }
        sent.refreshed_ms = now_ms;
        match self.check_token(&token, None) {
            TokenAnswer::Now(verdict) => {
                self.refreshed(hash, &[RefreshAsked::new(message)], verdict, host);
            }
            TokenAnswer::Later(job) => self.wait_for_refresh(message, hash, job, host),
        }
    }

    fn wait_for_refresh(
        &mut self,
        message: &Message<'_>,
        hash: u64,
        job: Job,
        host: &mut dyn Host,
    ) {
        let id = host.new_id();
        let asked = Vec::new();
        let under_way = RefreshUnderWay { id, hash, asked };
        self.sent.get_or_insert_default().under_way = Some(under_way);
        host.defer(id, job);
        self.ask_too(message, host);
    }

    /// Keeps a message that is to be answered when the check under way is over.
    fn ask_too(&mut self, message: &Message<'_>, host: &mut dyn Host) {
        let longest = message.join_ref.text_bytes();
        let longest = longest.max(message.reference.text_bytes());
        let asked = RefreshAsked::new(message);
        let waiting_bytes = self.waiting_bytes + asked.bytes();
        let under_way = self.sent.as_ref().and_then(|sent| sent.under_way.as_ref());
        let why = if longest > self.settings.name_bytes_max {
            Some(TOO_LONG)
        } else if waiting_bytes > self.settings.waiting_bytes_max
            // One message for each channel, and one for `phoenix`.
            || under_way.is_none_or(|check| check.asked.len() > self.settings.channels_max)
            || !host.may_wait_in_line(self.waiting_bytes, waiting_bytes)
        {
            Some(TOO_MANY)
        } else {
            None
        };
        if let Some(why) = why {
            return self.answer(&message.join_ref, message, "error", reason(why), host);
        }
        self.waits_with(waiting_bytes, host);
        let sent = self.sent.as_mut();
        if let Some(under_way) = sent.and_then(|sent| sent.under_way.as_mut()) {
            under_way.asked.push(asked);
        }
    }

    /// Takes the result of a check that was waited for. Returns the result if `id` is the name of
    /// another job.
    pub(super) fn resume_refresh(
        &mut self,
        id: SubscriptionId,
        result: Result<Resume, Lost>,
        host: &mut dyn Host,
    ) -> Option<Result<Resume, Lost>> {
        let sent = self.sent.as_mut();
        let is_this = |under_way: &mut RefreshUnderWay| under_way.id == id;
        let Some(under_way) = sent.and_then(|sent| sent.under_way.take_if(is_this)) else {
            return Some(result);
        };
        let kept: usize = under_way.asked.iter().map(RefreshAsked::bytes).sum();
        self.waits_with(self.waiting_bytes - kept, host);
        let verdict = match result.map(|resume| resume.0.into_inner()) {
            Ok(Continuation::Token(verdict)) => *verdict,
            _ => Verdict::Refused(TokenRefusal::KeysUnavailable),
        };
        self.refreshed(under_way.hash, &under_way.asked, verdict, host);
        None
    }

    fn refreshed(
        &mut self,
        hash: u64,
        asked: &[RefreshAsked],
        verdict: Verdict,
        host: &mut dyn Host,
    ) {
        match self.accept_token(verdict, host) {
            Ok(new) => {
                self.set_credentials(Some(Arc::new(new)), false);
                self.note_taken(Some(hash));
                host.count_token(TokenEvent::Refreshed);
                self.answer_refresh(asked, "ok", &self.expires_in(), host);
                self.end_rooms_that_forbid(host);
            }
            Err(refusal) => {
                host.count_token(TokenEvent::RefreshRefused);
                let response = refused_as(&refusal.to_string(), refusal.code());
                self.answer_refresh(asked, "error", &response, host);
            }
        }
    }

    fn refuse_refresh(&self, message: &Message<'_>, refusal: TokenRefusal, host: &mut dyn Host) {
        host.count_token(TokenEvent::RefreshRefused);
        let response = refused_as(&refusal.to_string(), refusal.code());
        self.answer(&message.join_ref, message, "error", response, host);
    }

    fn answer_refresh(
        &self,
        asked: &[RefreshAsked],
        status: &str,
        response: &PayloadBuf,
        host: &mut dyn Host,
    ) {
        for one in asked {
            let topic = (&*one.topic).into();
            let (join_ref, reference) = (&one.join_ref, &one.reference);
            self.reply(join_ref, reference, &topic, status, response.clone(), host);
        }
    }

    /// Returns how long the present token is good for, null if it has no end.
    fn expires_in(&self) -> PayloadBuf {
        let known = self.credentials.as_ref();
        let expires_ms = known.and_then(|known| known.expires_ms);
        let left_ms = expires_ms.map(|expires_ms| expires_ms.saturating_sub(unix_ms()));
        Object::new().put("expires_in_ms", left_ms).into_payload()
    }
}
