//! The rooms of one shard that have a pass to run, and the bytes that members were not offered yet.

use std::collections::VecDeque;

use super::outlets::shrink_queue;
use super::room::Settled;

/// The passes under way. A pass goes round the members of a room until each member was offered all
/// entries.
#[derive(Debug, Default)]
pub(crate) struct Passes {
    /// Rooms with a pass to run, by slot.
    pub rooms: VecDeque<u32>,
    /// Bytes in logs that not every writable member has been offered yet.
    pub unsettled_bytes: usize,
    /// Microseconds stamped on entries published in this turn.
    pub now_us: u32,
    /// The publish time, in microseconds, of the oldest broadcast of each lap that ended in the
    /// last flush.
    pub laps: Vec<u32>,
}

impl Passes {
    /// Counts a lap that has ended, with the entries that it settled.
    pub fn settled(&mut self, settled: Settled) {
        self.unsettled_bytes -= settled.bytes;
        self.laps.extend(settled.oldest_us);
    }

    /// Gives back memory that many active rooms have left.
    pub fn give_back(&mut self) {
        shrink_queue(&mut self.rooms);
    }
}
