//! One broadcast as an entry: sealed once for each encoding class that has subscribers.

use std::sync::Arc;

use bytes::Bytes;

use super::position::SubscriptionId;

/// The number of encoding classes.
pub const CLASSES: usize = 2;

/// The encoding of a subscriber's frames. A broadcast is sealed once per class, not per subscriber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Serializer version 1: JSON objects. This version has no binary form.
    V1 = 0,
    /// Serializer version 2: JSON arrays, or a binary frame if the payload is bytes.
    V2 = 1,
}

impl Class {
    /// All classes, in the order of their numbers.
    pub const ALL: [Class; CLASSES] = [Class::V1, Class::V2];

    pub(crate) fn index(self) -> usize {
        self as usize
    }
}

/// The forms of a broadcast that a topic's subscribers need.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wants {
    /// Which classes have subscribers, by [`Class`] number.
    pub classes: [bool; CLASSES],
    /// True if some channel or connection looks at broadcasts itself (`intercept`, a subscription
    /// by hand, a socket id).
    pub original: bool,
}

/// The event and payload as published, for channels that look at broadcasts themselves.
#[derive(Clone, Debug)]
pub struct Original {
    /// The event.
    pub event: Box<str>,
    /// The payload.
    pub payload: OriginalPayload,
}

/// A payload as published. A text stays a text, so that no listener has to check its UTF-8.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OriginalPayload {
    /// The text of a JSON value.
    Text(Box<str>),
    /// Bytes.
    Binary(Bytes),
}

impl OriginalPayload {
    pub(crate) fn len(&self) -> usize {
        match self {
            OriginalPayload::Text(text) => text.len(),
            OriginalPayload::Binary(bytes) => bytes.len(),
        }
    }
}

/// A broadcast that is being sealed, before it has a place in the order.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// Publish time, in microseconds since the hub began ([`Hub::stamp`](super::hub::Hub::stamp)).
    published_us: u32,
    sealed: Wants,
    frames: [Option<Bytes>; CLASSES],
    original: Option<Box<Original>>,
}

/// An encoder that can seal one broadcast: the seam between the broker and the protocol.
pub trait Seal {
    /// Puts the forms of `missing` into `draft`. Called without a lock. Called again if a
    /// subscriber that needs another form joined after the first call.
    fn seal(&mut self, draft: &mut Draft, missing: Wants);
}

impl<F: FnMut(&mut Draft, Wants)> Seal for F {
    fn seal(&mut self, draft: &mut Draft, missing: Wants) {
        self(draft, missing);
    }
}

impl Draft {
    pub(crate) fn published_at(published_us: u32) -> Draft {
        Draft {
            published_us,
            ..Draft::default()
        }
    }

    /// Puts the frame of `class` into the draft. `None` if the payload has no form in the class;
    /// then subscribers of the class skip the broadcast.
    pub fn seal(&mut self, class: Class, frame: Option<Bytes>) {
        self.sealed.classes[class.index()] = true;
        self.frames[class.index()] = frame;
    }

    /// Puts the event and payload into the draft, as published.
    pub fn keep_original(&mut self, original: Original) {
        self.sealed.original = true;
        self.original = Some(Box::new(original));
    }

    /// Returns the part of `wants` that the draft lacks. `None` if nothing is missing.
    pub(crate) fn missing(&self, wants: Wants) -> Option<Wants> {
        let mut missing = Wants::default();
        for class in 0..CLASSES {
            missing.classes[class] = wants.classes[class] && !self.sealed.classes[class];
        }
        missing.original = wants.original && !self.sealed.original;
        (missing != Wants::default()).then_some(missing)
    }

    pub(crate) fn into_entry(self, origin: Option<SubscriptionId>) -> Entry {
        let bytes = self.frames.iter().flatten().map(Bytes::len).sum();
        Entry {
            frames: self.frames,
            original: self.original,
            origin,
            bytes,
            published_us: self.published_us,
        }
    }
}

/// Memory for keeping an entry, in addition to its bytes: the entry with its counts, its place in a
/// log, and the two allocations behind a sealed frame. A log may have room for twice its entries,
/// so the place counts twice. A small message has fewer bytes than this.
pub(crate) const KEEPING_BYTES: usize = size_of::<Entry>() + 16 + 2 * size_of::<Logged>() + 64;

const ORIGINAL_BYTES: usize = size_of::<Original>() + 64;

/// A broadcast as shards keep it, shared by reference count: no byte is copied per subscriber or
/// per shard.
#[derive(Debug)]
pub struct Entry {
    frames: [Option<Bytes>; CLASSES],
    original: Option<Box<Original>>,
    origin: Option<SubscriptionId>,
    bytes: usize,
    published_us: u32,
}

/// An entry in a shard's log.
#[derive(Debug)]
pub(crate) struct Logged {
    pub(crate) entry: Arc<Entry>,
    /// The end of the entry in each class's stream of bytes.
    pub(crate) end: [u64; CLASSES],
    /// A copy of the entry's origin: a pass reads it once per member, and should not follow a
    /// pointer.
    pub(crate) origin: Option<SubscriptionId>,
}

impl Entry {
    /// Returns the sealed frame of `class`. `None` if the payload has no form in the class.
    pub fn frame(&self, class: Class) -> Option<&Bytes> {
        self.frames[class.index()].as_ref()
    }

    /// Returns the event and payload as published. `None` if no channel or connection looked at
    /// broadcasts itself when the entry was sealed.
    pub fn original(&self) -> Option<&Original> {
        self.original.as_deref()
    }

    /// Returns the one subscription that does not get the entry (`broadcast_from`). `None` if every
    /// subscription gets the entry.
    pub fn origin(&self) -> Option<SubscriptionId> {
        self.origin
    }

    /// Returns the bytes of all frames together. They count in mailboxes and for the retention of a
    /// topic.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns the publish time, in microseconds since the hub began; the number wraps.
    pub(crate) fn published_us(&self) -> u32 {
        self.published_us
    }

    /// Returns the memory that the entry takes in a log: frames, payloads for channels, and the
    /// allocations round them.
    pub(crate) fn weight(&self) -> usize {
        let original = self.original.as_deref();
        self.bytes + KEEPING_BYTES + original.map_or(0, |o| o.payload.len() + ORIGINAL_BYTES)
    }
}
