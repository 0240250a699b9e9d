//! References to a channel, which may be kept, cloned and sent to other threads.
//!
//! A handle posts mail to the shard that owns the connection. Mail for a channel that has ended is
//! dropped.

use super::app_values::AppValue;
use super::mail::MailMessage;
use super::mail::{Address, Mail};
use super::reply::{Reply, StopReason};
use crate::broker::SubscriptionId;
use crate::protocol::{IntoPayload, PayloadBuf, Ref};

/// A reference to one client's channel, to reach it from another thread, a task or another channel.
///
/// Calls return at once, and take effect in the order of one sender's calls. There is an exception
/// while the channel waits in a [`Handled::later`](super::outcome::Handled::later). Pushes, replies
/// and broadcasts then go out at once, and infos and stops wait until the channel goes on.
#[derive(Clone)]
pub struct SocketHandle {
    address: Address,
    channel: SubscriptionId,
}

impl SocketHandle {
    pub(crate) fn new(address: Address, channel: SubscriptionId) -> Self {
        Self { address, channel }
    }

    /// Pushes to this client.
    pub fn push(&self, event: &str, payload: impl IntoPayload) {
        let (event, payload) = (event.into(), payload.into_payload());
        self.post(MailMessage::Push { event, payload });
    }

    /// Broadcasts to the channel's topic, this client included.
    pub fn broadcast(&self, event: &str, payload: impl IntoPayload) {
        self.publish(event, payload.into_payload(), true);
    }

    /// Broadcasts to everybody in the channel's topic but this client.
    pub fn broadcast_from(&self, event: &str, payload: impl IntoPayload) {
        self.publish(event, payload.into_payload(), false);
    }

    /// Hands `info` to the channel's [`handle_info`](super::channel::Channel::handle_info), which
    /// finds its type with `downcast`.
    pub fn send<T: Send + 'static>(&self, info: T) {
        self.post(MailMessage::Info(AppValue::new(Box::new(info))));
    }

    /// Ends the channel.
    pub fn stop(&self, reason: StopReason) {
        self.post(MailMessage::Stop(reason));
    }

    fn publish(&self, event: &str, payload: PayloadBuf, to_self: bool) {
        let event = event.into();
        self.post(MailMessage::Broadcast {
            event,
            payload,
            to_self,
        });
    }

    fn post(&self, message: MailMessage) {
        let (connection, channel) = (self.address.connection, self.channel);
        self.address.postbox.post(Mail {
            connection,
            channel,
            message,
        });
    }
}

/// A reference to one event, to answer it later from anywhere, any number of times (Phoenix's
/// `socket_ref`).
#[derive(Clone)]
pub struct ReplyHandle {
    socket: SocketHandle,
    reference: Ref,
}

impl ReplyHandle {
    pub(crate) fn new(socket: SocketHandle, reference: Ref) -> Self {
        Self { socket, reference }
    }

    /// Answers the event with `status`, which phoenix.js hands to `receive(status, …)`, and
    /// `payload`.
    pub fn reply(&self, status: &str, payload: impl IntoPayload) {
        let reference = self.reference.clone();
        let reply = Reply::new(status, payload);
        self.socket.post(MailMessage::Reply { reference, reply });
    }
}
