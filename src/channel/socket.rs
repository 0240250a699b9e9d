//! The client's end of one channel, which a callback can use while the callback runs.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Instant;

use super::app_values::AppValue;
use super::assigns::Assigns;
use super::frames;
use super::handle::{ReplyHandle, SocketHandle};
use super::host::Host;
use super::published::Published;
use super::refusal::PushRefusal;
use super::standing::{HandledEvent, JoinPhase, Standing, TopicCredentials};
use super::topic_rate::TopicRates;
use crate::broker::SubscriptionId;
use crate::credentials::{Credentials, TokenRefusal};
use crate::protocol::{IntoPayload, PayloadBuf, Unencodable};

/// One client in one topic, as its channel's callbacks see it.
pub struct Socket<'a> {
    pub(crate) host: &'a mut dyn Host,
    pub(crate) assigns: &'a mut Assigns,
    pub(crate) standing: Standing<'a>,
    pub(crate) phase: JoinPhase<'a>,
}

impl Socket<'_> {
    /// Returns the topic's name.
    pub fn topic(&self) -> &str {
        self.standing.topic
    }

    /// Keeps `value` with this client in this topic; it replaces the value of the same type.
    pub fn assign<T: Clone + Send + Sync + 'static>(&mut self, value: T) {
        self.assigns.insert(value);
    }

    /// Returns the value of type `T` that was assigned here or in `connect`.
    pub fn assigns<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.assigns.get()
    }

    /// Returns the value of type `T` that was assigned, to change in place.
    pub fn assigns_mut<T: Send + Sync + 'static>(&mut self) -> Option<&mut T> {
        self.assigns.get_mut()
    }

    /// Returns what is known of the client: by its token, where the mount checks tokens, or by its
    /// connect callback (`ConnectAccept::credentials`). `None` if nothing is.
    ///
    /// A token that is good for one topic alone, which the client sent with its join, counts there
    /// in place of the connection's.
    pub fn credentials(&self) -> Option<&Arc<Credentials>> {
        let own = self.assigns.get::<TopicCredentials>();
        own.map(|own| &own.0).or(self.standing.credentials)
    }

    /// Returns why a client without credentials has none: its token is over, or it has sent none.
    pub fn lacks_token(&self) -> TokenRefusal {
        match self.standing.is_told {
            true => TokenRefusal::Expired,
            false => TokenRefusal::Missing,
        }
    }

    /// Sends an event to this client alone. In `join` the event follows the join reply. If the join
    /// is refused, the event is dropped.
    ///
    /// The payload must be a JSON object or, for a client of protocol version 2, bytes. With bytes,
    /// the join ref, the topic and the event may have at most 255 bytes each. Any other push ends
    /// the callback and the channel, as in Phoenix. Only a client of protocol version 1 gets any
    /// JSON value.
    pub fn push(&mut self, event: &str, payload: impl IntoPayload) {
        let frame = match frames::push(self.standing, event, &payload.into_payload()) {
            Ok(frame) => frame,
            Err(unencodable) => raise(format!("push of {event:?}: {unencodable}")),
        };
        match &mut self.phase {
            JoinPhase::Joining(early) => early.frames.push(frame),
            JoinPhase::Joined(_) => self.host.send(frame, Some(self.standing.id)),
            JoinPhase::Ended => self.host.send(frame, None),
        }
    }

    /// Sends an event to everybody in the topic, this client included. The client's own copy comes
    /// behind all frames pushed before, and in front of all frames pushed or replied after. The
    /// result holds the event's position in the topic's order, and may be ignored.
    ///
    /// In `join` this client is not yet in the topic, and in `terminate` no longer: only other
    /// members get the event. The payload must be a JSON object, or bytes, which clients of
    /// protocol version 1 do not get. Any other payload ends the callback and the channel.
    pub fn broadcast(&mut self, event: &str, payload: impl IntoPayload) -> Published {
        self.publish(event, payload.into_payload(), None)
    }

    /// Does as [`broadcast`](Self::broadcast), but to everybody in the topic except this client.
    pub fn broadcast_from(&mut self, event: &str, payload: impl IntoPayload) -> Published {
        let id = self.standing.id;
        self.publish(event, payload.into_payload(), Some(id))
    }

    /// Subscribes this channel to another `topic`, until the channel ends. Broadcasts there come to
    /// [`handle_info`](super::channel::Channel::handle_info) of this channel, as
    /// [`Broadcast`](super::mail::Broadcast)s. They do not go to the client by themselves.
    pub fn subscribe(&mut self, topic: &str) {
        if !matches!(self.phase, JoinPhase::Ended) {
            self.host.listen(self.standing.id, topic);
        }
    }

    /// Hands `info` to [`handle_info`](super::channel::Channel::handle_info) of this channel when
    /// the callback is over. In `join` that is right behind the join reply, before anything else
    /// the client sends (Phoenix's after-join message). If the join is refused, `info` is dropped.
    pub fn send_info<T: Send + 'static>(&mut self, info: T) {
        match &mut self.phase {
            JoinPhase::Joining(early) => early.infos.push(AppValue::new(Box::new(info))),
            // Through the mailbox, because a handler that always sends an info to its own channel
            // must not keep the shard busy for ever.
            JoinPhase::Joined(_) => self.handle().send(info),
            JoinPhase::Ended => {}
        }
    }

    /// Counts a push that this channel does not take, in the metric `lobbyd_pushes_refused_total`,
    /// and logs it with topic and event. The channel itself has to answer the client.
    pub fn count_refused(&mut self, refusal: PushRefusal) {
        let event = match self.phase {
            JoinPhase::Joined(event) => event.name,
            _ => None,
        };
        let topic = Some(self.standing.topic);
        self.host.push_refused(topic, event, refusal);
    }

    /// Charges this topic for a push of this client, with a payload of `bytes`, at `rates` that all
    /// members of the topic share, on all shards.
    ///
    /// The channel itself has to leave out the broadcast, to [count](Self::count_refused) the
    /// refusal and to answer the client.
    ///
    /// # Errors
    /// If the topic is over a rate: [`PushRefusal::RoomMessages`] or [`PushRefusal::RoomBytes`].
    /// Then the push costs nothing. If the server only observes these limits
    /// ([`Limit::RoomMessagesPerSecond`](crate::Limit::RoomMessagesPerSecond) and
    /// [`Limit::RoomBytesPerSecond`](crate::Limit::RoomBytesPerSecond)), the excess is counted, and
    /// the push passes.
    pub fn charge_topic(&mut self, rates: &TopicRates, bytes: usize) -> Result<(), PushRefusal> {
        self.host.charge_topic(self.standing.topic, rates, bytes)
    }

    /// Returns the moment since which the client may have sent what is handled now. It is now, but
    /// for some time after a standstill of the server it is the standstill's beginning: what
    /// clients sent meanwhile comes all at once, and a rate would take it for a burst.
    pub fn sent_since(&self) -> Instant {
        self.host.sent_since()
    }

    /// Returns a reference to this channel that can be kept and sent anywhere.
    pub fn handle(&self) -> SocketHandle {
        SocketHandle::new(self.host.address(), self.standing.id)
    }

    /// Returns a reference to the event that is being handled, to answer it later. None where there
    /// is nothing to answer: outside `handle_in`, or for an event the client sent without a ref.
    pub fn reply_handle(&self) -> Option<ReplyHandle> {
        match self.phase {
            JoinPhase::Joined(HandledEvent {
                reference: Some(reference),
                ..
            }) if !reference.is_null() => Some(ReplyHandle::new(self.handle(), reference.clone())),
            _ => None,
        }
    }

    fn publish(
        &mut self,
        event: &str,
        payload: PayloadBuf,
        but: Option<SubscriptionId>,
    ) -> Published {
        if let Err(why) = check_broadcast(&payload) {
            raise(format!("broadcast of {event:?}: {why}"));
        }
        self.host
            .broadcast(self.standing.topic, event, payload, but)
    }
}

/// Checks that a channel may broadcast `payload`: a JSON object, or bytes.
///
/// # Errors
/// If the payload is JSON but no object. Bytes have no form in version 1, and that is no mistake of
/// the sender's: subscribers of that version are skipped.
pub(crate) fn check_broadcast(payload: &PayloadBuf) -> Result<(), Unencodable> {
    match payload {
        PayloadBuf::Json(json) if !json.as_json().is_object() => Err(Unencodable::NotAnObject),
        _ => Ok(()),
    }
}

/// Ends the running callback, and with it the channel, as an exception would in Phoenix. Unlike
/// `panic!` it leaves the process's panic hook alone; the session logs `why`.
fn raise(why: String) -> ! {
    resume_unwind(Box::new(why))
}
