//! Runs joined channels' callbacks for events, infos and broadcasts, and acts on their outcomes.

use super::busy::{Cause, QueueItem};
use super::join::TOO_LONG;
use super::joined::Joined;
use super::{Crash, Session, guarded};
use crate::broker::SubscriptionId;
use crate::channel::AppValue;
use crate::channel::frames;
use crate::channel::{Broadcast, Channel, MailMessage};
use crate::channel::{Handled, HandledOutcome, Reply};
use crate::channel::{HandledEvent, JoinPhase, Socket};
use crate::channel::{Host, Info, PushRefusal};
use crate::protocol::{Message, Payload, Ref, reason};

impl Session {
    /// Takes a broadcast of an event that `channel` intercepts.
    pub fn intercepted(
        &mut self,
        channel: SubscriptionId,
        event: &str,
        payload: Payload<'_>,
        host: &mut dyn Host,
    ) {
        if self.is_busy(channel) {
            let (event, payload) = (event.into(), payload.to_buf());
            return self.line_up(channel, QueueItem::Intercepted { event, payload }, host);
        }
        self.call(channel, HandledEvent::default(), host, |app, socket| {
            app.handle_out(event, payload, socket)
        });
    }

    /// Takes a broadcast on another topic that `channel` follows.
    pub fn heard(&mut self, channel: SubscriptionId, broadcast: Broadcast, host: &mut dyn Host) {
        self.info(channel, AppValue::new(Box::new(broadcast)), host);
    }

    pub(super) fn info(&mut self, id: SubscriptionId, info: AppValue<Info>, host: &mut dyn Host) {
        if self.is_busy(id) {
            return self.line_up(id, QueueItem::Mail(MailMessage::Info(info)), host);
        }
        self.call(id, HandledEvent::default(), host, |app, socket| {
            app.handle_info(info.into_inner(), socket)
        });
    }

    pub(super) fn event(&mut self, id: SubscriptionId, message: &Message<'_>, host: &mut dyn Host) {
        // A channel that waits for a job keeps the ref, for its answer.
        let is_too_long = message.reference.text_bytes() > self.settings.name_bytes_max;
        // A name that is no string matches no event; Phoenix's app would crash on such a name.
        let refused = |socket: &mut Socket<'_>, refusal, why| {
            socket.count_refused(refusal);
            Handled::error(reason(why))
        };
        let (event, payload) = (message.event.as_str(), message.payload);
        let handled = HandledEvent {
            reference: Some(&message.reference),
            name: event,
        };
        self.call(id, handled, host, |app, socket| match event {
            None => refused(socket, PushRefusal::NoEventName, "event is not a string"),
            Some(_) if is_too_long => refused(socket, PushRefusal::NameTooLong, TOO_LONG),
            Some(event) => app.handle_in(event, payload, socket),
        });
    }

    pub(super) fn is_busy(&self, id: SubscriptionId) -> bool {
        let joined = self.channels.with_id(id);
        joined.is_some_and(|joined| joined.busy.is_some())
    }

    /// Runs one callback of a channel that is not busy, and does nothing if the channel has ended.
    fn call(
        &mut self,
        id: SubscriptionId,
        event: HandledEvent<'_>,
        host: &mut dyn Host,
        callback: impl FnOnce(&dyn Channel, &mut Socket<'_>) -> Handled,
    ) {
        let Some(mut joined) = self.channels.remove(id) else {
            return;
        };
        let outcome = guarded(|| {
            let phase = JoinPhase::Joined(event);
            let (channel, mut socket) = joined.channel_and_socket(self.client(), host, phase);
            callback(channel, &mut socket)
        });
        self.handled(joined, event.reference, outcome, host);
    }

    /// Handles the outcome of a joined channel's callback, a panic included. `joined` is not in the
    /// list of channels meanwhile.
    pub(super) fn handled(
        &mut self,
        joined: Joined,
        reference: Option<&Ref>,
        outcome: Result<Handled, Crash>,
        host: &mut dyn Host,
    ) {
        match outcome.map(|handled| handled.0) {
            Ok(HandledOutcome::NoReply) => self.channels.insert(joined),
            Ok(HandledOutcome::Reply(reply)) => {
                match self.reply_frame(&joined, reference, &reply) {
                    Ok(frame) => {
                        host.send(frame, Some(joined.id));
                        self.channels.insert(joined);
                    }
                    Err(crash) => self.crash(joined, crash, host),
                }
            }
            Ok(HandledOutcome::Stop(stop)) => self.stop(joined, reference, stop, host),
            Ok(HandledOutcome::Later(job)) => {
                self.wait_for(joined, Cause::Event, reference.cloned(), job, host);
            }
            Err(crash) => self.crash(joined, crash, host),
        }
    }

    /// Returns the frame of a reply. Returns a crash if the reply has no form in the client's
    /// version, or no receiver: both are mistakes of the channel.
    pub(super) fn reply_frame(
        &self,
        joined: &Joined,
        reference: Option<&Ref>,
        reply: &Reply,
    ) -> Result<bytes::Bytes, Crash> {
        let Some(reference) = reference else {
            return Err(Crash("a reply where there is nobody to reply to".into()));
        };
        let standing = joined.standing(self.client());
        frames::reply(standing, reference, &reply.status, &reply.payload)
            .map_err(|why| Crash(format!("reply: {why}")))
    }
}
