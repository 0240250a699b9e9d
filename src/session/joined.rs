//! One topic that a connection has joined or is joining, and the list of a connection's topics.

use std::sync::Arc;

use compact_str::CompactString;

use super::busy::{Busy, text_heap_bytes};
use crate::broker::SubscriptionId;
use crate::channel::Host;
use crate::channel::JoinRefs;
use crate::channel::Route;
use crate::channel::{Assigns, Channel};
use crate::channel::{JoinPhase, Socket, Standing};
use crate::credentials::Credentials;
use crate::protocol::Version;

/// What all channels of a connection know of their client.
#[derive(Clone, Copy)]
pub(super) struct Client<'a> {
    pub(super) version: Version,
    pub(super) credentials: Option<&'a Arc<Credentials>>,
    pub(super) is_told: bool,
}

/// One channel of a connection.
pub(super) struct Joined {
    pub(super) id: SubscriptionId,
    pub(super) topic: CompactString,
    /// The route with the app's channel. After a reload this route may be missing among the
    /// session's routes, if none of the new routes matches the topic.
    pub(super) route: Arc<Route>,
    pub(super) refs: JoinRefs,
    pub(super) assigns: Assigns,
    /// The wait for a job, or for the moment of the join. `None` if the channel does not wait. No
    /// other callback runs for the topic during the wait.
    pub(super) busy: Option<Box<Busy>>,
}

impl Joined {
    pub(super) fn standing<'a>(&'a self, client: Client<'a>) -> Standing<'a> {
        Standing {
            version: client.version,
            id: self.id,
            topic: &self.topic,
            refs: &self.refs,
            credentials: client.credentials,
            is_told: client.is_told,
        }
    }

    /// Returns the bytes that the channel keeps, apart from the app's values.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + text_heap_bytes(&self.topic) + self.refs.channel().heap_bytes()
    }

    /// Returns the socket for one callback.
    pub(super) fn socket<'a>(
        &'a mut self,
        client: Client<'a>,
        host: &'a mut dyn Host,
        phase: JoinPhase<'a>,
    ) -> Socket<'a> {
        self.channel_and_socket(client, host, phase).1
    }

    /// Returns the app's channel, and the socket for one of its callbacks.
    pub(super) fn channel_and_socket<'a>(
        &'a mut self,
        client: Client<'a>,
        host: &'a mut dyn Host,
        phase: JoinPhase<'a>,
    ) -> (&'a dyn Channel, Socket<'a>) {
        let standing = Standing {
            version: client.version,
            id: self.id,
            topic: &self.topic,
            refs: &self.refs,
            credentials: client.credentials,
            is_told: client.is_told,
        };
        let assigns = &mut self.assigns;
        let socket = Socket {
            host,
            assigns,
            standing,
            phase,
        };
        (self.route.channel(), socket)
    }
}

/// The channels of one connection. Most connections have one channel, which needs no allocation.
///
/// The search for a channel is linear. With the default limit of 100 channels a linear search is
/// cheaper than a hash, and the limit bounds its cost.
pub(super) enum Channels {
    Few(Option<Joined>),
    Many(Vec<Joined>),
}

impl Channels {
    pub(super) const fn new() -> Self {
        Self::Few(None)
    }

    pub(super) fn as_slice(&self) -> &[Joined] {
        match self {
            Self::Few(one) => one.as_slice(),
            Self::Many(many) => many,
        }
    }

    pub(super) fn as_mut_slice(&mut self) -> &mut [Joined] {
        match self {
            Self::Few(one) => one.as_mut_slice(),
            Self::Many(many) => many,
        }
    }

    pub(super) fn with_topic(&self, topic: &str) -> Option<&Joined> {
        self.as_slice().iter().find(|joined| joined.topic == topic)
    }

    pub(super) fn with_id(&self, id: SubscriptionId) -> Option<&Joined> {
        self.as_slice().iter().find(|joined| joined.id == id)
    }

    pub(super) fn with_id_mut(&mut self, id: SubscriptionId) -> Option<&mut Joined> {
        self.as_mut_slice()
            .iter_mut()
            .find(|joined| joined.id == id)
    }

    pub(super) fn insert(&mut self, joined: Joined) {
        match self {
            Self::Few(one @ None) => *one = Some(joined),
            Self::Few(one) => *self = Self::Many(one.take().into_iter().chain([joined]).collect()),
            Self::Many(many) => many.push(joined),
        }
    }

    pub(super) fn remove(&mut self, id: SubscriptionId) -> Option<Joined> {
        match self {
            Self::Few(one) => one.take_if(|joined| joined.id == id),
            Self::Many(many) => {
                let index = many.iter().position(|joined| joined.id == id)?;
                let joined = many.swap_remove(index);
                self.give_back();
                Some(joined)
            }
        }
    }

    /// Gives back memory that a connection needed when it had more channels. Each callback takes a
    /// channel out and puts it back, and that must not cost an allocation each time. So a
    /// connection with two channels keeps its list.
    fn give_back(&mut self) {
        if let Self::Many(many) = self {
            if many.is_empty() {
                *self = Self::Few(None);
            } else if many.len() < many.capacity() / 4 {
                many.shrink_to(many.len() * 2);
            }
        }
    }

    /// Takes any one channel out of the list. `None` if the list is empty.
    pub(super) fn pop(&mut self) -> Option<Joined> {
        match self {
            Self::Few(one) => one.take(),
            Self::Many(many) => many.pop(),
        }
    }
}
