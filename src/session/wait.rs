//! The line of a channel that waits for a job: messages queue there until the channel goes on.
//!
//! An item in line is looked at only when all items before it are done, as if it had arrived then.
//! So a leave and a new join behind a slow join find the topic joined, and items behind the new
//! join find the new join.

use std::collections::VecDeque;

use super::busy::Busy;
use super::busy::Cause;
use super::busy::KeptMessage;
use super::busy::QueueItem;
use super::joined::Joined;
use super::{Crash, Session, guarded};
use crate::broker::SubscriptionId;
use crate::channel::Host;
use crate::channel::{Continuation, Job, Lost, Resume};
use crate::channel::{Early, HandledEvent, JoinPhase};
use crate::channel::{Join, JoinOutcome};
use crate::channel::{JoinRefusal, PushRefusal};
use crate::credentials::{TokenRefusal, Verdict};
use crate::protocol::{Message, Ref, reason};

/// The error of an overflowing line, on the wire and in the log.
pub(super) const TOO_MANY: &str = "too many messages waiting";

impl Session {
    /// Starts the job that a callback waits for.
    pub(super) fn wait_for(
        &mut self,
        mut joined: Joined,
        cause: Cause,
        reference: Option<Ref>,
        job: Job,
        host: &mut dyn Host,
    ) {
        let busy = Busy::new(cause, reference);
        // A long ref was refused before, and the frames of a join are the app's own.
        self.waits_with(self.waiting_bytes + busy.line_bytes, host);
        joined.busy = Some(Box::new(busy));
        host.defer(joined.id, job);
        self.channels.insert(joined);
    }

    /// Continues `channel` with the result of its job, or with the loss of the job. The callback
    /// goes on. Then the line is worked off until the channel waits again. Does nothing if the
    /// channel is gone.
    pub fn resume(
        &mut self,
        channel: SubscriptionId,
        result: Result<Resume, Lost>,
        host: &mut dyn Host,
    ) {
        let Some(result) = self.resume_refresh(channel, result, host) else {
            return;
        };
        let Some(mut joined) = self.channels.remove(channel) else {
            return;
        };
        let Some(busy) = joined.busy.take() else {
            return self.channels.insert(joined);
        };
        self.waits_with(self.waiting_bytes - busy.line_bytes, host);
        let topic = joined.topic.clone();
        match busy.cause {
            Cause::Token(payload) => {
                let verdict = match result.map(|resume| resume.0.into_inner()) {
                    Ok(Continuation::Token(verdict)) => *verdict,
                    _ => Verdict::Refused(TokenRefusal::KeysUnavailable),
                };
                let reference = busy.reference.unwrap_or_default();
                self.join_by_verdict(joined, &reference, payload.as_payload(), verdict, host);
            }
            Cause::Join(early) => {
                let reference = busy.reference.unwrap_or_default();
                self.resume_join(joined, &reference, early, result, host);
            }
            Cause::Event => self.resume_event(joined, busy.reference.as_ref(), result, host),
            // A join whose moment has not come has no job, and so no result.
            Cause::Held(_) => {}
        }
        self.work_off(channel, &topic, busy.line, host);
    }

    fn resume_join(
        &mut self,
        mut joined: Joined,
        reference: &Ref,
        mut early: Early,
        result: Result<Resume, Lost>,
        host: &mut dyn Host,
    ) {
        let outcome = match result.map(|resume| resume.0.into_inner()) {
            Ok(Continuation::Join(then)) => guarded(|| {
                let phase = JoinPhase::Joining(&mut early);
                then(&mut joined.socket(self.client(), host, phase))
            }),
            Err(Lost::TimedOut) => {
                let (refusal, why) = (JoinRefusal::TimedOut, reason("join timed out"));
                return self.refuse(&joined, reference, refusal, &why, host);
            }
            Ok(Continuation::Handled(_) | Continuation::Token(_)) | Err(Lost::Panicked) => {
                Err(Crash::lost())
            }
        };
        let outcome = outcome.map(|join| self.judge_late(&joined, join));
        self.joined(joined, reference, early, outcome, host);
    }

    /// Refuses a join that was accepted, if the client has other credentials by now, and they do
    /// not let it in.
    fn judge_late(&self, joined: &Joined, join: Join) -> Join {
        let is_accepted = matches!(join.0, JoinOutcome::Accepted(_));
        if !is_accepted || self.settings.token_policy.is_none() || self.allows(joined) {
            return join;
        }
        match (&self.credentials, self.is_told) {
            (Some(_), _) => Join::forbidden(),
            (None, true) => Join::lacks_token(TokenRefusal::Expired),
            (None, false) => Join::lacks_token(TokenRefusal::Missing),
        }
    }

