//! An entry on its way from a topic to a shard.

use super::entry::Entry;
use std::sync::Arc;

/// A shard's key for one of its rooms. Never reused while parcels for the room may exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RoomKey {
    pub slot: u32,
    pub stamp: u32,
}

/// One entry on its way to one shard.
#[derive(Clone, Debug)]
pub struct Parcel {
    pub(crate) room: RoomKey,
    pub(crate) sequence: u64,
    pub(crate) entry: Arc<Entry>,
}
