//! What reaches a channel from anywhere: infos, broadcasts and what handles ask for.

use super::reply::Reply;
use super::reply::StopReason;
use crate::broker::SubscriptionId;
use crate::protocol::PayloadBuf;
use crate::protocol::Ref;
use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// What a handle asks of a channel; see `Session::mail`.
pub enum MailMessage {
    /// Hands something to `handle_info`.
    Info(Info),
    /// Pushes to the client.
    Push {
        /// The event's name.
        event: Box<str>,
        /// Its payload.
        payload: PayloadBuf,
    },
    /// Broadcasts to the channel's topic.
    Broadcast {
        /// The event's name.
        event: Box<str>,
        /// Its payload.
        payload: PayloadBuf,
        /// Whether this client gets it too.
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

/// Where mail for the channels of one connection goes. Cheap to clone, may be sent anywhere.
#[derive(Clone)]
pub struct Address {
    /// The shard's box.
    pub postbox: Arc<dyn Postbox>,
    /// The connection, in the shard's own numbering; never reused.
    pub connection: u64,
}

/// The connection as the log names it, by its number, counted from 1, and its place. One of its
/// shard's, so [`Postbox::shard`] is to be named with it.
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

/// Takes mail for a shard, from any thread.
pub trait Postbox: Send + Sync {
    /// Which shard's it is.
    fn shard(&self) -> u16;

    /// Queues `mail`; mail for a connection or channel that is gone is dropped by the shard.
    fn post(&self, mail: Mail);
}

/// A message from the app to one channel of one connection.
pub struct Mail {
    /// The connection.
    pub connection: u64,
    /// The channel on it.
    pub channel: SubscriptionId,
    /// What is to be done.
    pub message: self::MailMessage,
}

/// A broadcast on a topic that a channel follows through
/// [`Socket::subscribe`](super::socket::Socket::subscribe); it comes to `handle_info`.
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

/// Anything an app sends to a channel; `Channel::handle_info` downcasts it.
pub type Info = Box<dyn Any + Send>;
