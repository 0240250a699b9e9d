//! Entering and leaving a topic, and its member limit, which is exact over all shards.

use std::sync::Arc;

use super::parcel::RoomKey;
use super::room_lag::RoomLag;
use super::sync::atomic::Ordering;
use super::sync::lock;
use super::topic::{Interest, MemberKind, NotJoined, Topic};

impl Topic {
    /// Adds a member on `shard`, unless the topic has `members_max` channel members on all shards
    /// together. `lag` is that of the shard's room. Returns the sequence of the last entry that the
    /// member does not get.
    pub(crate) fn join(
        &self,
        shard: u16,
        room: RoomKey,
        kind: MemberKind,
        members_max: u32,
        lag: &Arc<RoomLag>,
    ) -> Result<u64, NotJoined> {
        let mut state = lock(&self.state);
        if state.dead {
            return Err(NotJoined::Dead);
        }
        if self.members_len() >= members_max {
            return Err(NotJoined::Full);
        }
        state.members += 1;
        self.counts[kind.index()].fetch_add(1, Ordering::Relaxed);
        if !state.interest.iter().any(|i| i.shard == shard) {
            let lag = Arc::clone(lag);
            state.interest.push(Interest { shard, room, lag });
        }
        Ok(state.sequence)
    }

    /// Removes a member on `shard`, and the shard's interest with its last member. Returns true if
    /// no member is left on any shard: the caller then asks
    /// [`Registry::remove_if_empty`](super::registry::Registry::remove_if_empty).
    pub(crate) fn leave(&self, shard: u16, kind: MemberKind, last_of_shard: bool) -> bool {
        let mut state = lock(&self.state);
        state.members -= 1;
        self.counts[kind.index()].fetch_sub(1, Ordering::Relaxed);
        if last_of_shard {
            state.interest.retain(|i| i.shard != shard);
        }
        state.members == 0
    }
}
