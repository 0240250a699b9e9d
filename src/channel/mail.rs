//! The messages that reach a channel from anywhere: infos, broadcasts, and requests of handles.

use super::app_values::AppValue;
use super::reply::Reply;
use super::reply::StopReason;
use crate::broker::SubscriptionId;
use crate::protocol::PayloadBuf;
use crate::protocol::Ref;
use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// The request of a handle to a channel; see `Session::mail`.
pub enum MailMessage {
    /// Hands an info to `handle_info`.
    Info(AppValue<Info>),
    /// Pushes to the client.
    Push {
        /// The event's name.
        event: Box<str>,
        /// The event's payload.
        payload: PayloadBuf,
    },
    /// Broadcasts to the channel's topic.
    Broadcast {
        /// The event's name.
        event: Box<str>,
        /// The event's payload.
        payload: PayloadBuf,
        /// Whether the client of this channel gets the event too.
        to_self: bool,
    },
    /// Answers an event that came earlier.
    Reply {
        /// The event's ref.
        reference: Ref,
        /// The answer.
        reply: Reply,
    },
    /// Ends the channel.
    Stop(StopReason),
}

/// The address of mail for the channels of one connection. Cheap to clone, may be sent anywhere.
#[derive(Clone)]
pub struct Address {
    /// The postbox of the shard that owns the connection.
    pub postbox: Arc<dyn Postbox>,
    /// The connection, in the shard's own numbering; never reused.
    pub connection: u64,
}

/// Writes the connection as the log names it: its number, counted from 1, and its place. Both are
/// numbers of its shard, so the log has to name the shard as well.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        ConnectionName(self.connection).fmt(f)
    }
}

/// A connection's id as the log shows it.
pub(crate) struct ConnectionName(pub u64);

impl fmt::Display for ConnectionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0 >> 32, self.0 as u32)
    }
}

/// The end of a shard's mailbox that takes mail from any thread.
pub trait Postbox: Send + Sync {
    /// Queues `mail`; mail for a connection or channel that is gone is dropped by the shard.
    fn post(&self, mail: Mail);
}

/// A message from the app to one channel of one connection.
pub struct Mail {
    /// The connection.
    pub connection: u64,
    /// The channel on that connection.
    pub channel: SubscriptionId,
    /// The request to the channel.
    pub message: self::MailMessage,
}

/// A broadcast on a topic that a channel follows through
/// [`Socket::subscribe`](super::socket::Socket::subscribe). It comes to `handle_info`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Broadcast {
    /// The topic.
    pub topic: Box<str>,
    /// The event.
    pub event: Box<str>,
    /// The payload.
    pub payload: PayloadBuf,
}

/// A message of any type that an app sends to a channel; `Channel::handle_info` downcasts it.
pub type Info = Box<dyn Any + Send>;
