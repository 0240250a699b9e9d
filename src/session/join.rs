//! Admission to a topic, and the order in which the client gets the frames of a join.

use std::sync::Arc;

use super::busy::{Busy, Cause};
use super::joined::Joined;
use super::wait::TOO_MANY;
use super::{Crash, Session, guarded};
use crate::broker::{SubscriptionId, Terms};
use crate::channel::JoinRefs;
use crate::channel::JoinRefusal;
use crate::channel::frames::sealed;
use crate::channel::{Crashed, Host};
use crate::channel::{Early, JoinPhase};
use crate::channel::{Join, JoinAccept, JoinOutcome};
use crate::protocol::{Message, Payload, PayloadBuf, Ref, reason};

/// The error of a topic or a ref that is too long to be kept, on the wire.
pub(super) const TOO_LONG: &str = "topic or ref too long";

impl Session {
    /// Handles a join of a topic that is not joined.
    pub(super) fn join(&mut self, message: &Message<'_>, host: &mut dyn Host) {
        let routes = &self.settings.routes;
        let topic = message.topic.as_str();
        let Some((topic, route)) = topic.and_then(|t| Some((t, routes.route_of(t)?))) else {
            let topic = topic.unwrap_or("(no text)");
            host.join_refused(topic, JoinRefusal::Unmatched);
            return self.unmatched(message, host);
        };
        let refs = JoinRefs::new(&message.join_ref, &message.reference);
        let ref_bytes = refs
            .channel()
            .text_bytes()
            .max(message.reference.text_bytes());
        if let Some((refusal, why)) = self.no_room(topic, ref_bytes, host) {
            host.join_refused(topic, refusal);
            return self.answer(&message.join_ref, message, "error", reason(why), host);
        }
        // The `clone` of the values is app code too.
        let Ok(assigns) = guarded(|| self.assigns.clone()) else {
            host.join_refused(topic, JoinRefusal::Crashed);
            return self.answer(
                &message.join_ref,
                message,
                "error",
                reason("join crashed"),
                host,
            );
        };
        let joined = Joined {
            id: host.new_id(),
            topic: topic.into(),
            route: Arc::clone(route),
            refs,
            assigns,
            busy: None,
        };
        if host.may_join(joined.id) {
            self.ask_to_join(joined, &message.reference, message.payload, host);
        } else {
            self.hold_join(joined, message, host);
        }
    }

    /// Keeps a join until its moment has come. Messages for its topic line up behind the join, as
    /// behind any channel that waits.
    fn hold_join(&mut self, mut joined: Joined, message: &Message<'_>, host: &mut dyn Host) {
        let cause = Cause::Held(message.payload.to_buf());
        let mut busy = Busy::new(cause, Some(message.reference.clone()));
        // A channel is kept for the wait alone: its join may well be refused.
        busy.line_bytes += size_of::<Busy>() + joined.bytes();
        let waiting_bytes = self.waiting_bytes + busy.line_bytes;
        if waiting_bytes > self.settings.waiting_bytes_max
            || !host.may_wait_in_line(self.waiting_bytes, waiting_bytes)
        {
            let (refusal, why) = (JoinRefusal::TooManyWaiting, reason(TOO_MANY));
            return self.refuse(&joined, &message.reference, refusal, &why, host);
        }
        self.waits_with(waiting_bytes, host);
        joined.busy = Some(Box::new(busy));
        self.channels.insert(joined);
    }

    /// Runs a held join, because its moment has come: the rate limit of joins did not let it run at
    /// once. Refuses the join instead if it is not `in_time`. Does nothing if the channel is gone.
    pub fn answer_join(&mut self, channel: SubscriptionId, in_time: bool, host: &mut dyn Host) {
        let Some(mut joined) = self.channels.remove(channel) else {
            return;
        };
        let Some(busy) = joined.busy.take() else {
            return self.channels.insert(joined);
        };
        let Cause::Held(payload) = busy.cause else {
            joined.busy = Some(busy);
            return self.channels.insert(joined);
        };
        self.waits_with(self.waiting_bytes - busy.line_bytes, host);
        let topic = joined.topic.clone();
        let reference = busy.reference.unwrap_or_default();
        if in_time {
            self.ask_to_join(joined, &reference, payload.as_payload(), host);
        } else {
            let (refusal, why) = (JoinRefusal::TooManyJoins, reason("too many joins"));
            self.refuse(&joined, &reference, refusal, &why, host);
        }
        self.work_off(channel, &topic, busy.line, host);
    }

    /// Answers a join whose moment has come. Checks the token that it brings, if it brings one.
    fn ask_to_join(
        &mut self,
        joined: Joined,
        reference: &Ref,
        payload: Payload<'_>,
        host: &mut dyn Host,
    ) {
        match self.settings.token_policy.is_some() {
            true => self.join_by_token(joined, reference, payload, host),
            false => self.call_join(joined, reference, payload, host),
        }
    }

