//! The rooms of one shard that have a pass to run, and the bytes that members were not offered yet.

use std::collections::VecDeque;

use super::balance::Balance;
use super::outlets::shrink_queue;
use super::room::Settled;

/// The passes under way. A pass goes round the members of a room until each member was offered all
/// entries.
#[derive(Debug, Default)]
pub(crate) struct Passes {
    /// Rooms with a pass to run, by slot.
    pub rooms: VecDeque<u32>,
    /// Bytes in logs that not every writable member has been offered yet.
    pub unsettled: Balance,
    /// Microseconds stamped on entries published in this turn.
    pub now_us: u32,
    /// The publish time, in microseconds, of the oldest broadcast of each room that some laps of
    /// the last flush offered to all members.
    pub laps: Vec<u32>,
}

impl Passes {
    /// Counts the entries of laps that have ended.
    pub fn settled(&mut self, settled: Settled) {
        self.unsettled.take(settled.bytes);
        self.laps.extend(settled.oldest_us);
    }

    /// Gives back memory that many active rooms have left.
    pub fn give_back(&mut self) {
        shrink_queue(&mut self.rooms);
    }
}
