//! A connection's egress: its subscriptions, and its outbox of own frames, each behind its fence.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::broker::topics::entry::Class;
use crate::broker::topics::position::SubscriptionId;

/// The broker's end of a connection. The socket itself is behind the [`Sink`](super::sink::Sink).
#[derive(Debug)]
pub(crate) struct Outlet {
    pub class: Class,
    /// Distinguishes this connection from earlier ones with its number. An entry of a list that
    /// outlives its connection has the `opened` of that connection.
    pub opened: u32,
    pub flow: Flow,
    /// True while the outlet is on the list of outlets to be drained.
    pub queued: bool,
    /// The change that the connection's owner waits for.
    pub awaited: Awaited,
    pub subscriptions: Subscriptions,
    /// The frames for this connection alone. `None` most of the time, so that an idle connection
    /// holds no memory for such frames.
    pub direct: Option<Box<Direct>>,
}

/// The flow of bytes into a connection's socket. Passes write only to an open connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// The connection's cursors move with the passes.
    Open,
    /// The connection's socket took no more; the sink reports when it takes bytes again.
    Blocked,
    /// The connection's socket takes bytes again, and the connection drains its own cursors until
    /// it has caught up.
    CatchingUp,
    /// The connection takes nothing any more, and its frames were dropped.
    Failed,
}

/// A change of a connection's own frames for which the owner of the connection waits. The owner is
/// told once, and looks at no other connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Awaited {
    Nothing,
    /// The outbox weighs no more than [`UNREAD_OUTBOX_BYTES_MAX`].
    Room,
    /// All frames are written, the last one included.
    Drained,
}

/// Weight of an outbox above which its connection is not read. The client gets no further answers
/// until it takes enough of those that wait.
pub(crate) const UNREAD_OUTBOX_BYTES_MAX: usize = 64 << 10;

/// Frames for one connection alone.
#[derive(Debug, Default)]
pub(crate) struct Direct {
    /// The rest of a frame of which the socket took a part. The rest goes out before everything
    /// else.
    pub partial: Option<Bytes>,
    pub outbox: VecDeque<Fenced>,
    /// Bytes of `partial` and `outbox` together.
    pub bytes: usize,
}

/// Memory for keeping a frame, in addition to its bytes: the frame's place in the outbox, and the
/// two allocations behind a sealed frame. Without this memory in the count, a flood of empty pings
/// would hold dozens of times the counted memory.
const KEEPING_BYTES: usize = size_of::<Fenced>() + 64;

/// A frame, and the fence that has to be passed before it.
#[derive(Debug)]
pub(crate) struct Fenced {
    pub frame: Bytes,
    pub fence: Option<Fence>,
}

/// A place in a log: all entries of the subscription `id` before the sequence `before` go first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fence {
    pub id: SubscriptionId,
    pub before: u64,
}

/// The place of a subscription: the room's slot, and the member's place in the room. If the
/// subscription only listens, `member` is the listener's place with the bit [`LISTENS`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subscription {
    pub id: SubscriptionId,
    pub room: u32,
    pub member: u32,
}

/// The bit of [`Subscription::member`] that marks the place of a listener. No room has a member at
/// such a place.
pub(crate) const LISTENS: u32 = 1 << 31;

impl Subscription {
    /// True if the subscription only listens.
    pub fn listens(&self) -> bool {
        self.member & LISTENS != 0
    }
}

/// A connection's subscriptions. A single subscription needs no allocation.
#[derive(Debug, Default)]
pub(crate) enum Subscriptions {
    #[default]
    None,
    One(Subscription),
    Many(Vec<Subscription>),
}

impl Subscriptions {
    pub fn as_slice(&self) -> &[Subscription] {
        match self {
            Subscriptions::None => &[],
            Subscriptions::One(one) => std::slice::from_ref(one),
            Subscriptions::Many(many) => many,
        }
    }

    pub fn as_mut_slice(&mut self) -> &mut [Subscription] {
        match self {
            Subscriptions::None => &mut [],
            Subscriptions::One(one) => std::slice::from_mut(one),
            Subscriptions::Many(many) => many,
        }
    }

    pub fn push(&mut self, subscription: Subscription) {
        match self {
            Subscriptions::None => *self = Subscriptions::One(subscription),
            Subscriptions::One(one) => *self = Subscriptions::Many(vec![*one, subscription]),
            Subscriptions::Many(many) => many.push(subscription),
        }
    }

    pub fn remove(&mut self, index: usize) -> Subscription {
        match self {
            Subscriptions::Many(many) => {
                let removed = many.swap_remove(index);
                if let [one] = many[..] {
                    *self = Subscriptions::One(one);
                }
                removed
            }
            _ => {
                let removed = self.as_slice()[index];
                *self = Subscriptions::None;
                removed
            }
        }
    }
}

impl Outlet {
    pub fn new(class: Class, opened: u32) -> Outlet {
        Outlet {
            class,
            opened,
            flow: Flow::Open,
            queued: false,
            awaited: Awaited::Nothing,
            subscriptions: Subscriptions::None,
            direct: None,
        }
    }

    /// True if no frame waits for the connection alone, and the connection is neither blocked,
    /// catching up nor given up.
    pub fn is_drained(&self) -> bool {
        self.direct.is_none() && self.flow == Flow::Open && !self.queued
    }

    /// True if the change that the owner waits for has come.
    pub fn has_awaited(&self) -> bool {
        match self.awaited {
            Awaited::Nothing => false,
            Awaited::Room => self.direct_weight() <= UNREAD_OUTBOX_BYTES_MAX,
            Awaited::Drained => self.is_drained(),
        }
    }

    /// Returns the number of frames in the outbox.
    pub fn outbox_len(&self) -> usize {
        let direct = self.direct.as_deref();
        direct.map_or(0, |direct| direct.outbox.len())
    }

    /// Returns the memory that the connection's own frames take.
    pub fn direct_weight(&self) -> usize {
        let weight = |direct: &Direct| direct.bytes + direct.outbox.len() * KEEPING_BYTES;
        self.direct.as_deref().map_or(0, weight)
    }

    pub fn push(&mut self, frame: Bytes, fence: Option<Fence>) {
        let direct = self.direct.get_or_insert_default();
        direct.bytes += frame.len();
        direct.outbox.push_back(Fenced { frame, fence });
    }

    pub fn keep_partial(&mut self, rest: Bytes) {
        let direct = self.direct.get_or_insert_default();
        direct.bytes += rest.len();
        direct.partial = Some(rest);
    }

    pub fn requeue(&mut self, fenced: Fenced) {
        if let Some(direct) = &mut self.direct {
            direct.outbox.push_back(fenced);
        }
    }

    pub fn drop_outbox(&mut self) {
        let partial = self.direct.take().and_then(|direct| direct.partial);
        if let Some(partial) = partial {
            self.keep_partial(partial);
        }
    }
}