    /// Runs the join callback.
    pub(super) fn call_join(
        &mut self,
        mut joined: Joined,
        reference: &Ref,
        payload: Payload<'_>,
        host: &mut dyn Host,
    ) {
        let mut early = Early::default();
        let topic = joined.topic.clone();
        let outcome = guarded(|| {
            let phase = JoinPhase::Joining(&mut early);
            let (channel, mut socket) = joined.channel_and_socket(self.client(), host, phase);
            channel.join(&topic, payload, &mut socket)
        });
        self.joined(joined, reference, early, outcome, host);
    }

    /// Returns the reason why the connection cannot have another topic. `None` if it can have
    /// another topic.
    fn no_room(
        &self,
        topic: &str,
        ref_bytes: usize,
        host: &mut dyn Host,
    ) -> Option<(JoinRefusal, &'static str)> {
        let settings = &self.settings;
        let longest = topic.len().max(ref_bytes);
        if !host.may_have_channels(self.channels_len() + 1, settings.channels_max) {
            Some((JoinRefusal::TooManyChannels, "too many channels joined"))
        } else if longest > settings.name_bytes_max {
            Some((JoinRefusal::NameTooLong, TOO_LONG))
        } else {
            None
        }
    }

    /// Handles the outcome of the join callback, a panic included. `joined` is not in the list of
    /// channels meanwhile.
    pub(super) fn joined(
        &mut self,
        joined: Joined,
        reference: &Ref,
        early: Early,
        outcome: Result<Join, Crash>,
        host: &mut dyn Host,
    ) {
        match outcome.map(|join| join.0) {
            Ok(JoinOutcome::Accepted(acceptance)) => {
                self.accept(joined, reference, early, &acceptance, host);
            }
            Ok(JoinOutcome::Refused(refusal, response)) => {
                self.refuse(&joined, reference, refusal, &response, host);
            }
            Ok(JoinOutcome::Later(job)) => {
                let cause = Cause::Join(early);
                self.wait_for(joined, cause, Some(reference.clone()), job, host);
            }
            Err(crash) => self.crashed(&joined, reference, crash, host),
        }
    }

    fn accept(
        &mut self,
        joined: Joined,
        reference: &Ref,
        early: Early,
        acceptance: &JoinAccept,
        host: &mut dyn Host,
    ) {
        let channel = joined.route.channel();
        let frame = self.join_reply(&joined, reference, "ok", &acceptance.response);
        let ready = frame
            .map_err(|why| Crash(format!("join reply: {why}")))
            .and_then(|frame| Ok((frame, guarded(|| channel.intercept())?)));
        let (frame, intercept) = match ready {
            Ok(ready) => ready,
            Err(crash) => return self.crashed(&joined, reference, crash, host),
        };
        let terms = Terms {
            intercept,
            members_max: acceptance.members_max,
            retention: acceptance.retention,
        };
        let id = joined.id;
        // The reply is the first frame of this join. Broadcasts follow the reply, once the client
        // can know of the join.
        if !host.subscribe(id, &joined.topic, &terms, frame) {
            let full = reason("room full");
            return self.refuse(&joined, reference, JoinRefusal::Full, &full, host);
        }
        for frame in early.frames {
            host.send(frame, Some(id));
        }
        self.channels.insert(joined);
        for info in early.infos {
            self.info(id, info, host);
        }
    }

    fn crashed(&self, joined: &Joined, reference: &Ref, crash: Crash, host: &mut dyn Host) {
        host.crashed(Crashed::Join, &joined.topic, &crash.0);
        let crashed = reason("join crashed");
        self.refuse(joined, reference, JoinRefusal::Crashed, &crashed, host);
    }

    /// Refuses a join, and removes all that the attempt left.
    pub(super) fn refuse(
        &self,
        joined: &Joined,
        reference: &Ref,
        refusal: JoinRefusal,
        response: &PayloadBuf,
        host: &mut dyn Host,
    ) {
        host.join_refused(&joined.topic, refusal);
        host.unsubscribe(joined.id);
        let frame = self.join_reply(joined, reference, "error", response);
        // The app's reason may have no form in the client's version; "join crashed" has a form in
        // every version.
        let frame = frame.or_else(|_| {
            let crashed = reason("join crashed");
            self.join_reply(joined, reference, "error", &crashed)
        });
        if let Ok(frame) = frame {
            host.send(frame, None);
        }
    }

    /// Encodes the answer to a join, which carries the join's own `join_ref`, null included.
    fn join_reply(
        &self,
        joined: &Joined,
        reference: &Ref,
        status: &str,
        response: &PayloadBuf,
    ) -> Result<bytes::Bytes, crate::protocol::Unencodable> {
        let (version, join_ref, topic) =
            (self.version, joined.refs.wire(), (&*joined.topic).into());
        sealed(|out| version.encode_reply(out, join_ref, reference, &topic, status, response))
    }
}
