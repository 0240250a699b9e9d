//! The tokens that a client sent in messages, as far as the next one needs to know of them.

use super::busy::text_heap_bytes;
use crate::broker::SubscriptionId;
use crate::protocol::{Message, Ref};
use compact_str::CompactString;

/// The tokens that a client sent in messages.
#[derive(Default)]
pub(super) struct SentTokens {
    /// A keyed hash of the last one that was taken. The same token again needs no check.
    pub(super) taken: Option<u64>,
    /// When the last newer token came, in milliseconds since 1970.
    pub(super) refreshed_ms: u64,
    /// The newer token whose check is under way.
    pub(super) under_way: Option<RefreshUnderWay>,
    /// The subject of the token that was over while the connection went on. The connection stays
    /// that subject's.
    pub(super) subject_before: Option<CompactString>,
    /// When the first of the tokens that are good for one topic alone ends, its grace included, in
    /// milliseconds since 1970.
    pub(super) topics_due_ms: Option<u64>,
}

/// A newer token whose check is under way.
pub(super) struct RefreshUnderWay {
    /// The name of the check, in the place of a channel's.
    pub(super) id: SubscriptionId,
    pub(super) hash: u64,
    /// The messages that brought it: a client may send it on each of its channels.
    pub(super) asked: Vec<RefreshAsked>,
}

/// What the answer to a message that brought a newer token needs.
pub(super) struct RefreshAsked {
    pub(super) join_ref: Ref,
    pub(super) reference: Ref,
    pub(super) topic: CompactString,
}

impl RefreshAsked {
    /// Keeps what the answer to `message` needs. The topic of a refresh is a text.
    pub(super) fn new(message: &Message<'_>) -> RefreshAsked {
        RefreshAsked {
            join_ref: message.join_ref.clone(),
            reference: message.reference.clone(),
            topic: message.topic.as_str().unwrap_or_default().into(),
        }
    }

    /// Returns the bytes that it keeps.
    pub(super) fn bytes(&self) -> usize {
        let refs = self.join_ref.heap_bytes() + self.reference.heap_bytes();
        size_of::<Self>() + refs + text_heap_bytes(&self.topic)
    }
}