    fn resume_event(
        &mut self,
        mut joined: Joined,
        reference: Option<&Ref>,
        result: Result<Resume, Lost>,
        host: &mut dyn Host,
    ) {
        let outcome = match result.map(|resume| resume.0.into_inner()) {
            Ok(Continuation::Handled(then)) => guarded(|| {
                let name = None;
                let phase = JoinPhase::Joined(HandledEvent { reference, name });
                then(&mut joined.socket(self.client(), host, phase))
            }),
            Ok(Continuation::Join(_) | Continuation::Token(_)) | Err(_) => Err(Crash::lost()),
        };
        self.handled(joined, reference, outcome, host);
    }

    /// Handles all items in line as if they arrived now, in order. If the channel waits again, the
    /// remaining items line up again.
    pub(super) fn work_off(
        &mut self,
        id: SubscriptionId,
        topic: &str,
        line: VecDeque<QueueItem>,
        host: &mut dyn Host,
    ) {
        for waiting in line {
            match waiting {
                QueueItem::Message(message) => self.received(&message.view(topic), host),
                QueueItem::Mail(message) => self.mail(id, message, host),
                QueueItem::Intercepted { event, payload } => {
                    self.intercepted(id, &event, payload.as_payload(), host);
                }
            }
        }
    }

    /// Puts a client's message in the line of a channel that waits.
    pub(super) fn wait_in_line(
        &mut self,
        id: SubscriptionId,
        message: &Message<'_>,
        host: &mut dyn Host,
    ) {
        let waiting = QueueItem::Message(KeptMessage::new(message));
        let bytes = waiting.bytes();
        let may_wait = host.may_wait_in_line(self.waiting_bytes, self.waiting_bytes + bytes);
        let line = match may_wait {
            true => self.place_in_line(id, bytes, host),
            false => None,
        };
        match line {
            Some(line) => line.push_back(waiting),
            None => {
                let (topic, event) = (message.topic.as_str(), message.event.as_str());
                host.push_refused(topic, event, PushRefusal::TooManyWaiting);
                if !message.reference.is_null() {
                    self.answer(&message.join_ref, message, "error", reason(TOO_MANY), host);
                }
            }
        }
    }

    /// Puts an item of the app in the line of a channel that waits. Such an item cannot be refused,
    /// and a silent gap would be worse than an end. Therefore, beyond the limit, the channel ends,
    /// and the client gets an error.
    pub(super) fn line_up(&mut self, id: SubscriptionId, waiting: QueueItem, host: &mut dyn Host) {
        match self.place_in_line(id, waiting.bytes(), host) {
            Some(line) => line.push_back(waiting),
            None => self.give_up(id, Crash(TOO_MANY.into()), host),
        }
    }

    /// Returns the line of a channel that waits. `None` if the line has no room for `bytes` more.
    fn place_in_line(
        &mut self,
        id: SubscriptionId,
        bytes: usize,
        host: &mut dyn Host,
    ) -> Option<&mut VecDeque<QueueItem>> {
        let waiting_bytes = self.waiting_bytes + bytes;
        let settings = &self.settings;
        let busy = self.channels.with_id_mut(id)?.busy.as_mut()?;
        let has_room = busy.line.len() < settings.waiting_messages_max
            && waiting_bytes <= settings.waiting_bytes_max;
        if !has_room {
            return None;
        }
        busy.line_bytes += bytes;
        host.waits_in_line(self.waiting_bytes, waiting_bytes);
        self.waiting_bytes = waiting_bytes;
        Some(&mut busy.line)
    }

    /// Notes that all lines of the session take `bytes` from now on.
    pub(super) fn waits_with(&mut self, bytes: usize, host: &mut dyn Host) {
        host.waits_in_line(self.waiting_bytes, bytes);
        self.waiting_bytes = bytes;
    }

    /// Ends a channel that may be waiting. Items in its line then meet a topic that is not joined.
    pub(super) fn give_up(&mut self, id: SubscriptionId, crash: Crash, host: &mut dyn Host) {
        let Some(mut joined) = self.channels.remove(id) else {
            return;
        };
        let Some(busy) = joined.busy.take() else {
            return self.crash(joined, crash, host);
        };
        self.waits_with(self.waiting_bytes - busy.line_bytes, host);
        let topic = joined.topic.clone();
        match busy.cause {
            Cause::Event => self.crash(joined, crash, host),
            Cause::Join(_) | Cause::Held(_) | Cause::Token(_) => {
                let reference = busy.reference.unwrap_or_default();
                let refusal = match &*crash.0 == TOO_MANY {
                    true => JoinRefusal::TooManyWaiting,
                    false => JoinRefusal::Crashed,
                };
                self.refuse(&joined, &reference, refusal, &reason(&crash.0), host);
            }
        }
        self.work_off(id, &topic, busy.line, host);
    }
}

impl Crash {
    /// The crash of a callback whose job returned no output.
    fn lost() -> Self {
        Self("the future that the channel waited for panicked or took too long".into())
    }
}
